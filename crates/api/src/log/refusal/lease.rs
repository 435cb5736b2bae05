//! Why a client does not get what it asked for.

use super::{and_client, and_node, client_of};
use crate::DecodeError;
use crate::field::required;
use crate::proto::log as wire;
use ipam::{LeaseRefusal, NodeId, SubnetId};
use std::net::Ipv4Addr;
use wire::Unit;
use wire::lease_refusal::Reason;

impl From<&LeaseRefusal> for wire::LeaseRefusal {
    fn from(refusal: &LeaseRefusal) -> Self {
        let bits = |address: &Ipv4Addr| address.to_bits();
        let reason = match refusal {
            LeaseRefusal::UnknownSubnet(subnet) => Reason::UnknownSubnet(subnet.0),
            LeaseRefusal::PoolExhausted => Reason::PoolExhausted(Unit {}),
            LeaseRefusal::NotInSubnet(address) => Reason::NotInSubnet(bits(address)),
            LeaseRefusal::NotAvailable(address) => Reason::NotAvailable(bits(address)),
            LeaseRefusal::OfNode { address, node } => Reason::OfNode(and_node(*address, *node)),
            LeaseRefusal::HeldByAnother { address, holder } => {
                Reason::HeldByAnother(and_client(*address, holder))
            }
            LeaseRefusal::Quarantined(address) => Reason::Quarantined(bits(address)),
            LeaseRefusal::HasOtherAddress(address) => Reason::HasOtherAddress(bits(address)),
            LeaseRefusal::UnknownClient => Reason::UnknownClient(Unit {}),
            LeaseRefusal::NotTheHolder(address) => Reason::NotTheHolder(bits(address)),
            LeaseRefusal::NotProbed(address) => Reason::NotProbed(bits(address)),
            LeaseRefusal::InUse(address) => Reason::InUse(bits(address)),
            LeaseRefusal::ReleasedBefore(address) => Reason::ReleasedBefore(bits(address)),
        };
        Self {
            reason: Some(reason),
        }
    }
}

impl TryFrom<wire::LeaseRefusal> for LeaseRefusal {
    type Error = DecodeError;

    fn try_from(message: wire::LeaseRefusal) -> Result<Self, DecodeError> {
        let address = Ipv4Addr::from_bits;
        Ok(match required("LeaseRefusal.reason", message.reason)? {
            Reason::UnknownSubnet(subnet) => Self::UnknownSubnet(SubnetId(subnet)),
            Reason::PoolExhausted(Unit {}) => Self::PoolExhausted,
            Reason::NotInSubnet(bits) => Self::NotInSubnet(address(bits)),
            Reason::NotAvailable(bits) => Self::NotAvailable(address(bits)),
            Reason::OfNode(message) => Self::OfNode {
                address: address(message.address),
                node: NodeId(message.node),
            },
            Reason::HeldByAnother(message) => {
                let (address, holder) = client_of("LeaseRefusal.held_by_another", message)?;
                Self::HeldByAnother { address, holder }
            }
            Reason::Quarantined(bits) => Self::Quarantined(address(bits)),
            Reason::HasOtherAddress(bits) => Self::HasOtherAddress(address(bits)),
            Reason::UnknownClient(Unit {}) => Self::UnknownClient,
            Reason::NotTheHolder(bits) => Self::NotTheHolder(address(bits)),
            Reason::NotProbed(bits) => Self::NotProbed(address(bits)),
            Reason::InUse(bits) => Self::InUse(address(bits)),
            Reason::ReleasedBefore(bits) => Self::ReleasedBefore(address(bits)),
        })
    }
}
