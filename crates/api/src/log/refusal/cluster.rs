//! Why the cluster itself stays as it is.

use crate::DecodeError;
use crate::field::required;
use crate::proto::log as wire;
use ipam::{ClusterRefusal, NodeId, SubnetId};
use std::net::Ipv4Addr;
use wire::Unit;
use wire::cluster_refusal::{OtherSubnet, Reason};

impl From<&ClusterRefusal> for wire::ClusterRefusal {
    fn from(refusal: &ClusterRefusal) -> Self {
        let reason = match refusal {
            ClusterRefusal::Unstamped => Reason::Unstamped(Unit {}),
            ClusterRefusal::OverBudget(over) => Reason::OverBudget(over.into()),
            ClusterRefusal::AlreadyBootstrapped => Reason::AlreadyBootstrapped(Unit {}),
            ClusterRefusal::Bootstrap(refusal) => Reason::Bootstrap((&**refusal).into()),
            ClusterRefusal::Address(refusal) => Reason::Address(refusal.into()),
            ClusterRefusal::OtherSubnet { address, subnet } => Reason::OtherSubnet(OtherSubnet {
                address: address.to_bits(),
                subnet: subnet.0,
            }),
            ClusterRefusal::UnknownSubnet(subnet) => Reason::UnknownSubnet(subnet.0),
            ClusterRefusal::UnknownNode(node) => Reason::UnknownNode(node.0),
            ClusterRefusal::NoLease(address) => Reason::NoLease(address.to_bits()),
        };
        Self {
            reason: Some(reason),
        }
    }
}

impl TryFrom<wire::ClusterRefusal> for ClusterRefusal {
    type Error = DecodeError;

    fn try_from(message: wire::ClusterRefusal) -> Result<Self, DecodeError> {
        Ok(match required("ClusterRefusal.reason", message.reason)? {
            Reason::Unstamped(Unit {}) => Self::Unstamped,
            Reason::OverBudget(over) => Self::OverBudget(over.try_into()?),
            Reason::AlreadyBootstrapped(Unit {}) => Self::AlreadyBootstrapped,
            Reason::Bootstrap(refusal) => Self::Bootstrap(Box::new(refusal.try_into()?)),
            Reason::Address(refusal) => Self::Address(refusal.try_into()?),
            Reason::OtherSubnet(message) => Self::OtherSubnet {
                address: Ipv4Addr::from_bits(message.address),
                subnet: SubnetId(message.subnet),
            },
            Reason::UnknownSubnet(subnet) => Self::UnknownSubnet(SubnetId(subnet)),
            Reason::UnknownNode(node) => Self::UnknownNode(NodeId(node)),
            Reason::NoLease(bits) => Self::NoLease(Ipv4Addr::from_bits(bits)),
        })
    }
}
