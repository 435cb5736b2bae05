//! How a node stops: what is on disk stays, and is free again.

use crate::lock::lock;
use crate::peer_server::Running;
use crate::profile::Takeover;
use crate::raft::RaftHandle;
use crate::serving::{ServiceGate, Serving};
use raft_store::Release;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::timeout;

/// How long peers' connections may take to close when the node stops.
const CLOSE_CONNECTIONS: Duration = Duration::from_secs(2);

/// How long Raft may take to stop. It waits for writes that it has begun, and a disk may hang.
const STOP_RAFT: Duration = Duration::from_secs(5);
/// How long the store may take to close: longer than it waits for its own writer.
const CLOSE_STORE: Duration = Duration::from_secs(10);

/// What has to end when a node stops.
pub(crate) struct Stop {
    /// Raft, first of all.
    pub(crate) raft: Arc<RaftHandle>,
    /// The node does not serve from then on.
    pub(crate) gate: Arc<ServiceGate>,
    /// What it may be waiting for.
    pub(crate) serving: Arc<Serving>,
    /// What keeps a file of the data directory.
    pub(crate) profile: Arc<Takeover>,
    /// What peers reach it by.
    pub(crate) server: Mutex<Option<Running>>,
    /// What runs until then.
    pub(crate) tasks: Mutex<JoinSet<()>>,
    /// Tells when the data directory is free.
    pub(crate) release: Mutex<Option<Release>>,
}

impl Stop {
    /// Ends all of it. What hangs is logged, and waited for some seconds, not for ever.
    pub(crate) async fn shutdown(&self) {
        self.gate.stop();
        if timeout(STOP_RAFT, self.raft.release()).await.is_err() {
            tracing::error!(
                "Raft is being started anew and has not ended within {STOP_RAFT:?}: {}",
                self.waits_for()
            );
        }
        self.profile.release();
        match timeout(STOP_RAFT, self.raft.now().shutdown()).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "Raft did not stop cleanly"),
            Err(_) => {
                tracing::error!(
                    "Raft has not stopped within {STOP_RAFT:?}: {}",
                    self.waits_for()
                );
            }
        }
        self.close_connections().await;
        let mut tasks = std::mem::take(&mut *lock(&self.tasks));
        tasks.shutdown().await;
        let release = lock(&self.release).take();
        if let Some(release) = release {
            let released = timeout(CLOSE_STORE, release.released()).await;
            if released.is_err() {
                tracing::error!(
                    "the data directory is not free after {CLOSE_STORE:?}, and stays locked until \
                     this process ends: {}",
                    self.waits_for()
                );
            }
        }
    }

    /// What a node that does not stop waits for.
    fn waits_for(&self) -> String {
        let stall = self.serving.disk_stall();
        stall.unwrap_or_else(|| "something holds it that is not the disk: this is a bug".to_owned())
    }

    async fn close_connections(&self) {
        let Some((stop, server)) = lock(&self.server).take() else {
            return;
        };
        drop(stop);
        let abort = server.abort_handle();
        if timeout(CLOSE_CONNECTIONS, server).await.is_err() {
            abort.abort();
        }
    }
}
