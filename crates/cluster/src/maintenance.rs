//! What a node can be asked to do at once that it otherwise does in its own time.

use crate::membership::MembershipError;
use crate::node::{Cluster, Inner};
use ipam::NodeId;

impl Cluster {
    /// Why this node's storage has failed, if it has: its Raft has stopped, or will at its next write. It stays silent until it is
    /// started anew.
    #[must_use]
    pub fn storage_error(&self) -> Option<String> {
        self.inner.storage_failure()
    }

    /// Has the log so far put into a snapshot. Returns when that is begun.
    pub async fn take_snapshot(&self) -> Result<(), MembershipError> {
        let begun = self.inner.raft().trigger().snapshot().await;
        begun.map_err(|error| MembershipError::Failed(format!("no snapshot was taken: {error}")))
    }

    /// Has the voter `heir` lead. Only on the leader; returns when that is begun, and may come to
    /// nothing.
    pub async fn hand_over(&self, heir: NodeId) -> Result<(), MembershipError> {
        self.inner.require_leadership()?;
        self.inner.hand_over(heir).await
    }
}

impl Inner {
    /// openraft believes whoever asks: with an heir that cannot lead, nobody would.
    pub(crate) async fn hand_over(&self, heir: NodeId) -> Result<(), MembershipError> {
        if heir == self.config.node || !self.has_voter(heir) {
            return Err(MembershipError::Rejected(format!(
                "node {heir} cannot take the leadership over: it must be another voter"
            )));
        }
        if let Some(term) = self.leading_term() {
            // This node is asked for its vote as well.
            self.succession.name(term, heir.0);
        }
        let begun = self.raft().trigger().transfer_leader(heir.0).await;
        begun.map_err(|error| {
            MembershipError::Failed(format!("the leadership was not handed over: {error}"))
        })
    }
}
