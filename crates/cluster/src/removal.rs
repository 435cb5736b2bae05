//! A member goes for good, if those who stay can do without it.
//!
//! A change of voters needs a majority of the old voters and of the new ones. Where the new ones have
//! none, it can neither be committed nor be taken back, and nothing else is decided either: the cluster
//! has stopped. So the leader looks first.

use crate::membership::MembershipError;
use crate::node::Inner;
use ipam::{Command, NodeId};
use openraft::ChangeMembers;
use openraft::async_runtime::WatchReceiver;
use openraft::metrics::RaftDataMetrics;
use raft_store::TypeConfig;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::PoisonError;
use tokio::time::timeout;

impl Inner {
    /// Removes a member and forgets its listen IP.
    pub(crate) async fn remove_node(&self, node: NodeId) -> Result<(), MembershipError> {
        self.require_leadership()?;
        let _turn = self.change_turns.operators().await;
        self.confirm_leadership().await?;
        if self.has_member(node) {
            self.remove_member(node).await?;
        } else if !self.is_registered(node) {
            return Err(MembershipError::Rejected(format!(
                "node {node} is not a member: see `gatewayctl status`"
            )));
        }
        let outcome = self.proposer.propose(Command::RemoveNode(node)).await;
        outcome.map_err(|error| {
            MembershipError::Failed(format!(
                "node {node} has left, but its listen IP is still kept: {error}; ask again"
            ))
        })?;
        tracing::info!(%node, "node removed");
        Ok(())
    }

    async fn remove_member(&self, node: NodeId) -> Result<(), MembershipError> {
        if self.members().len() == 1 {
            return Err(MembershipError::Rejected(format!(
                "node {node} is the last member: a cluster needs one"
            )));
        }
        if node == self.config.node {
            return Err(MembershipError::Rejected(format!(
                "node {node} is the leader: stop gatewayd on it, and ask the next leader"
            )));
        }
        self.note_key(node).await?;
        let leaves = BTreeSet::from([node.0]);
        // To take a learner from among the voters changes nothing, and succeeds.
        let change = if self.has_voter(node) {
            self.require_quorum_without(node).await?;
            ChangeMembers::RemoveVoters(leaves)
        } else {
            ChangeMembers::RemoveNodes(leaves)
        };
        self.change(change, false).await
    }

    /// Has the membership name the key that `node` proves itself by now, so that this one is removed
    /// with it: it may have a new certificate, or have come by an older release.
    async fn note_key(&self, node: NodeId) -> Result<(), MembershipError> {
        let seen = self
            .seen_keys
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&node)
            .copied();
        let record = self.with_metrics(|metrics| {
            let membership = metrics.membership_config.membership();
            membership.get_node(&node.0).cloned()
        });
        match (seen, record) {
            (Some(seen), Some(record)) if record.key != Some(seen) => {
                let record = record.with_key(Some(seen));
                let records = BTreeMap::from([(node.0, record)]);
                self.change(ChangeMembers::SetNodes(records), true).await
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
        let mut metrics = self.raft().data_metrics();
        let look = |metrics: &RaftDataMetrics<TypeConfig>| {
            quorum_without(leaving, &self.voters_to_be(), &who_has(written, metrics))
        };
        let mut verdict = look(&metrics.borrow_and_update());
        let stored = async {
            while verdict.is_err() && metrics.changed().await.is_ok() {
                verdict = look(&metrics.borrow_and_update());
            }
        };
        // Whether it ended or not, the last look counts.
        drop(timeout(self.limits().keeps_up, stored).await);
        if verdict.is_err() {
            // Who does not lead any more knows nothing of the others.
            self.require_leadership()?;
        }
        verdict
    }

    /// Commits an entry that changes nothing, and returns an index that is not before it.
    async fn write_an_entry(&self) -> Result<u64, MembershipError> {
        if self.proposer.propose(Command::Tick).await.is_err() {
            self.require_leadership()?;
            return Err(MembershipError::NoLeader);
        }
        let position = self.reader.mark().position;
        Ok(position.map_or(0, |position| position.index))
    }

    /// The voters; while they change, the new ones.
    fn voters_to_be(&self) -> BTreeSet<NodeId> {
        self.with_metrics(|metrics| {
            let membership = metrics.membership_config.membership();
            let newest = membership.get_joint_config().last();
            newest.into_iter().flatten().copied().map(NodeId).collect()
        })
    }
}

/// Whose log has the entry at `index` on its disk, as the leader knows.
fn who_has(index: u64, metrics: &RaftDataMetrics<TypeConfig>) -> BTreeSet<NodeId> {
    let logs = metrics.replication.iter().flatten();
    logs.filter(|(_, stored)| stored.as_ref().is_some_and(|stored| stored.index >= index))
        .map(|(node, _)| NodeId(*node))
        .collect()
}

/// Refuses the removal of `leaving` if fewer than a majority of the other `voters` keep up.
fn quorum_without(
    leaving: NodeId,
    voters: &BTreeSet<NodeId>,
    keep_up: &BTreeSet<NodeId>,
) -> Result<(), MembershipError> {
    let staying = voters.iter().filter(|voter| **voter != leaving);
    let (up, down): (Vec<&NodeId>, Vec<_>) = staying.partition(|voter| keep_up.contains(voter));
    let quorum = (up.len() + down.len()) / 2 + 1;
    if up.len() >= quorum {
        return Ok(());
    }
    let down: Vec<String> = down.iter().map(ToString::to_string).collect();
    Err(MembershipError::Rejected(format!(
        "node {leaving} is needed: without it only {} of {} voters would keep up, {quorum} are needed, and \
         the cluster would stop. First start what is down, or remove that: node {}",
        up.len(),
        up.len() + down.len(),
        down.join(", node ")
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nodes(ids: &[u64]) -> BTreeSet<NodeId> {
        ids.iter().copied().map(NodeId).collect()
    }

    fn refusal(leaving: u64, voters: &[u64], keep_up: &[u64]) -> Option<String> {
        quorum_without(NodeId(leaving), &nodes(voters), &nodes(keep_up))
            .err()
            .map(|error| error.to_string())
    }

    #[test]
    fn a_voter_goes_while_the_others_have_a_quorum() {
        assert_eq!(refusal(2, &[1, 2, 3], &[1, 2, 3]), None);
        assert_eq!(refusal(2, &[1, 2], &[1, 2]), None);
        assert_eq!(refusal(2, &[1, 2, 3, 4], &[1, 2, 3]), None);
    }

    #[test]
    fn whoever_is_down_can_always_go() {
        for down in 2..=9 {
            let voters: Vec<u64> = (1..=down).collect();
            for up in voters.len() / 2 + 1..voters.len() {
                assert_eq!(refusal(down, &voters, &voters[..up]), None);
            }
        }
    }

    #[test]
    fn whoever_is_needed_stays() {
        let refused = refusal(2, &[1, 2, 3], &[1, 2]).expect("a refusal");
        assert!(
            refused.contains("only 1 of 2 voters would keep up"),
            "{refused}"
        );
        assert!(refused.contains("remove that: node 3"), "{refused}");
        let refused = refusal(3, &[1, 2, 3, 4, 5], &[1, 2, 3]).expect("a refusal");
        assert!(refused.contains("node 4, node 5"), "{refused}");
    }
}
