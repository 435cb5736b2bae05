//! Looking at the applied state: for everything that is not openraft.

use super::applied::{Applied, AppliedMark, Committed};
use super::applied_publisher::{AppliedPublisher, Subscriptions};
use super::digest::StateDigest;
use super::shared::Shared;
use std::sync::Arc;
use tokio::sync::{broadcast, watch};

/// A cheap handle to the applied state. What it shows is this node's view: committed, and perhaps
/// behind the cluster's.
#[derive(Clone)]
pub struct StateReader {
    shared: Arc<Shared>,
    publisher: Subscriptions,
}

/// The state machine is gone: nothing more will be applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the node has stopped applying entries")]
pub struct Stopped;

impl StateReader {
    pub(super) fn new(shared: &Arc<Shared>, publisher: &AppliedPublisher) -> Self {
        Self {
            shared: shared.clone(),
            publisher: publisher.subscriptions(),
        }
    }

    /// Looks at the state between two entries. Applying waits meanwhile: copy what you need and
    /// be quick, and never wait for anything inside.
    ///
    /// # Panics
    ///
    /// If applying an entry has panicked: the state is then half-changed, and nobody may see it.
    pub fn with<T>(&self, look: impl FnOnce(&Applied) -> T) -> T {
        look(&self.shared.read())
    }

    /// How far the node has applied.
    #[must_use]
    pub fn mark(&self) -> AppliedMark {
        *self.publisher.mark.borrow()
    }

    /// Follows how far the node has applied. A slow follower sees the newest mark, not every one.
    #[must_use]
    pub fn marks(&self) -> watch::Receiver<AppliedMark> {
        self.publisher.mark.clone()
    }

    /// Waits until the entry with `index` is applied. Cancel-safe.
    pub async fn applied(&self, index: u64) -> Result<(), Stopped> {
        let mut marks = self.marks();
        let reached = |mark: &AppliedMark| {
            mark.position
                .is_some_and(|position| position.index >= index)
        };
        marks
            .wait_for(reached)
            .await
            .map(|_| ())
            .map_err(|_| Stopped)
    }

    /// Every entry's events from now on. A slow subscriber is told how many entries it has missed.
    #[must_use]
    pub fn events(&self) -> broadcast::Receiver<Committed> {
        self.publisher.events()
    }

    /// The digest of the state as it is (contract S8); `None` before the first entry. It encodes
    /// and hashes the whole state, once for each index that is asked for: tens of milliseconds for
    /// a full subnet.
    #[must_use]
    pub fn digest(&self) -> Option<StateDigest> {
        self.shared.digest()
    }

    /// The newest digests at indexes that every node picks alike, the oldest first.
    #[must_use]
    pub fn checkpoints(&self) -> Vec<StateDigest> {
        self.shared.checkpoints().all()
    }
}
