//! Why a command was refused.

mod address;
mod cluster;
mod invalid_subnet;
mod lease;
mod object;
mod over_budget;

use crate::DecodeError;
use crate::field::required;
use crate::proto::log as wire;
use crate::proto::objects::ClientKey as WireClient;
use ipam::{ClientKey, NodeId, Refusal};
use std::net::Ipv4Addr;
use wire::refusal::Class;

impl From<&Refusal> for wire::Refusal {
    fn from(refusal: &Refusal) -> Self {
        let class = match refusal {
            Refusal::Lease(refusal) => Class::Lease(refusal.into()),
            Refusal::Object(refusal) => Class::Object(refusal.into()),
            Refusal::Cluster(refusal) => Class::Cluster(refusal.into()),
        };
        Self { class: Some(class) }
    }
}

impl TryFrom<wire::Refusal> for Refusal {
    type Error = DecodeError;

    fn try_from(message: wire::Refusal) -> Result<Self, DecodeError> {
        Ok(match required("Refusal.class", message.class)? {
            Class::Lease(refusal) => Self::Lease(refusal.try_into()?),
            Class::Object(refusal) => Self::Object(refusal.try_into()?),
            Class::Cluster(refusal) => Self::Cluster(refusal.try_into()?),
        })
    }
}

fn and_client(address: Ipv4Addr, client: &ClientKey) -> wire::AddressAndClient {
    wire::AddressAndClient {
        address: address.to_bits(),
        client: Some(WireClient::from(client)),
    }
}

fn and_node(address: Ipv4Addr, node: NodeId) -> wire::AddressAndNode {
    wire::AddressAndNode {
        address: address.to_bits(),
        node: node.0,
    }
}

fn client_of(
    field: &'static str,
    message: wire::AddressAndClient,
) -> Result<(Ipv4Addr, ClientKey), DecodeError> {
    let client = required(field, message.client)?.try_into()?;
    Ok((Ipv4Addr::from_bits(message.address), client))
}
