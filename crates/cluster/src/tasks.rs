//! The tasks of a running node, and what happens when one of them ends.

use crate::node::Inner;
use crate::propose::Proposal;
use crate::{batcher, health, joint, profile, round_trips, ticker};
use futures::FutureExt;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

/// Starts them all.
pub(crate) fn spawn(inner: &Arc<Inner>, queue: mpsc::Receiver<Proposal>) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    let here = || Arc::clone(inner);
    tasks.spawn(supervise(inner, "Raft", raft_core(here())));
    tasks.spawn(supervise(inner, "batcher", batcher::run(here(), queue)));
    tasks.spawn(supervise(inner, "clock", anchor_clock(here())));
    tasks.spawn(supervise(inner, "ticker", ticker::run(here())));
    tasks.spawn(supervise(inner, "membership", joint::run(here())));
    tasks.spawn(supervise(inner, "profile", profile::run(here())));
    tasks.spawn(supervise(inner, "round trips", round_trips::run(here())));
    tasks.spawn(supervise(inner, "health", health::run(here())));
    tasks
}

/// Runs a part that must not end before the node does. One that does, by a bug, takes the node out
/// of service: its view of the world is no longer kept up (L2).
fn supervise(
    inner: &Arc<Inner>,
    part: &'static str,
    run: impl Future<Output = ()> + Send + 'static,
) -> impl Future<Output = ()> + Send + 'static {
    let inner = Arc::clone(inner);
    async move {
        let ended = AssertUnwindSafe(run).catch_unwind().await;
        // A storage error ends Raft, and what watches it: that is said elsewhere, and is no bug.
        if inner.is_stopping() || inner.raft_failure().is_some() {
            return;
        }
        let how = if ended.is_ok() {
            "has ended"
        } else {
            "has panicked"
        };
        let reason = format!("its {part} task {how}: this is a bug, restart gatewayd");
        inner.fail(reason);
    }
}

/// Ends when openraft's own task has: at a storage error, of which its metrics tell, or by a panic.
async fn raft_core(inner: Arc<Inner>) {
    inner.raft.ended().await;
}

/// Anchors the leader's clock as soon as an entry of its own term is applied.
async fn anchor_clock(inner: Arc<Inner>) {
    let mut applied = inner.reader.marks();
    let mut metrics = inner.raft.server_metrics();
    loop {
        let mark = *applied.borrow_and_update();
        let leading = inner.leading_term();
        if let Some(position) = mark.position {
            inner.clock.saw(position.term, mark.clock);
        }
        if let Some(position) = mark
            .position
            .filter(|position| leading == Some(position.term))
        {
            inner.clock.anchor(position.term, mark.clock);
        }
        let changed = tokio::select! {
            changed = applied.changed() => changed.is_ok(),
            () = metrics.changed() => true,
        };
        if !changed {
            return;
        }
    }
}
