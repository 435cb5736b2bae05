//! Identifiers that appear in more than one place.

use core::fmt;

/// A gateway node's Raft id, chosen by the operator, 1 or more, never reused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub u64);

/// A subnet's id, chosen by the operator.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SubnetId(pub u32);

/// The subnet that is meant where none is named. The configuration describes one network, and operators
/// of a cluster with one network need not know that it has a number.
pub const DEFAULT_SUBNET: SubnetId = SubnetId(1);

/// Where in the Raft log an entry stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct LogPosition {
    /// The term of the leader that appended the entry.
    pub term: u64,
    /// The entry's index.
    pub index: u64,
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for SubnetId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
