//! A member goes for good, if those who stay can do without it.
//!
//! A change of voters needs a majority of the old voters and of the new ones. Where the new ones have
//! none, it can neither be committed nor be taken back, and nothing else is decided either: the cluster
//! has stopped. So the leader looks first.

use super::changes::Changes;
use super::error::MembershipError;
use super::removed::SeenKeys;
use super::rules::quorum_without;
use crate::propose::Propose;
use crate::raft_view::RaftView;
use ipam::{ClusterCommand, Command, NodeId};
use openraft::ChangeMembers;
use openraft::async_runtime::WatchReceiver;
use openraft::metrics::RaftDataMetrics;
use raft_store::{StateReader, TypeConfig};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use tokio::time::timeout;

/// Removes members.
pub(crate) struct RemoveMember {
    /// How members change.
    pub(crate) changes: Arc<Changes>,
    /// What is removed with a member.
    pub(crate) seen_keys: Arc<SeenKeys>,
    /// What is applied here.
    pub(crate) reader: StateReader,
    /// Who forgets its listen IP.
    pub(crate) propose: Arc<dyn Propose>,
}

impl RemoveMember {
    fn view(&self) -> &RaftView {
        &self.changes.view
    }

    /// Removes a member and forgets its listen IP.
    pub(crate) async fn remove(&self, node: NodeId) -> Result<(), MembershipError> {
        self.changes.require_leadership()?;
        let _turn = self.changes.lock.operators().await;
        self.changes.confirm_leadership().await?;
        if self.view().has_member(node) {
            self.remove_member(node).await?;
        } else if !self.is_registered(node) {
            return Err(MembershipError::Rejected(format!(
                "node {node} is not a member: see `gatewayctl status`"
            )));
        }
        let outcome = self
            .propose
            .propose(ClusterCommand::RemoveNode(node).into())
            .await;
        outcome.map_err(|error| {
            MembershipError::of_command(&error, |error| {
                format!("node {node} has left, but its listen IP is still kept: {error}; ask again")
            })
        })?;
        tracing::info!(%node, "node removed");
        Ok(())
    }

    async fn remove_member(&self, node: NodeId) -> Result<(), MembershipError> {
        if self.view().members().len() == 1 {
            return Err(MembershipError::Rejected(format!(
                "node {node} is the last member: a cluster needs one"
            )));
        }
        if node == self.changes.node {
            return Err(MembershipError::Rejected(format!(
                "node {node} is the leader: stop gatewayd on it, and ask the next leader"
            )));
        }
        self.note_key(node).await?;
        let leaves = BTreeSet::from([node.0]);
        // To take a learner from among the voters changes nothing, and succeeds.
        let change = if self.view().has_voter(node) {
            self.require_quorum_without(node).await?;
            ChangeMembers::RemoveVoters(leaves)
        } else {
            ChangeMembers::RemoveNodes(leaves)
        };
        self.changes.change(change, false).await
    }

    /// Has the membership name the key that `node` proves itself by now, so that this one is removed
    /// with it: it may have a new certificate, or have come by an older release.
    async fn note_key(&self, node: NodeId) -> Result<(), MembershipError> {
        let seen = self.seen_keys.of(node);
        let record = self.view().record(node);
        match (seen, record) {
            (Some(seen), Some(record)) if record.key != Some(seen) => {
                let record = record.with_key(Some(seen));
                let records = BTreeMap::from([(node.0, record)]);
                self.changes
                    .change(ChangeMembers::SetNodes(records), true)
                    .await
            }
            _ => Ok(()),
        }
    }

    /// Whether the cluster keeps a listen IP for `node`, a member or not.
    fn is_registered(&self, node: NodeId) -> bool {
        self.reader
            .with(|applied| applied.state.nodes().contains_key(&node))
    }

    /// Refuses the removal of `leaving` unless a majority of those who stay has now got an entry on its
    /// disk. That a node answers says too little: its disk may hang, or it may be far behind.
    async fn require_quorum_without(&self, leaving: NodeId) -> Result<(), MembershipError> {
        let written = self.write_an_entry().await?;
        let Some(mut metrics) = self.view().data_metrics() else {
            return Err(MembershipError::NoLeader);
        };
        let look = |metrics: &RaftDataMetrics<TypeConfig>| {
            quorum_without(
                leaving,
                &self.view().voters_to_be(),
                &who_has(written, metrics),
            )
        };
        let mut verdict = look(&metrics.borrow_and_update());
        let stored = async {
            while verdict.is_err() && metrics.changed().await.is_ok() {
                verdict = look(&metrics.borrow_and_update());
            }
        };
        // Whether it ended or not, the last look counts.
        drop(timeout(self.changes.limits.now().keeps_up, stored).await);
        if verdict.is_err() {
            // Who does not lead any more knows nothing of the others.
            self.changes.require_leadership()?;
        }
        verdict
    }

    /// Commits an entry that changes nothing, and returns an index that is not before it.
    async fn write_an_entry(&self) -> Result<u64, MembershipError> {
        if self.propose.propose(Command::TICK).await.is_err() {
            self.changes.require_leadership()?;
            return Err(MembershipError::NoLeader);
        }
        let position = self.reader.mark().position;
        Ok(position.map_or(0, |position| position.index))
    }
}

/// Whose log has the entry at `index` on its disk, as the leader knows.
fn who_has(index: u64, metrics: &RaftDataMetrics<TypeConfig>) -> BTreeSet<NodeId> {
    let logs = metrics.replication.iter().flatten();
    logs.filter(|(_, stored)| stored.as_ref().is_some_and(|stored| stored.index >= index))
        .map(|(node, _)| NodeId(*node))
        .collect()
}
