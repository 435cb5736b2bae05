//! What a node announces.

use crate::proto::command as wire;
use ipam::{NodeId, NodeRegistration};
use std::net::Ipv4Addr;

impl From<&NodeRegistration> for wire::NodeRegistration {
    fn from(node: &NodeRegistration) -> Self {
        Self {
            node: node.node.0,
            listen_ip: node.listen_ip.to_bits(),
            peer_address: node.peer_address.clone(),
        }
    }
}

impl From<wire::NodeRegistration> for NodeRegistration {
    fn from(message: wire::NodeRegistration) -> Self {
        Self {
            node: NodeId(message.node),
            listen_ip: Ipv4Addr::from_bits(message.listen_ip),
            peer_address: message.peer_address,
        }
    }
}
