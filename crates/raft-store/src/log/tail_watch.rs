//! How far the log goes, for those who neither read nor write it.

use super::view::SharedView;
use crate::{LogId, Vote};

/// A cheap handle to the end of the log. It does not keep the data directory.
#[derive(Clone)]
pub struct LogTail(SharedView);

impl LogTail {
    pub(super) const fn new(view: SharedView) -> Self {
        Self(view)
    }

    /// The last entry, or the last purged one; perhaps not durable yet.
    #[must_use]
    pub fn last(&self) -> Option<LogId> {
        self.0.lock().last
    }

    /// Whether the log is durable up to this index, by itself or by the snapshot that replaced it.
    #[must_use]
    pub fn is_durable(&self, index: u64) -> bool {
        let view = self.0.lock();
        let purged = view.purged.is_some_and(|purged| index <= purged.index);
        purged || index < view.durable.next_index
    }

    /// The vote that Raft holds, which may not be durable yet.
    #[must_use]
    pub fn vote(&self) -> Option<Vote> {
        self.0.lock().vote
    }

    /// The newest vote that is durable.
    #[must_use]
    pub fn durable_vote(&self) -> Option<Vote> {
        self.0.lock().durable.vote
    }
}
