//! What a node needs to know to take part.

use ipam::{Bootstrap, NodeId, Profile};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

/// What a node needs to know to take part.
#[derive(Clone, Debug)]
pub struct ClusterConfig {
    /// This node's Raft id.
    pub node: NodeId,
    /// Where log, vote and snapshots live.
    pub data_dir: PathBuf,
    /// Where this node listens for its peers.
    pub peer_listen: SocketAddr,
    /// What its peers connect to, `host:port`.
    pub peer_address: String,
    /// This node's own address on the subnet, announced to the cluster.
    pub listen_ip: Ipv4Addr,
    /// What proves this node to its peers and them to it; without it the peer port is open to
    /// whoever reaches it.
    pub tls: Option<PeerTls>,
    /// Raft's timers on a LAN; the other profiles have their own.
    pub timings: Timings,
    /// The profile that a new cluster begins with. A node that joins one goes by that cluster's.
    pub profile: Profile,
    /// How much of the log is kept.
    pub snapshots: Snapshots,
    /// The operator says, for this run, that of the two voters that the log names at the start this node may
    /// be left the only one by the other. Without it that is refused: a leader that lies could part it from
    /// others so (ADR 0015).
    pub alone: bool,
}

/// The PEM files for mutual TLS between peers. The certificate carries the DNS names
/// `gatewayd-peer` and `gatewayd-node-` with the node's id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerTls {
    /// The CA that signs every node's certificate, and nothing else.
    pub ca: PathBuf,
    /// This node's certificate, and any between it and the CA.
    pub certificate: PathBuf,
    /// Its private key, which nobody but its owner may read.
    pub key: PathBuf,
}

/// How a node with an empty data directory begins. A node that has data resumes, whatever this
/// says.
#[derive(Clone, Debug)]
pub enum Start {
    /// As the first node of a new cluster, unless one of these nodes (`host:port`) has one already.
    Bootstrap(Box<Bootstrap>, Vec<String>),
    /// By asking one of these nodes (`host:port`) to be added.
    Join(Vec<String>),
    /// By waiting until an operator adds it.
    Wait,
}

impl Start {
    /// Where other nodes may be.
    pub(crate) fn others(&self) -> &[String] {
        match self {
            Self::Bootstrap(_, others) | Self::Join(others) => others,
            Self::Wait => &[],
        }
    }
}

/// Raft's timers. A new leader is there about `election_max` plus a random time between
/// `election_min` and `election_max` after the old one fell silent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timings {
    /// How often a leader shows that it is there.
    pub heartbeat: Duration,
    /// The shortest silence after which a follower stands for election.
    pub election_min: Duration,
    /// The longest.
    pub election_max: Duration,
}

impl Default for Timings {
    /// For a LAN and a busy host: five heartbeats may be late before anybody stands for election.
    fn default() -> Self {
        Self {
            heartbeat: Duration::from_millis(100),
            election_min: Duration::from_millis(500),
            election_max: Duration::from_millis(1000),
        }
    }
}

/// How much of the log is kept, and how much of it is sent at once.
#[derive(Clone, Copy, Debug)]
pub struct Snapshots {
    /// Log entries between two snapshots.
    pub entries_between: u64,
    /// Entries kept behind a snapshot, so that a node that was away briefly catches up by log.
    pub entries_kept: u64,
    /// Entries sent to a follower in one request, at most.
    pub entries_per_append: u64,
}

impl Default for Snapshots {
    fn default() -> Self {
        Self {
            entries_between: 10_000,
            entries_kept: 5_000,
            entries_per_append: 300,
        }
    }
}
