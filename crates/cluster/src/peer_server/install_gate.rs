//! Keeps a snapshot's installation apart from everything else that changes the log.
//!
//! openraft (alpha.37, its issue 2116) forgets the positions of the entries that a snapshot covers when
//! it is told of the snapshot, and installs it when its queue of commands gets there. If that queue waits
//! meanwhile, it may apply what it has just forgotten, and panics. So an installation begins when no
//! other request of a peer is under way that changes the log, and these wait until it has ended: the
//! queue is empty then, and stays so.
//!
//! * **What flows in and out.** In: requests of peers. Out: the right to go on, held until Raft has
//!   answered, also when the peer has given the request up.

use super::raft_rpc::stopped;
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tonic::Status;

/// Requests that may append at a time; the rest wait. A leader has one or two under way.
const MAX_APPENDS: u32 = 64;

/// One for each node.
pub(crate) struct InstallGate(Arc<Semaphore>);

impl Default for InstallGate {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(MAX_APPENDS as usize)))
    }
}

impl InstallGate {
    /// Waits for the end of an installation.
    pub(super) async fn append(&self) -> Result<OwnedSemaphorePermit, Status> {
        self.0.clone().acquire_owned().await.map_err(stopped)
    }

    /// Waits until nobody else changes the log.
    pub(super) async fn install(&self) -> Result<OwnedSemaphorePermit, Status> {
        let all = self.0.clone().acquire_many_owned(MAX_APPENDS);
        all.await.map_err(stopped)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;
    use futures::FutureExt;

    #[tokio::test]
    async fn an_installation_is_alone() {
        let gate = InstallGate::default();
        let appends = [gate.append().await.unwrap(), gate.append().await.unwrap()];
        let mut install = Box::pin(gate.install());
        assert!(install.as_mut().now_or_never().is_none(), "two appends");
        let mut late = Box::pin(gate.append());
        assert!(late.as_mut().now_or_never().is_none(), "an append waits");
        drop(appends);
        let installing = install.await.unwrap();
        assert!(late.as_mut().now_or_never().is_none(), "until the end");
        assert!(gate.install().now_or_never().is_none(), "one at a time");
        drop(installing);
        drop(late.await.unwrap());
        drop(gate.install().await.unwrap());
    }
}
