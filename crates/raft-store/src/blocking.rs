//! Where work runs that may wait for the disk.

use crate::StoreError;
use crate::storage_env::StorageEnv;

/// Where the storage does what may wait for the disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Execution {
    /// The log is written by a thread of its own, and snapshot files by tokio's blocking pool.
    #[default]
    Threads,
    /// Everything is done in the caller, before it gets its answer.
    Inline,
    /// The log is written by a task of the current runtime, and snapshot files by the caller. Each
    /// waits for [`StorageEnv::sync_latency`] before it syncs. For deterministic simulation: no thread,
    /// and time is the runtime's.
    Tasks,
}

impl Execution {
    /// Runs `work` where it may block. With threads not cancel-safe in effect: once begun it runs
    /// to its end, and a caller that goes away only misses the result. Otherwise a caller that goes
    /// away has begun nothing.
    pub(crate) async fn run<T, F>(
        self,
        env: &dyn StorageEnv,
        doing: &'static str,
        work: F,
    ) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce() -> Result<T, StoreError> + Send + 'static,
    {
        match self {
            Self::Inline => work(),
            Self::Tasks => {
                tokio::time::sleep(env.sync_latency()).await;
                work()
            }
            Self::Threads => tokio::task::spawn_blocking(work)
                .await
                .map_err(|_| StoreError::CutShort(doing))?,
        }
    }
}
