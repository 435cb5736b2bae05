//! What the cluster knows about a gateway node.

use crate::NodeId;
use alloc::string::String;
use core::net::Ipv4Addr;

/// A node as it announces itself when it starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeRegistration {
    /// The node.
    pub node: NodeId,
    /// Its own address on the subnet: what it listens on and its server identifier (option 54).
    /// No two nodes share one, and no client is given one (S4).
    pub listen_ip: Ipv4Addr,
    /// Where its peers reach it, `host:port`.
    pub peer_address: String,
}
