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

/// A label of one request, for the logs of all nodes: what a client or an operator asked, from the node that took it
/// to what each node made of it.
///
/// Drawn by that node, so in practice no two requests have the same one; but nothing sees to it, and a peer may send
/// any. So nothing may be decided by it, and it is no part of the state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId(pub u64);

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

/// Sixteen hexadecimal digits: all of one length, so that one is never found within another.
impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl fmt::Display for SubnetId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn request_id_shown_is_sixteen_digits() {
        assert_eq!(RequestId(0).to_string(), "0000000000000000");
        assert_eq!(RequestId(0x5eed).to_string(), "0000000000005eed");
        assert_eq!(RequestId(u64::MAX).to_string(), "ffffffffffffffff");
    }
}
