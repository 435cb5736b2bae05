//! Reading the log: for replication, for applying, and at the start.

use super::database::Database;
use super::verify::open_entry;
use super::view::SharedView;
use crate::failure::Failure;
use crate::{Entry, RaftTypes, StoreError, Vote};
use openraft::{AsyncRuntime, OptionalSend, RaftLogReader};
use std::fmt::Debug;
use std::io;
use std::ops::{Bound, Range, RangeBounds};
use std::sync::Arc;

/// How many entries one limited read gives at most.
const LIMITED_ENTRIES: u64 = 512;
/// How many bytes of them, as they are on disk; but always one entry.
const LIMITED_BYTES: usize = 1024 * 1024;

/// Reads the log. Cheap to make; sees every append as soon as it was asked for.
pub struct LogReader {
    view: SharedView,
    database: Database,
    failure: Arc<Failure>,
}

impl LogReader {
    pub(super) const fn new(view: SharedView, database: Database, failure: Arc<Failure>) -> Self {
        Self {
            view,
            database,
            failure,
        }
    }

    /// What there is of `start..end`, each entry with its size on disk: the first ones, up to
    /// `limit` bytes, but always one.
    fn read(&self, start: u64, end: u64, limit: usize) -> Result<Vec<Entry>, StoreError> {
        self.failure.check()?;
        loop {
            let mut plan = self.view.lock().plan(start, end);
            let mut taken = Taken::new(limit);
            if plan.disk.is_empty() {
                taken.extend(plan.memory);
                return Ok(taken.entries);
            }
            let read = self.read_disk(plan.disk.clone(), &mut taken);
            // What was truncated or purged meanwhile may be half there: read again.
            if self.view.lock().is_current(&plan) {
                read?;
                taken.extend(std::mem::take(&mut plan.memory));
                return Ok(taken.entries);
            }
        }
    }

    fn read_disk(&self, range: Range<u64>, taken: &mut Taken) -> Result<(), StoreError> {
        let mut expected = range.start;
        for record in self.database.records(range.clone()) {
            let record = record?;
            if record.index != expected {
                return Err(StoreError::Hole(expected));
            }
            expected += 1;
            if !taken.push(open_entry(&record)?, record.bytes.len()) {
                return Ok(());
            }
        }
        if expected != range.end {
            return Err(StoreError::Hole(expected));
        }
        Ok(())
    }
}

/// Entries read so far, up to a limit in bytes. Once one is left out, so are all that follow.
struct Taken {
    entries: Vec<Entry>,
    bytes: usize,
    limit: usize,
}

impl Taken {
    const fn new(limit: usize) -> Self {
        Self {
            entries: Vec::new(),
            bytes: 0,
            limit,
        }
    }

    /// Whether there was room.
    fn push(&mut self, entry: Entry, bytes: usize) -> bool {
        self.bytes = self.bytes.saturating_add(bytes);
        let fits = self.bytes <= self.limit || self.entries.is_empty();
        if fits {
            self.entries.push(entry);
        }
        fits
    }

    fn extend(&mut self, entries: Vec<(Entry, usize)>) {
        for (entry, bytes) in entries {
            if !self.push(entry, bytes) {
                return;
            }
        }
    }
}

impl<RT: AsyncRuntime> RaftLogReader<RaftTypes<RT>> for LogReader {
    async fn try_get_log_entries<RB>(&mut self, range: RB) -> Result<Vec<Entry>, io::Error>
    where
        RB: RangeBounds<u64> + Clone + Debug + OptionalSend,
    {
        let start = match range.start_bound() {
            Bound::Included(start) => *start,
            Bound::Excluded(before) => before.saturating_add(1),
            Bound::Unbounded => 0,
        };
        let end = match range.end_bound() {
            Bound::Included(last) => last.saturating_add(1),
            Bound::Excluded(end) => *end,
            Bound::Unbounded => u64::MAX,
        };
        Ok(self.read(start, end, usize::MAX)?)
    }

    async fn read_vote(&mut self) -> Result<Option<Vote>, io::Error> {
        self.failure.check()?;
        Ok(self.view.lock().vote)
    }

    async fn limited_get_log_entries(
        &mut self,
        start: u64,
        end: u64,
    ) -> Result<Vec<Entry>, io::Error> {
        let end = end.min(start.saturating_add(LIMITED_ENTRIES));
        Ok(self.read(start, end, LIMITED_BYTES)?)
    }
}
