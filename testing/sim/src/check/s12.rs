//! S12 between clusters: no node serves, votes or installs by another cluster's word, and no entry crosses.

use super::violation::{Verdict, Violation};
use crate::client::TrueTime;
use ipam::{NodeId, State};

/// The name of a cluster.
pub type ClusterName = [u8; 16];

/// Which cluster is judged; none where a history has no other.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct S12 {
    ours: Option<ClusterName>,
}

impl S12 {
    pub(super) const fn of(cluster: ClusterName) -> Self {
        Self {
            ours: Some(cluster),
        }
    }

    /// A node has applied this.
    pub(super) fn applied(&self, at: TrueTime, node: NodeId, state: &State) -> Verdict {
        let (Some(ours), Some(named)) = (self.ours, state.cluster_id()) else {
            return Ok(());
        };
        if named == ours {
            return Ok(());
        }
        let facts = [
            format!("it belongs to the cluster {}", short(ours)),
            format!("the state that it has applied is that of {}", short(named)),
        ];
        let about = format!("node {node} has another cluster's state");
        Err(Violation::new("S12", at, about, facts))
    }
}

/// A node has answered what only a member may ask, and whoever asked is of another cluster.
pub(super) fn crossed(at: TrueTime, node: NodeId, caller: NodeId, method: &str) -> Violation {
    let facts = [
        format!("node {caller} of another cluster called {method}"),
        "it was answered, and not refused".to_owned(),
    ];
    let about = format!("node {node} goes by another cluster's word");
    Violation::new("S12", at, about, facts)
}

/// The first bytes of a cluster's name, as a node shows it.
#[must_use]
pub fn short(cluster: ClusterName) -> String {
    let [a, b, c, d, ..] = cluster;
    format!("{a:02x}{b:02x}{c:02x}{d:02x}")
}
