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

    /// All there is of `start..end`, each entry with its size on disk.
    fn read(&self, start: u64, end: u64) -> Result<Vec<(Entry, usize)>, StoreError> {
        self.failure.check()?;
        loop {
            let mut plan = self.view.lock().plan(start, end);
            if plan.disk.is_empty() {
                return Ok(plan.memory);
            }
            let read = self.read_disk(plan.disk.clone());
            // What was truncated or purged meanwhile may be half there: read again.
            if self.view.lock().is_current(&plan) {
                let mut entries = read?;
                entries.append(&mut plan.memory);
                return Ok(entries);
            }
        }
    }

    fn read_disk(&self, range: Range<u64>) -> Result<Vec<(Entry, usize)>, StoreError> {
        let mut entries = Vec::new();
        let mut expected = range.start;
        for record in self.database.records(range.clone()) {
            let record = record?;
            if record.index != expected {
                return Err(StoreError::Hole(expected));
            }
            expected += 1;
            entries.push((open_entry(&record)?, record.bytes.len()));
        }
        if expected != range.end {
            return Err(StoreError::Hole(expected));
        }
        Ok(entries)
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
        let entries = self.read(start, end)?;
        Ok(entries.into_iter().map(|(entry, _)| entry).collect())
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
        let mut total = 0;
        let mut entries = Vec::new();
        for (entry, bytes) in self.read(start, end)? {
            total += bytes;
            if total > LIMITED_BYTES && !entries.is_empty() {
                break;
            }
            entries.push(entry);
        }
        Ok(entries)
    }
}
