//! A member goes for good, if those who stay can do without it.
//!
//! A change of voters needs a majority of the old voters and of the new ones. Where the new ones have
//! none, it can neither be committed nor be taken back, and nothing else is decided either: the cluster
//! has stopped. So the leader looks first.

use crate::membership::MembershipError;
use crate::node::Inner;
use ipam::{Command, NodeId};
use openraft::async_runtime::WatchReceiver;
use openraft::metrics::RaftDataMetrics;
use openraft::{ChangeMembers, Instant};
use raft_store::TypeConfig;
use std::collections::BTreeSet;
use tokio::time::timeout;

impl Inner {
    /// Removes a member and forgets its listen IP.
    pub(crate) async fn remove_node(&self, node: NodeId) -> Result<(), MembershipError> {
        self.require_leadership()?;
        let _one_at_a_time = self.membership.lock().await;
        self.confirm_leadership().await?;
        if self.members().contains_key(&node) {
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

    /// Whether the cluster keeps a listen IP for `node`, a member or not.
    fn is_registered(&self, node: NodeId) -> bool {
        self.reader
            .with(|applied| applied.state.nodes().contains_key(&node))
    }

    /// Waits a moment for those who stay to acknowledge this leader: it may be a new one.
    async fn require_quorum_without(&self, leaving: NodeId) -> Result<(), MembershipError> {
        let mut metrics = self.raft.data_metrics();
        let look = |metrics: &RaftDataMetrics<TypeConfig>| {
            quorum_without(leaving, &self.voters(), &self.followers(metrics))
        };
        let mut stays = look(&metrics.borrow_and_update());
        let acknowledged = async {
            while stays.is_err() && metrics.changed().await.is_ok() {
                stays = look(&metrics.borrow_and_update());
            }
        };
        // Whether it ended or not, the last look counts.
        drop(timeout(self.config.timings.election_max, acknowledged).await);
        stays
    }

    /// This node, and who acknowledged it as the leader within an election timeout.
    fn followers(&self, metrics: &RaftDataMetrics<TypeConfig>) -> BTreeSet<NodeId> {
        let acknowledged = metrics.heartbeat.iter().flatten();
        let lately = acknowledged
            .filter(|(_, at)| at.is_some_and(|at| at.elapsed() < self.config.timings.election_max));
        lately
            .map(|(follower, _)| NodeId(*follower))
            .chain([self.config.node])
            .collect()
    }
}

/// Refuses the removal of `leaving` if a majority of the other `voters` is not among the `followers`.
/// A voter that is down itself can always be removed: a majority without it is there, or there would
/// be no leader.
fn quorum_without(
    leaving: NodeId,
    voters: &BTreeSet<NodeId>,
    followers: &BTreeSet<NodeId>,
) -> Result<(), MembershipError> {
    let staying = voters.iter().filter(|voter| **voter != leaving);
    let (up, down): (Vec<&NodeId>, Vec<_>) = staying.partition(|voter| followers.contains(voter));
    let quorum = (up.len() + down.len()) / 2 + 1;
    if up.len() >= quorum {
        return Ok(());
    }
    let down: Vec<String> = down.iter().map(ToString::to_string).collect();
    Err(MembershipError::Rejected(format!(
        "node {leaving} is needed: without it only {} of {} voters would be up, {quorum} are needed, and \
         the cluster would stop for good. First start what is down, or remove that: node {}",
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

    fn refusal(leaving: u64, voters: &[u64], followers: &[u64]) -> Option<String> {
        quorum_without(NodeId(leaving), &nodes(voters), &nodes(followers))
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
            refused.contains("only 1 of 2 voters would be up"),
            "{refused}"
        );
        assert!(refused.contains("remove that: node 3"), "{refused}");
        let refused = refusal(3, &[1, 2, 3, 4, 5], &[1, 2, 3]).expect("a refusal");
        assert!(refused.contains("node 4, node 5"), "{refused}");
    }
}
