//! What the cluster knows about a gateway node.

use crate::{ForwardKey, NodeId, SubnetId};
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use core::net::{IpAddr, Ipv4Addr};

/// The most listening ports that a node may report: what a hypervisor's host has, many times over.
pub const MAX_LISTENERS: usize = 256;
/// The most addresses that a node may report of its host.
pub const MAX_HOST_ADDRESSES: usize = 64;

/// A node as it announces itself when it starts, and again when what it announces has changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeRegistration {
    /// The node.
    pub node: NodeId,
    /// Its own address on each subnet that it serves: what it listens on there and its server identifier
    /// (option 54). No two nodes share one, and no client is given one (S4).
    pub listen: BTreeMap<SubnetId, Ipv4Addr>,
    /// Where its peers reach it, `host:port`.
    pub peer_address: String,
    /// The ports on which its host listens beyond the loopback, and the node's own; at most
    /// [`MAX_LISTENERS`]. A forward of one of them would take it from the host.
    pub listeners: BTreeMap<ForwardKey, Listener>,
    /// Every address at which its host can be reached, IPv4 and IPv6; at most [`MAX_HOST_ADDRESSES`]. Clients
    /// reach the node's own ports at none of them (S12).
    pub addresses: BTreeSet<IpAddr>,
}

/// Who listens on a port of a node's host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Listener {
    /// The node, for its peers.
    Peer,
    /// The node, for operators.
    Admin,
    /// Another program of the host, or its kernel.
    Other,
}

impl NodeRegistration {
    /// Its own address on a subnet.
    #[must_use]
    pub fn listen_ip(&self, subnet: SubnetId) -> Option<Ipv4Addr> {
        self.listen.get(&subnet).copied()
    }

    /// Whether this is one of its own addresses.
    #[must_use]
    pub fn listens_on(&self, address: Ipv4Addr) -> bool {
        self.listen.values().any(|own| *own == address)
    }

    /// The port of [`NodeRegistration::peer_address`], if it names one.
    #[must_use]
    pub fn peer_port(&self) -> Option<u16> {
        self.peer_address.rsplit_once(':')?.1.parse().ok()
    }

    /// The host of [`NodeRegistration::peer_address`], if it is an address and no name.
    #[must_use]
    pub fn peer_ip(&self) -> Option<IpAddr> {
        let (host, _) = self.peer_address.rsplit_once(':')?;
        let bare = host
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'));
        bare.unwrap_or(host).parse().ok()
    }
}
