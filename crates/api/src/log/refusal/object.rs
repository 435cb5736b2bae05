//! Why an object stays as it is.

use super::{and_client, client_of};
use crate::DecodeError;
use crate::field::required;
use crate::proto::log as wire;
use ipam::{ForwardKey, NodeId, ObjectRefusal, PortUse, SubnetId};
use wire::Unit;
use wire::object_refusal::port_in_use::Used;
use wire::object_refusal::{PortInUse, Reason, RevisionChanged};

impl From<&ObjectRefusal> for wire::ObjectRefusal {
    fn from(refusal: &ObjectRefusal) -> Self {
        let reason = match refusal {
            ObjectRefusal::NotFound(key) => Reason::NotFound(key.into()),
            ObjectRefusal::Exists(object) => Reason::Exists((&**object).into()),
            ObjectRefusal::RevisionChanged {
                key,
                expected,
                found,
            } => Reason::RevisionChanged(RevisionChanged {
                key: Some(key.into()),
                expected: *expected,
                found: *found,
            }),
            ObjectRefusal::OverBudget(over) => Reason::OverBudget(over.into()),
            ObjectRefusal::Address(refusal) => Reason::Address(refusal.into()),
            ObjectRefusal::UnknownSubnet(subnet) => Reason::UnknownSubnet(subnet.0),
            ObjectRefusal::IdentifierNotUsed(subnet) => Reason::IdentifierNotUsed(subnet.0),
            ObjectRefusal::NotBootstrapped => Reason::NotBootstrapped(Unit {}),
            ObjectRefusal::PortZero => Reason::PortZero(Unit {}),
            ObjectRefusal::PortInUse { key, used } => Reason::PortInUse(PortInUse {
                key: Some(key.into()),
                used: Some(encode_use(*used)),
            }),
            ObjectRefusal::TargetLeased { address, holder } => {
                Reason::TargetLeased(and_client(*address, holder))
            }
            ObjectRefusal::InvalidSubnet(invalid) => Reason::InvalidSubnet(invalid.into()),
            ObjectRefusal::Overlap(subnet) => Reason::Overlap(subnet.0),
            ObjectRefusal::SubnetInUse(subnet) => Reason::SubnetInUse(subnet.0),
            ObjectRefusal::SubnetNotEmpty(subnet) => Reason::SubnetNotEmpty(subnet.0),
        };
        Self {
            reason: Some(reason),
        }
    }
}

impl TryFrom<wire::ObjectRefusal> for ObjectRefusal {
    type Error = DecodeError;

    fn try_from(message: wire::ObjectRefusal) -> Result<Self, DecodeError> {
        Ok(match required("ObjectRefusal.reason", message.reason)? {
            Reason::NotFound(key) => Self::NotFound(key.try_into()?),
            Reason::Exists(object) => Self::Exists(Box::new(object.try_into()?)),
            Reason::RevisionChanged(message) => Self::RevisionChanged {
                key: required("RevisionChanged.key", message.key)?.try_into()?,
                expected: message.expected,
                found: message.found,
            },
            Reason::OverBudget(over) => Self::OverBudget(over.try_into()?),
            Reason::Address(refusal) => Self::Address(refusal.try_into()?),
            Reason::UnknownSubnet(subnet) => Self::UnknownSubnet(SubnetId(subnet)),
            Reason::IdentifierNotUsed(subnet) => Self::IdentifierNotUsed(SubnetId(subnet)),
            Reason::NotBootstrapped(Unit {}) => Self::NotBootstrapped,
            Reason::PortZero(Unit {}) => Self::PortZero,
            Reason::PortInUse(message) => Self::PortInUse {
                key: ForwardKey::try_from(required("PortInUse.key", message.key)?)?,
                used: decode_use(required("PortInUse.used", message.used)?),
            },
            Reason::TargetLeased(message) => {
                let (address, holder) = client_of("ObjectRefusal.target_leased", message)?;
                Self::TargetLeased { address, holder }
            }
            Reason::InvalidSubnet(invalid) => Self::InvalidSubnet(invalid.try_into()?),
            Reason::Overlap(subnet) => Self::Overlap(SubnetId(subnet)),
            Reason::SubnetInUse(subnet) => Self::SubnetInUse(SubnetId(subnet)),
            Reason::SubnetNotEmpty(subnet) => Self::SubnetNotEmpty(SubnetId(subnet)),
        })
    }
}

const fn encode_use(used: PortUse) -> Used {
    match used {
        PortUse::Peer(node) => Used::Peer(node.0),
        PortUse::Admin(node) => Used::Admin(node.0),
        PortUse::Program(node) => Used::Program(node.0),
        PortUse::Dhcp => Used::Dhcp(Unit {}),
        PortUse::DhcpClient => Used::DhcpClient(Unit {}),
        PortUse::Overlay => Used::Overlay(Unit {}),
        PortUse::Ssh => Used::Ssh(Unit {}),
    }
}

const fn decode_use(used: Used) -> PortUse {
    match used {
        Used::Peer(node) => PortUse::Peer(NodeId(node)),
        Used::Admin(node) => PortUse::Admin(NodeId(node)),
        Used::Program(node) => PortUse::Program(NodeId(node)),
        Used::Dhcp(Unit {}) => PortUse::Dhcp,
        Used::DhcpClient(Unit {}) => PortUse::DhcpClient,
        Used::Overlay(Unit {}) => PortUse::Overlay,
        Used::Ssh(Unit {}) => PortUse::Ssh,
    }
}
