//! What the writer is asked to do.

use crate::Vote;
use std::io;

/// Called when an operation is durable, or has failed.
pub(super) type Completion = Box<dyn FnOnce(Result<(), io::Error>) + Send>;

/// An operation in the writer's queue. One with a completion must be durable before it is called;
/// one without becomes durable with a later one.
pub(super) struct Queued {
    pub(super) operation: Operation,
    pub(super) completion: Option<Completion>,
}

/// A change of what is on disk.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Operation {
    /// Entries at the end of the log.
    Append {
        /// Index and record of each.
        records: Vec<(u64, Vec<u8>)>,
        /// Tells the view which of its entries can be read from disk from now on.
        sequence: u64,
    },
    /// Remove every entry from this index on, the last one first.
    Truncate { from: u64 },
    /// Remember a vote.
    Vote { vote: Vote, record: Vec<u8> },
    /// Remember which entry is known to be committed.
    Committed { record: Vec<u8> },
    /// Remember that the log is purged up to this index; the entries are removed bit by bit.
    Purge { upto: u64, record: Vec<u8> },
}

/// What is remembered beside the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MetaKey {
    NodeId,
    Vote,
    Committed,
    Purged,
}

impl MetaKey {
    /// The key on disk. Forever.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::NodeId => "node_id",
            Self::Vote => "vote",
            Self::Committed => "committed",
            Self::Purged => "purged",
        }
    }
}
