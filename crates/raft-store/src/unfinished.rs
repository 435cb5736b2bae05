//! Since when the store waits for its disk.
//!
//! A disk that fails says so. One that hangs says nothing: a sync that never returns (a path to a
//! SAN that is gone, sled after some failed writes) leaves a node that looks alive and takes nothing
//! up. Only the age of what has begun and not ended shows it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::time::Instant;

/// The writes of a store that have begun and not ended. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct UnfinishedWrites(Arc<Mutex<Begun>>);

/// What is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WriteKind {
    /// A group of changes of the log: small, and somebody waits.
    Log,
    /// A snapshot: as large as the state.
    Snapshot,
}

#[derive(Debug, Default)]
struct Begun {
    next: u64,
    writes: BTreeMap<u64, (WriteKind, Instant)>,
}

/// A write that has begun. Dropped when it has ended, well or not.
#[derive(Debug)]
pub(crate) struct Underway {
    of: UnfinishedWrites,
    number: u64,
}

impl UnfinishedWrites {
    /// Since when the oldest unfinished write of this kind is under way.
    #[must_use]
    pub fn oldest(&self, kind: WriteKind) -> Option<Instant> {
        let begun = self.lock();
        let of_kind = begun.writes.values().filter(|(other, _)| *other == kind);
        of_kind.map(|(_, since)| *since).min()
    }

    /// To be held for as long as the write takes.
    pub(crate) fn begin(&self, kind: WriteKind) -> Underway {
        let mut begun = self.lock();
        let number = begun.next;
        begun.next += 1;
        begun.writes.insert(number, (kind, Instant::now()));
        Underway {
            of: self.clone(),
            number,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Begun> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Underway {
    fn drop(&mut self) {
        self.of.lock().writes.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_of_its_kind_is_told_until_it_ends() {
        let writes = UnfinishedWrites::default();
        assert_eq!(writes.oldest(WriteKind::Log), None);
        let first = writes.begin(WriteKind::Log);
        let since = writes.oldest(WriteKind::Log);
        assert!(since.is_some());
        assert_eq!(writes.oldest(WriteKind::Snapshot), None);
        let second = writes.begin(WriteKind::Log);
        assert_eq!(writes.oldest(WriteKind::Log), since);
        drop(first);
        assert!(writes.oldest(WriteKind::Log) >= since);
        drop(second);
        assert_eq!(writes.oldest(WriteKind::Log), None);
    }
}
