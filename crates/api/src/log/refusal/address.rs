//! Whose an address is.

use super::{and_client, and_node, client_of};
use crate::DecodeError;
use crate::field::required;
use crate::proto::log as wire;
use ipam::{AddressRefusal, NodeId};
use std::net::Ipv4Addr;
use wire::address_refusal::Reason;

impl From<&AddressRefusal> for wire::AddressRefusal {
    fn from(refusal: &AddressRefusal) -> Self {
        let reason = match refusal {
            AddressRefusal::NotInSubnet(address) => Reason::NotInSubnet(address.to_bits()),
            AddressRefusal::NotAvailable(address) => Reason::NotAvailable(address.to_bits()),
            AddressRefusal::HeldByAnother { address, holder } => {
                Reason::HeldByAnother(and_client(*address, holder))
            }
            AddressRefusal::OfNode { address, node } => Reason::OfNode(and_node(*address, *node)),
            AddressRefusal::ReservedForAnother { address, client } => {
                Reason::ReservedForAnother(and_client(*address, client))
            }
            AddressRefusal::Router(address) => Reason::Router(address.to_bits()),
        };
        Self {
            reason: Some(reason),
        }
    }
}

impl TryFrom<wire::AddressRefusal> for AddressRefusal {
    type Error = DecodeError;

    fn try_from(message: wire::AddressRefusal) -> Result<Self, DecodeError> {
        let address = Ipv4Addr::from_bits;
        Ok(match required("AddressRefusal.reason", message.reason)? {
            Reason::NotInSubnet(bits) => Self::NotInSubnet(address(bits)),
            Reason::NotAvailable(bits) => Self::NotAvailable(address(bits)),
            Reason::HeldByAnother(message) => {
                let (address, holder) = client_of("AddressRefusal.held_by_another", message)?;
                Self::HeldByAnother { address, holder }
            }
            Reason::OfNode(message) => Self::OfNode {
                address: address(message.address),
                node: NodeId(message.node),
            },
            Reason::ReservedForAnother(message) => {
                let (address, client) = client_of("AddressRefusal.reserved_for_another", message)?;
                Self::ReservedForAnother { address, client }
            }
            Reason::Router(bits) => Self::Router(address(bits)),
        })
    }
}
