//! What openraft has asked for, whether or not it is on disk yet.

use super::tail::Tail;
use super::watermark::Mark;
use crate::{Entry, LogId, StoreError, Vote};
use openraft::LogIdOptionExt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The log as openraft sees it.
#[derive(Default)]
pub(super) struct View {
    pub(super) vote: Option<Vote>,
    pub(super) committed: Option<LogId>,
    pub(super) purged: Option<LogId>,
    /// The last entry, or the last purged one when there is none.
    pub(super) last: Option<LogId>,
    /// What is on the disk for certain.
    pub(super) durable: Mark,
    /// The index of the first entry, when there is one.
    first: u64,
    tail: Tail,
    /// Counts what has been appended.
    sequence: u64,
    /// Counts truncations and purges: a read from disk that spans one is done again.
    generation: u64,
}

/// A view that the store, the readers and the writer share.
#[derive(Clone, Default)]
pub(super) struct SharedView(Arc<Mutex<View>>);

/// How to read a range: first from disk, then from memory.
pub(super) struct ReadPlan {
    /// `start..end` on disk; empty when memory has it all.
    pub(super) disk: std::ops::Range<u64>,
    /// The rest, each entry with its size on disk.
    pub(super) memory: Vec<(Entry, usize)>,
    generation: u64,
}

impl SharedView {
    pub(super) fn new(view: View) -> Self {
        Self(Arc::new(Mutex::new(view)))
    }

    /// Nothing that holds the lock can panic half-way through a change.
    pub(super) fn lock(&self) -> MutexGuard<'_, View> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl View {
    /// The view of a log that is on disk.
    pub(super) fn restored(
        vote: Option<Vote>,
        committed: Option<LogId>,
        purged: Option<LogId>,
        entries: Option<(u64, LogId)>,
    ) -> Self {
        Self {
            vote,
            committed,
            purged,
            last: entries.map(|(_, last)| last).or(purged),
            durable: Mark {
                next_index: entries.map_or(0, |(_, last)| last.index + 1),
                last_checksum: None,
                vote,
            },
            first: entries.map_or(0, |(first, _)| first),
            ..Self::default()
        }
    }

    /// Adds entries at the end and says under which sequence they wait to be written.
    pub(super) fn append(&mut self, entries: Vec<(Entry, usize)>) -> Result<u64, StoreError> {
        self.sequence += 1;
        for (entry, bytes) in entries {
            let index = entry.log_id.index;
            if self.is_empty() {
                // A log may begin anywhere after what is purged.
                self.check_next(index, self.purged)?;
                self.first = index;
            } else {
                self.check_next(index, self.last)?;
            }
            self.last = Some(entry.log_id);
            self.tail.push(entry, bytes, self.sequence);
        }
        Ok(self.sequence)
    }

    /// Forgets every entry after `after`; the first index to remove from disk, if any.
    pub(super) fn truncate_after(
        &mut self,
        after: Option<LogId>,
    ) -> Result<Option<u64>, StoreError> {
        if let (Some(purged), Some(kept)) = (self.purged, after)
            && kept.index < purged.index
        {
            return Err(StoreError::TruncatesPurged {
                after: kept.index,
                purged: purged.index,
            });
        }
        if self.is_empty() || after.index() >= self.last.index() {
            return Ok(None);
        }
        let from = after.map_or(self.first, |kept| (kept.index + 1).max(self.first));
        self.generation += 1;
        self.tail.truncate_from(from);
        self.last = if from > self.first {
            after
        } else {
            self.purged
        };
        Ok(Some(from))
    }

    /// Forgets every entry up to `upto`; whether that is news.
    pub(super) fn purge(&mut self, upto: LogId) -> bool {
        if self.purged.index() >= Some(upto.index) {
            return false;
        }
        self.generation += 1;
        self.purged = Some(upto);
        self.tail.purge_upto(upto.index);
        if self.last.index() <= Some(upto.index) {
            self.last = Some(upto);
        } else {
            self.first = self.first.max(upto.index + 1);
        }
        true
    }

    /// The entries that were appended up to `sequence` can be read from disk now.
    pub(super) fn mark_written(&mut self, sequence: u64) {
        self.tail.mark_written(sequence);
    }

    /// How to read what there is of `start..end`.
    pub(super) fn plan(&self, start: u64, end: u64) -> ReadPlan {
        let next = self.last.map_or(0, |last| last.index + 1);
        let start = start.max(self.first);
        let end = end.min(next);
        let generation = self.generation;
        if self.is_empty() || start >= end {
            return ReadPlan {
                disk: 0..0,
                memory: Vec::new(),
                generation,
            };
        }
        let cached = self.tail.first_index().unwrap_or(next);
        let disk = start..end.min(cached).max(start);
        let memory = self.tail.read(disk.end, end).collect();
        ReadPlan {
            disk,
            memory,
            generation,
        }
    }

    /// Whether nothing was truncated or purged since the plan was made.
    pub(super) const fn is_current(&self, plan: &ReadPlan) -> bool {
        self.generation == plan.generation
    }

    fn is_empty(&self) -> bool {
        self.last == self.purged
    }

    fn check_next(&self, found: u64, previous: Option<LogId>) -> Result<(), StoreError> {
        match previous {
            Some(previous) if previous.index + 1 != found => Err(StoreError::NotContiguous {
                expected: previous.index + 1,
                found,
            }),
            _ => Ok(()),
        }
    }
}
