//! Digests of the state, for nodes to compare (contract S8).

use ipam::State;
use std::collections::VecDeque;
use std::fmt;

/// A checkpoint is taken after every entry whose index is a multiple of this.
const CHECKPOINT_ENTRIES: u64 = 1024;
/// How many checkpoints are kept.
const CHECKPOINTS: usize = 8;

/// What the state was after one entry.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct StateDigest {
    /// The entry's index.
    pub index: u64,
    /// SHA-256 of the encoded state.
    pub sha256: [u8; 32],
}

/// The newest digests, at indexes that every node picks alike.
#[derive(Debug, Default)]
pub(super) struct Checkpoints {
    ring: VecDeque<StateDigest>,
}

impl Checkpoints {
    /// Takes one if it is time.
    pub(super) fn note(&mut self, index: u64, state: &State) {
        if !index.is_multiple_of(CHECKPOINT_ENTRIES) {
            return;
        }
        if self.ring.len() == CHECKPOINTS {
            self.ring.pop_front();
        }
        let sha256 = api::log::state_digest(state);
        self.ring.push_back(StateDigest { index, sha256 });
    }

    /// Forgets all: the state was replaced.
    pub(super) fn clear(&mut self) {
        self.ring.clear();
    }

    /// The newest.
    pub(super) fn newest(&self) -> Option<StateDigest> {
        self.ring.back().copied()
    }

    /// All, the oldest first.
    pub(super) fn all(&self) -> Vec<StateDigest> {
        self.ring.iter().copied().collect()
    }
}

impl fmt::Debug for StateDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.index)?;
        self.sha256
            .iter()
            .try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}
