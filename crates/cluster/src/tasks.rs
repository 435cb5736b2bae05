//! The tasks of a running node, and what happens when one of them ends.

use crate::node::Inner;
use crate::propose::Proposal;
use crate::{batcher, health, joint, notes, profile, relocation, round_trips, ticker};
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
    tasks.spawn(supervise(inner, "identity", keep_identity(here())));
    tasks.spawn(supervise(inner, "notes", notes::keep(here())));
    tasks.spawn(supervise(inner, "noted votes", notes::adopt(here())));
    tasks.spawn(supervise(inner, "peer address", relocation::run(here())));
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

/// A directory of a release that kept no name of its cluster gets it from the state; one that has
/// another name than the state is not served from.
async fn keep_identity(inner: Arc<Inner>) {
    let mut applied = inner.reader.marks();
    loop {
        applied.borrow_and_update();
        let in_state = inner.reader.with(|applied| applied.state.cluster_id());
        if let Some(in_state) = in_state {
            match inner.cluster.claim(in_state).await {
                Ok(ours) if ours == in_state => {}
                Ok(_) => inner.fail(
                    "its data directory belongs to another cluster than the log in it: empty it, and add \
                     this node again"
                        .to_owned(),
                ),
                Err(error) => inner.fail(format!("its cluster's id could not be written: {error}")),
            }
            return std::future::pending().await;
        }
        if applied.changed().await.is_err() {
            return;
        }
    }
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
