//! Anchors the leader's clock as soon as an entry of its own term is applied.

use super::leader_clock::LeaderClock;
use crate::raft_view::RaftView;
use raft_store::AppliedMark;
use std::sync::Arc;
use tokio::sync::watch;

/// Anchors until the node stops.
pub(crate) async fn run(
    clock: Arc<LeaderClock>,
    view: RaftView,
    mut applied: watch::Receiver<AppliedMark>,
) {
    let mut leadership = view.changes();
    loop {
        let mark = *applied.borrow_and_update();
        let leading = view.leading_term();
        if let Some(position) = mark.position {
            clock.saw(position.term, mark.clock);
        }
        if let Some(position) = mark
            .position
            .filter(|position| leading == Some(position.term))
        {
            clock.anchor(position.term, mark.clock);
        }
        let changed = tokio::select! {
            changed = applied.changed() => changed.is_ok(),
            () = leadership.next() => true,
        };
        if !changed {
            return;
        }
    }
}
