//! A node that a bug has broken: it does not come back by itself, so its process must end.

use crate::node::Cluster;
use std::future::pending;
use tokio::sync::watch;

impl Cluster {
    /// Waits until a part of this node has ended by a bug, Raft above all, and says which. The process
    /// must end then, to be started again. A storage error is no bug: there the node stays up, silent,
    /// so that operators can ask it why. Cancel-safe.
    pub async fn broken(&self) -> String {
        let storage_failed = || self.parts.raft.failure().is_some();
        by_a_bug(self.parts.gate.watch_failed(), storage_failed).await
    }
}

async fn by_a_bug(
    mut failed: watch::Receiver<Option<String>>,
    storage_failed: impl Fn() -> bool,
) -> String {
    loop {
        let reason = failed.borrow_and_update().clone();
        if let Some(reason) = reason
            && !storage_failed()
        {
            return reason;
        }
        if failed.changed().await.is_err() {
            pending::<()>().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt;

    #[test]
    fn a_part_that_panicked_is_told_and_a_storage_error_is_not() {
        let failed = watch::Sender::new(None);
        let whole = by_a_bug(failed.subscribe(), || false).now_or_never();
        assert_eq!(whole, None);
        failed.send_replace(Some("its Raft task has panicked".to_owned()));
        let told = by_a_bug(failed.subscribe(), || false).now_or_never();
        assert_eq!(told.as_deref(), Some("its Raft task has panicked"));
        let storage = by_a_bug(failed.subscribe(), || true).now_or_never();
        assert_eq!(storage, None);
    }
}
