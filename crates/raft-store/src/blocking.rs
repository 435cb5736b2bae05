//! Where work runs that may wait for the disk: the one place to change for a simulated runtime.

use crate::StoreError;

/// Where the storage does what may wait for the disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Execution {
    /// The log is written by a thread of its own, and snapshot files by tokio's blocking pool.
    #[default]
    Threads,
    /// Everything is done in the caller, before it gets its answer: for deterministic simulation.
    Inline,
}

impl Execution {
    /// Runs `work` where it may block. Not cancel-safe in effect: once begun it runs to its end,
    /// and a caller that goes away only misses the result.
    pub(crate) async fn run<T, F>(self, doing: &'static str, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce() -> Result<T, StoreError> + Send + 'static,
    {
        match self {
            Self::Inline => work(),
            Self::Threads => tokio::task::spawn_blocking(work)
                .await
                .map_err(|_| StoreError::CutShort(doing))?,
        }
    }
}
