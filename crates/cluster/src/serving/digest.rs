//! The digest that peers compare theirs with (S8: two nodes that have applied the same entry have the same
//! state).
//!
//! While entries come it is that of the last checkpoint, which every node has; in between that of the state as
//! it is, which costs a pass over the state once.

use crate::lock::lock;
use api::proto::peer::HealthResponse;
use raft_store::{StateDigest, StateReader};
use std::sync::Mutex;

/// The digest that this node shows.
#[derive(Debug, Default)]
pub(crate) struct ShownDigest(Mutex<Shown>);

#[derive(Debug, Default)]
struct Shown {
    applied: Option<u64>,
    digest: Option<StateDigest>,
}

impl ShownDigest {
    /// The digest to show to peers.
    pub(crate) fn now(&self) -> Option<StateDigest> {
        lock(&self.0).digest
    }

    /// Looks whether another one is to be shown.
    pub(super) fn refresh(&self, reader: &StateReader) {
        let applied = reader.mark().position.map(|position| position.index);
        let mut shown = lock(&self.0);
        let quiet = shown.applied == applied;
        shown.applied = applied;
        shown.digest = if quiet {
            reader.digest()
        } else {
            reader.mark().checkpoint
        };
    }

    /// Whether a peer's digest agrees with this node's of the same index; `None` if there is none.
    pub(super) fn agrees(&self, reader: &StateReader, response: &HealthResponse) -> Option<bool> {
        let ours = reader.checkpoints().into_iter().chain(self.now());
        let ours = ours
            .into_iter()
            .find(|digest| digest.index == response.digest_index)?;
        (!response.digest.is_empty()).then(|| ours.sha256.as_slice() == response.digest.as_slice())
    }
}
