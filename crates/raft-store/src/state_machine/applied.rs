//! What is applied, and how readers are told of it.

use super::StateDigest;
use crate::{LogId, SnapshotMeta, StoredMembership};
use ipam::{ClusterTime, Event, LogPosition, State};
use std::sync::Arc;

/// The state after the last applied entry.
#[derive(Clone, Debug, Default)]
pub struct Applied {
    /// The replicated state.
    pub state: State,
    /// The entry after which it is so; `None` before the first.
    pub last_applied: Option<LogId>,
    /// The members as of that entry.
    pub membership: StoredMembership,
}

/// How far a node has applied: published after every entry.
///
/// For the leader's clock (contract T2): once a mark with the leader's own term is seen, `clock` is
/// the value to count the leader's own elapsed time from, starting at the moment of seeing it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AppliedMark {
    /// The entry; `None` before the first.
    pub position: Option<LogPosition>,
    /// The cluster clock after it.
    pub clock: ClusterTime,
    /// The newest digest that was taken on the way (contract S8).
    pub checkpoint: Option<StateDigest>,
}

/// One applied entry's events, never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Committed {
    /// The entry's index.
    pub index: u64,
    /// What changed, in order.
    pub events: Arc<[Event]>,
}

impl Applied {
    /// What a snapshot of it covers.
    pub(super) fn snapshot_meta(&self) -> SnapshotMeta {
        SnapshotMeta {
            last_log_id: self.last_applied,
            last_membership: self.membership.clone(),
        }
    }

    /// Where it stands, in the core's words.
    pub(super) fn position(&self) -> Option<LogPosition> {
        self.last_applied.map(position)
    }
}

/// A log id in the core's words.
pub(super) const fn position(log_id: LogId) -> LogPosition {
    LogPosition {
        term: log_id.leader_id.term,
        index: log_id.index,
    }
}
