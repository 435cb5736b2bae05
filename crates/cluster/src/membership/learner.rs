//! A newcomer catches up as a learner, before it is made a voter.

use super::change_lock::Turn;
use super::changes::Changes;
use super::error::MembershipError;
use ipam::NodeId;
use openraft::async_runtime::WatchReceiver;
use raft_store::PeerNode;

/// Makes `node` a learner, and returns once it has on its disk what makes it one.
///
/// openraft's own wait takes a learner for level that is no more than
/// `replication_lag_threshold` behind, so in a young cluster one that has stored nothing. As a
/// voter, such a node would count, and after a restart take no part: its directory is empty.
pub(super) async fn catch_up(
    changes: &Changes,
    node: NodeId,
    member: PeerNode,
    turn: &Turn<'_>,
) -> Result<(), MembershipError> {
    let not_added =
        |reason: String| MembershipError::NotDone(format!("node {node} was not added: {reason}"));
    let learner = changes.raft.add_learner(node, member).await;
    let learner = learner.map_err(&not_added)?;
    let metrics = changes.view.data_metrics();
    let mut metrics =
        metrics.ok_or_else(|| not_added("Raft does not run on this node yet".to_owned()))?;
    loop {
        let stored = metrics.borrow_and_update().replication.as_ref().map(|all| {
            let matched = all.get(&node.0).copied().flatten();
            matched.is_some_and(|matched| matched.index >= learner.index)
        });
        match stored {
            Some(true) => return Ok(()),
            //~ mutant l1_voter_without_a_log: Some(false) => return Ok(()),
            Some(false) => {}
            None => return Err(not_added("another node leads now".to_owned())),
        }
        let changed = tokio::select! {
            changed = metrics.changed() => changed,
            () = changes.lock.is_wanted(turn) => {
                return Err(not_added("an operator's change goes first, ask again".to_owned()));
            }
        };
        changed.map_err(|_| not_added("Raft has stopped on this node".to_owned()))?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Timings;
    use crate::membership::raft_changes::{ChangeFailure, ChangeMembers, MembersChange};
    use crate::raft_view::tests::{HERE, Metrics};
    use crate::timing::{Limits, SharedLimits};
    use futures::FutureExt;
    use raft_store::{CommittedLeaderId, LogId};
    use std::sync::Arc;
    use std::time::Duration;

    const NEWCOMER: NodeId = NodeId(4);

    /// Makes everybody a learner by the entry at index 20, and does nothing else.
    struct Learners;

    #[tonic::async_trait]
    impl ChangeMembers for Learners {
        async fn confirm_leadership(&self) -> Result<(), String> {
            Ok(())
        }

        async fn add_learner(&self, _: NodeId, _: PeerNode) -> Result<LogId, String> {
            Ok(LogId::new(CommittedLeaderId::new(1), 20))
        }

        async fn change(
            &self,
            _: MembersChange,
            _: bool,
            _: Duration,
        ) -> Result<(), ChangeFailure> {
            Ok(())
        }

        async fn transfer_leader(&self, _: NodeId) -> Result<(), String> {
            Ok(())
        }
    }

    fn changes(metrics: &Metrics) -> Changes {
        let limits = SharedLimits::new(Limits::of(ipam::Profile::Lan, Timings::default()));
        Changes::new(HERE, metrics.view.clone(), limits, Arc::new(Learners))
    }

    #[tokio::test]
    async fn learner_is_level_once_it_has_stored_what_made_it_one() {
        let metrics = Metrics::empty();
        let changes = changes(&metrics);
        metrics.push_stored(&[(NEWCOMER.0, 19)]);
        let turn = changes.lock.operators().await;
        let mut level = Box::pin(catch_up(&changes, NEWCOMER, PeerNode::default(), &turn));
        assert!(
            level.as_mut().now_or_never().is_none(),
            "it has not stored it"
        );
        metrics.push_stored(&[(NEWCOMER.0, 20)]);
        assert_eq!(level.await, Ok(()));
    }

    #[tokio::test]
    async fn learner_that_never_stores_it_gives_way_to_an_operator() {
        let metrics = Metrics::empty();
        let changes = changes(&metrics);
        metrics.push_stored(&[(NEWCOMER.0, 19)]);
        let turn = changes.lock.newcomers(NEWCOMER).await.expect("a turn");
        let mut level = Box::pin(catch_up(&changes, NEWCOMER, PeerNode::default(), &turn));
        assert!(level.as_mut().now_or_never().is_none());
        let mut operator = Box::pin(changes.lock.operators());
        assert!(operator.as_mut().now_or_never().is_none());
        let gave_way = level.await;
        assert!(
            matches!(gave_way, Err(MembershipError::NotDone(_))),
            "{gave_way:?}"
        );
    }

    #[tokio::test]
    async fn learner_of_a_leader_that_stepped_down_is_not_added() {
        let metrics = Metrics::empty();
        let changes = changes(&metrics);
        let turn = changes.lock.operators().await;
        let not_added = catch_up(&changes, NEWCOMER, PeerNode::default(), &turn).await;
        assert!(
            matches!(not_added, Err(MembershipError::NotDone(_))),
            "{not_added:?}"
        );
    }
}
