//! The tasks of a running node, and what happens when one of them ends.

use crate::identity::Identity;
use crate::raft::RaftHandle;
use crate::serving::ServiceGate;
use futures::FutureExt;
use futures::future::BoxFuture;
use raft_store::StateReader;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use tokio::task::JoinSet;

/// The parts of a node that run until it stops.
#[derive(Default)]
pub(crate) struct Tasks(Vec<(&'static str, BoxFuture<'static, ()>)>);

impl Tasks {
    /// One more, which does not run yet. `part` names it if it ends.
    pub(crate) fn add(
        &mut self,
        part: &'static str,
        run: impl Future<Output = ()> + Send + 'static,
    ) {
        self.0.push((part, run.boxed()));
    }

    /// Starts them all.
    pub(crate) fn spawn(self, raft: &Arc<RaftHandle>, gate: &Arc<ServiceGate>) -> JoinSet<()> {
        let mut tasks = JoinSet::new();
        for (part, run) in self.0 {
            tasks.spawn(supervise(Arc::clone(raft), Arc::clone(gate), part, run));
        }
        tasks
    }
}

/// Runs a part that must not end before the node does. One that does, by a bug, takes the node out
/// of service: its view of the world is no longer kept up (L2).
async fn supervise(
    raft: Arc<RaftHandle>,
    gate: Arc<ServiceGate>,
    part: &'static str,
    run: BoxFuture<'static, ()>,
) {
    let ended = AssertUnwindSafe(run).catch_unwind().await;
    // A storage error ends Raft, and what watches it: that is said elsewhere, and is no bug.
    if gate.is_stopping() || raft.failure().is_some() {
        return;
    }
    let how = if ended.is_ok() {
        "has ended"
    } else {
        "has panicked"
    };
    gate.fail(format!(
        "its {part} task {how}: this is a bug, restart gatewayd"
    ));
}

/// Ends when openraft's own task has: at a storage error, of which its metrics tell, or by a panic.
pub(crate) async fn raft_core(raft: Arc<RaftHandle>) {
    raft.ended().await;
}

/// A directory of a release that kept no name of its cluster gets it from the state; one that has
/// another name than the state is not served from.
pub(crate) async fn keep_identity(
    identity: Arc<Identity>,
    reader: StateReader,
    gate: Arc<ServiceGate>,
) {
    let mut applied = reader.marks();
    loop {
        applied.borrow_and_update();
        let in_state = reader.with(|applied| applied.state.cluster_id());
        if let Some(in_state) = in_state {
            match identity.cluster.claim(in_state).await {
                Ok(ours) if ours == in_state => {}
                Ok(_) => gate.fail(
                    "its data directory belongs to another cluster than the log in it: empty it, and add \
                     this node again"
                        .to_owned(),
                ),
                Err(error) => gate.fail(format!("its cluster's id could not be written: {error}")),
            }
            return std::future::pending().await;
        }
        if applied.changed().await.is_err() {
            return;
        }
    }
}
