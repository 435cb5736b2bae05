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
    /// What its own configuration says of the cluster: the subnet that it serves, and what it bootstraps a cluster
    /// with if an operator asks for it while it waits.
    pub own_bootstrap: Bootstrap,
    /// The other members that are to be asked first whether there is a cluster, each `host:port`.
    pub others: Vec<String>,
}
