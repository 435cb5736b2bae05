//! What this node sees of its own Raft: who leads, who votes, where the members are.
//!
//! * **What flows in and out.** In: openraft's metrics, of whichever Raft runs now, and where members say that
//!   they are ([`RaftView::announce`]). Out: answers. No query changes anything.
//! * **What it is not.** The truth: metrics may be a moment old, and what is not committed may be undone.
//! * **Cancel safety.** Every wait may be dropped.

mod announced;
mod changes;
mod feed;
#[cfg(test)]
pub(crate) mod tests;

pub(crate) use changes::LeadershipChanges;
pub(crate) use feed::ViewFeed;

use announced::Announced;
use feed::Receivers;
use ipam::{KeyHash, NodeId};
use openraft::async_runtime::WatchReceiver;
use openraft::metrics::{RaftDataMetrics, RaftMetrics};
use openraft::type_config::alias::WatchReceiverOf;
use openraft::{Instant, ServerState};
use raft_store::{LogId, Membership, PeerNode, TypeConfig};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::timeout;

/// What this node sees of its own Raft. Clones share it.
#[derive(Clone)]
pub(crate) struct RaftView {
    node: NodeId,
    /// Those of the Raft that runs now; `None` before the first one does.
    receivers: watch::Receiver<Option<Receivers>>,
    announced: Announced,
}

impl RaftView {
    /// The view of `node`, and what tells it which Raft to look at.
    pub(crate) fn new(node: NodeId) -> (ViewFeed, Self) {
        let (feed, receivers) = ViewFeed::new();
        let view = Self {
            node,
            receivers,
            announced: Announced::default(),
        };
        (feed, view)
    }

    /// Reads the metrics as they are now. Before Raft runs they name no members.
    pub(crate) fn with_metrics<T>(&self, read: impl FnOnce(&RaftMetrics<TypeConfig>) -> T) -> T {
        // Not read under the lock of the outer watch: `read` may look again.
        let metrics = self.receivers.borrow().as_ref().map(Receivers::metrics);
        match metrics {
            Some(metrics) => read(&metrics.borrow_watched()),
            None => read(&RaftMetrics::new_initial(self.node.0)),
        }
    }

    fn with_membership<T>(&self, read: impl FnOnce(&Membership) -> T) -> T {
        self.with_metrics(|metrics| read(metrics.membership_config.membership()))
    }

    /// The leader that this node knows, and its peer address.
    pub(crate) fn leader(&self) -> Option<(NodeId, String)> {
        let (leader, recorded) = self.with_metrics(|metrics| {
            let leader = metrics.current_leader?;
            let node = metrics.membership_config.membership().get_node(&leader)?;
            Some((NodeId(leader), node.address.clone()))
        })?;
        let address = self.announced.address_of(leader, recorded);
        Some((leader, address))
    }

    /// The term that this node leads.
    pub(crate) fn leading_term(&self) -> Option<u64> {
        self.with_metrics(|metrics| {
            (metrics.state == ServerState::Leader).then_some(metrics.current_term)
        })
    }

    /// The term that this node is in.
    pub(crate) fn term(&self) -> u64 {
        self.with_metrics(|metrics| metrics.current_term)
    }

    /// Whether this node leads, and is the only voter or had the answer of a quorum within `counts` (S11).
    pub(crate) fn leads_a_quorum(&self, counts: Duration) -> bool {
        self.with_metrics(|metrics| {
            let alone = metrics.membership_config.membership().voter_ids().count() == 1;
            let acked = metrics.last_quorum_acked.as_ref();
            let acked = acked.is_some_and(|acked| acked.elapsed() < counts);
            metrics.state == ServerState::Leader && (alone || acked)
        })
    }

    /// How long ago a quorum answered this node as the leader.
    pub(crate) fn quorum_answered_ago(&self) -> Option<Duration> {
        self.with_metrics(|metrics| {
            let acked = metrics.last_quorum_acked.as_ref();
            acked.map(|acked| Instant::elapsed(&**acked))
        })
    }

    /// Every member, voters and learners, with its peer address.
    pub(crate) fn members(&self) -> BTreeMap<NodeId, String> {
        let recorded: Vec<_> = self.with_membership(|membership| {
            let nodes = membership.nodes();
            nodes
                .map(|(id, node)| (NodeId(*id), node.address.clone()))
                .collect()
        });
        let here = |(node, recorded)| (node, self.announced.address_of(node, recorded));
        recorded.into_iter().map(here).collect()
    }

    /// The same without this node.
    pub(crate) fn other_members(&self) -> BTreeMap<NodeId, String> {
        let mut members = self.members();
        members.remove(&self.node);
        members
    }

    /// Whether it is a member, voter or not: asked for each message, so nothing is copied.
    pub(crate) fn has_member(&self, node: NodeId) -> bool {
        self.with_membership(|membership| membership.get_node(&node.0).is_some())
    }

    /// The voters; while they change, the old and the new ones.
    pub(crate) fn voters(&self) -> BTreeSet<NodeId> {
        self.with_membership(|membership| membership.voter_ids().map(NodeId).collect())
    }

    /// The voters of each configuration that must agree.
    pub(crate) fn voter_sets(&self) -> Vec<BTreeSet<NodeId>> {
        self.with_membership(|membership| {
            let sets = membership.get_joint_config().iter();
            sets.map(|set| set.iter().copied().map(NodeId).collect())
                .collect()
        })
    }

    /// The voters; while they change, the new ones.
    pub(crate) fn voters_to_be(&self) -> BTreeSet<NodeId> {
        self.voter_sets().pop().unwrap_or_default()
    }

    /// Whether a change of voters that this node knows of, be it committed or not, has no end yet.
    pub(crate) fn is_changing_voters(&self) -> bool {
        self.with_membership(|membership| membership.get_joint_config().len() > 1)
    }

    /// Whether it votes.
    pub(crate) fn has_voter(&self, node: NodeId) -> bool {
        self.with_membership(|membership| membership.voter_ids().any(|voter| voter == node.0))
    }

    /// Whether this node votes, as far as its log goes.
    pub(crate) fn is_voter(&self) -> bool {
        self.has_voter(self.node)
    }

    /// Whether there are voters beside this node, as far as its log goes.
    pub(crate) fn has_other_voters(&self) -> bool {
        self.with_membership(|membership| membership.voter_ids().any(|voter| voter != self.node.0))
    }

    /// Whether this node has been the only voter since its cluster was founded: the membership is that
    /// of the first entry.
    pub(crate) fn never_had_second_voter(&self) -> bool {
        self.with_metrics(|metrics| {
            let membership = &metrics.membership_config;
            let is_first = membership.log_id().as_ref().is_some_and(|id| id.index == 0);
            is_first && membership.membership().voter_ids().count() == 1
        })
    }

    /// The entry that made these the voters, committed or not.
    pub(crate) fn voters_since(&self) -> Option<LogId> {
        self.with_metrics(|metrics| *metrics.membership_config.log_id())
    }

    /// Whether this node's newest vote is for itself, or it never voted. Of a node that is catching
    /// up this is not true: it has promised itself to the leader that fills its log.
    pub(crate) fn last_voted_for_itself(&self) -> bool {
        self.with_metrics(|metrics| metrics.vote.leader_id.voted_for == self.node.0)
    }

    /// What the membership has of a member.
    pub(crate) fn record(&self, node: NodeId) -> Option<PeerNode> {
        self.with_membership(|membership| membership.get_node(&node.0).cloned())
    }

    /// Where the membership has a member, whatever that says of itself.
    pub(crate) fn recorded_address(&self, node: NodeId) -> Option<String> {
        self.record(node).map(|record| record.address)
    }

    /// What the membership has for a member to prove itself by.
    pub(crate) fn recorded_key(&self, node: NodeId) -> Option<KeyHash> {
        self.with_membership(|membership| membership.get_node(&node.0)?.key)
    }

    /// Another member than `node` that has this key.
    pub(crate) fn holder_of_key(&self, key: KeyHash, node: NodeId) -> Option<NodeId> {
        self.with_membership(|membership| {
            let mut nodes = membership.nodes();
            let holder = nodes.find(|(id, other)| **id != node.0 && other.key == Some(key));
            holder.map(|(id, _)| NodeId(*id))
        })
    }

    /// Where a member is; `None` of one that is no member.
    pub(crate) fn address_of(&self, node: NodeId) -> Option<String> {
        let recorded = self.recorded_address(node)?;
        Some(self.announced.address_of(node, recorded))
    }

    /// Whether `node` may be a voter: before Raft runs nobody is said not to be.
    pub(crate) fn may_have_vote(&self, node: NodeId) -> bool {
        self.receivers.borrow().is_none() || self.has_voter(node)
    }

    /// Takes a member at its proven word for where it is, until the membership says otherwise.
    pub(crate) fn announce(&self, node: NodeId, instead_of: &str, address: &str) {
        self.announced.announce(node, instead_of, address);
    }

    /// Where a member says that it is, which the membership has at `recorded`.
    pub(crate) fn announced_address(&self, node: NodeId, recorded: String) -> String {
        self.announced.address_of(node, recorded)
    }

    /// What the leader knows of its followers' logs, as it changes; `None` before Raft runs.
    pub(crate) fn data_metrics(
        &self,
    ) -> Option<WatchReceiverOf<TypeConfig, RaftDataMetrics<TypeConfig>>> {
        self.receivers.borrow().as_ref().map(Receivers::data)
    }

    /// Changes of who leads and who votes, whichever Raft it is.
    pub(crate) fn changes(&self) -> LeadershipChanges {
        LeadershipChanges::new(self.receivers.clone())
    }

    /// Waits until this node no longer takes `leader` for the leader.
    pub(crate) async fn leadership_ends(&self, leader: NodeId) {
        let mut changes = self.changes();
        let leads = || self.leader().is_some_and(|(now, _)| now == leader);
        while leads() {
            changes.next().await;
        }
    }

    /// Waits until another leader is known, or this node begins or ceases to lead; at most `limit`.
    /// Who asks again and again must not spin: a receiver of Raft's metrics is told at once of what
    /// changed before it was made.
    pub(crate) async fn wait_for_leader_change(&self, limit: Duration) {
        let mut changes = self.changes();
        let before = (self.leader(), self.leading_term());
        let change = async {
            while (self.leader(), self.leading_term()) == before {
                changes.next().await;
            }
        };
        // Both ends of the wait mean the same to the caller: look again.
        drop(timeout(limit, change).await);
    }
}
