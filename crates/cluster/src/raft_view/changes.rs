//! Waiting for news of who leads and who votes, across restarts of Raft.

use super::feed::Receivers;
use openraft::async_runtime::WatchReceiver;
use std::future::pending;
use tokio::sync::watch;

/// News of who leads and who votes, whichever Raft it is.
pub(crate) struct LeadershipChanges {
    rafts: watch::Receiver<Option<Receivers>>,
    /// Those of the Raft that is looked at; `None` before one runs.
    current: Option<Receivers>,
}

impl LeadershipChanges {
    pub(super) fn new(mut rafts: watch::Receiver<Option<Receivers>>) -> Self {
        let current = rafts.borrow_and_update().clone();
        Self { rafts, current }
    }

    /// Waits until something has changed. Never returns once Raft has failed or the node stops: others
    /// report that.
    pub(crate) async fn next(&mut self) {
        let same = match &mut self.current {
            Some(current) => tokio::select! {
                swapped = self.rafts.changed() => {
                    self.follow(swapped.is_ok()).await;
                    return;
                }
                changed = current.server.changed() => changed.is_ok(),
            },
            None => false,
        };
        if !same {
            let swapped = self.rafts.changed().await;
            self.follow(swapped.is_ok()).await;
        }
    }

    async fn follow(&mut self, there_is_another: bool) {
        if !there_is_another {
            pending::<()>().await;
        }
        self.current.clone_from(&self.rafts.borrow_and_update());
    }
}
