//! The newest entries, in memory.
//!
//! An entry leaves only after it can be read from disk, so the tail together with the disk is the
//! whole log. It is bounded by the writer's queue and by two limits.

use crate::Entry;
use std::collections::VecDeque;

/// How many entries are kept once they are on disk.
const ENTRIES: usize = 4096;
/// How many bytes of them, as they are on disk.
const BYTES: usize = 16 * 1024 * 1024;

/// Consecutive entries that end with the log's last.
#[derive(Default)]
pub(super) struct Tail {
    slots: VecDeque<Slot>,
    bytes: usize,
    /// Slots up to this sequence are on disk.
    written: u64,
}

struct Slot {
    entry: Entry,
    bytes: usize,
    sequence: u64,
}

impl Tail {
    /// The index of the first entry here.
    pub(super) fn first_index(&self) -> Option<u64> {
        self.slots.front().map(|slot| slot.entry.log_id.index)
    }

    /// Adds the entry after the last.
    pub(super) fn push(&mut self, entry: Entry, bytes: usize, sequence: u64) {
        self.bytes += bytes;
        self.slots.push_back(Slot {
            entry,
            bytes,
            sequence,
        });
    }

    /// The entries up to `sequence` can be read from disk now.
    pub(super) fn mark_written(&mut self, sequence: u64) {
        self.written = self.written.max(sequence);
        while self.slots.len() > ENTRIES || self.bytes > BYTES {
            match self.slots.front() {
                Some(slot) if slot.sequence <= self.written => self.pop_front(),
                _ => break,
            }
        }
    }

    /// Forgets every entry from `index` on.
    pub(super) fn truncate_from(&mut self, index: u64) {
        while let Some(slot) = self.slots.back()
            && slot.entry.log_id.index >= index
        {
            self.bytes -= slot.bytes;
            self.slots.pop_back();
        }
    }

    /// Forgets every entry up to `index`.
    pub(super) fn purge_upto(&mut self, index: u64) {
        while let Some(slot) = self.slots.front()
            && slot.entry.log_id.index <= index
        {
            self.pop_front();
        }
    }

    /// The entries of `start..end` that are here, each with its size on disk.
    pub(super) fn read(&self, start: u64, end: u64) -> impl Iterator<Item = (Entry, usize)> {
        let first = self.first_index().unwrap_or(0);
        let position = |index: u64| {
            let offset = index.saturating_sub(first);
            usize::try_from(offset).map_or(self.slots.len(), |n| n.min(self.slots.len()))
        };
        let (from, to) = (position(start), position(end));
        self.slots
            .range(from.min(to)..to)
            .map(|slot| (slot.entry.clone(), slot.bytes))
    }

    fn pop_front(&mut self) {
        if let Some(slot) = self.slots.pop_front() {
            self.bytes -= slot.bytes;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{CommittedLeaderId, LogId};
    use openraft::EntryPayload;

    fn entry(index: u64) -> Entry {
        let log_id = LogId::new(CommittedLeaderId::new(1), index);
        let payload = EntryPayload::Blank;
        Entry { log_id, payload }
    }

    fn indexes(tail: &Tail, start: u64, end: u64) -> Vec<u64> {
        tail.read(start, end).map(|(e, _)| e.log_id.index).collect()
    }

    #[test]
    fn entries_stay_until_they_are_on_disk() {
        let mut tail = Tail::default();
        let count = ENTRIES as u64 + 10;
        for index in 0..count {
            tail.push(entry(index), 1, index + 1);
        }
        assert_eq!(tail.first_index(), Some(0));
        tail.mark_written(4);
        assert_eq!(tail.first_index(), Some(4));
        tail.mark_written(count);
        assert_eq!(tail.first_index(), Some(10));
        assert_eq!(tail.bytes, ENTRIES);
    }

    #[test]
    fn bytes_are_bounded_too() {
        let mut tail = Tail::default();
        for index in 0..4 {
            tail.push(entry(index), BYTES / 2, index + 1);
        }
        tail.mark_written(4);
        assert_eq!(tail.first_index(), Some(2));
    }

    #[test]
    fn reading_gives_what_is_there() {
        let mut tail = Tail::default();
        assert!(indexes(&tail, 0, 9).is_empty());
        for index in 5..10 {
            tail.push(entry(index), 1, 1);
        }
        assert_eq!(indexes(&tail, 0, 7), [5, 6]);
        assert_eq!(indexes(&tail, 8, u64::MAX), [8, 9]);
        assert!(indexes(&tail, 10, 12).is_empty());
        assert!(indexes(&tail, 0, 5).is_empty());
        tail.truncate_from(8);
        tail.purge_upto(5);
        assert_eq!(indexes(&tail, 0, 100), [6, 7]);
        assert_eq!(tail.bytes, 2);
    }
}
