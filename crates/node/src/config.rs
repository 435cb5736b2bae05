//! What a node is given to start with.

use cluster::Start;
use ipam::Bootstrap;
use natd::NodeContext;
use std::net::Ipv4Addr;

/// What a node needs to know of its host, its clients and its cluster.
#[derive(Clone, Debug)]
pub struct NodeConfig {
    /// Its interface on the clients' network.
    pub lan: LanInterface,
    /// The relay agents that it listens to, by every address that they send from.
    pub relays: Vec<Ipv4Addr>,
    /// What NAT needs to know of its host.
    pub nat: NodeContext,
    /// Its TCP port for peers.
    pub peer_port: u16,
    /// Its TCP port for operators.
    pub admin_port: u16,
    /// How it becomes part of a cluster.
    pub start: StartConfig,
}

/// A host's interface on the clients' network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LanInterface {
    /// The interface.
    pub interface: String,
    /// This host's own address there.
    pub listen_ip: Ipv4Addr,
}

/// How a node becomes part of a cluster.
#[derive(Clone, Debug)]
pub struct StartConfig {
    /// How it begins if its disk is empty.
    pub start: Start,
    /// What it bootstraps a cluster with, if an operator asks for it while it waits. Its subnet is the one that
    /// this node serves.
    pub bootstrap: Bootstrap,
    /// The other members that are to be asked first whether there is a cluster, each `host:port`.
    pub others: Vec<String>,
}
