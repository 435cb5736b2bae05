//! What the harness and a node say to each other: a line of JSON each way, over the node's standard
//! input and output.

use crate::entries::bootstrap;
use cluster::{ClusterConfig, Snapshots, Start, Timings};
use ipam::NodeId;
use serde::{Deserialize, Serialize};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

/// Which node it is, and how it begins: the first line that it is told. It answers
/// [`Answer::Begun`] or [`Answer::Failed`].
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(super) struct Beginning {
    /// Which node, counted from 0.
    pub(super) node: u8,
    /// Where its data is.
    pub(super) data_dir: PathBuf,
    /// Where its peers reach it.
    pub(super) address: SocketAddr,
    /// How it becomes part of a cluster.
    pub(super) how: How,
}

/// How a node becomes part of a cluster.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub(super) enum How {
    /// It makes a new one.
    Bootstrap,
    /// It joins the one that this peer belongs to.
    Join(SocketAddr),
    /// It has data.
    Restart,
}

/// What a node is asked after that.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub(super) enum Question {
    /// To obtain an address for the client with this number: [`Answer::Obtained`].
    Obtain(u32),
    /// Whether it answers clients: [`Answer::Service`].
    Service,
    /// Its replicated state: [`Answer::State`].
    State,
}

/// What a node answers.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(super) enum Answer {
    /// It is part of the cluster.
    Begun,
    /// It could not begin, and ends.
    Failed(String),
    /// The address that was granted; nothing if the answer did not come in time.
    Obtained(Option<Ipv4Addr>),
    /// Why it does not answer clients, if it does not.
    Service {
        /// The reason.
        silent: Option<String>,
    },
    /// Its replicated state, as `api::log` encodes it.
    State(Vec<u8>),
}

impl Beginning {
    pub(super) fn config(&self) -> ClusterConfig {
        ClusterConfig {
            node: NodeId(u64::from(self.node) + 1),
            data_dir: self.data_dir.clone(),
            peer_listen: self.address,
            peer_address: self.address.to_string(),
            listen_ip: Ipv4Addr::new(10, 15, 3, 10 + self.node),
            tls: None,
            timings: Timings {
                heartbeat: Duration::from_millis(50),
                election_min: Duration::from_millis(300),
                election_max: Duration::from_millis(600),
            },
            profile: ipam::Profile::Lan,
            snapshots: Snapshots::default(),
            alone: false,
        }
    }
}

impl How {
    pub(super) fn start(self) -> Start {
        match self {
            Self::Bootstrap => Start::Bootstrap(Box::new(bootstrap()), vec![]),
            Self::Join(peer) => Start::Join(vec![peer.to_string()]),
            Self::Restart => Start::Wait,
        }
    }
}
