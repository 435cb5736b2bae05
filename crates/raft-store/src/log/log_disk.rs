//! The log's database, and the watermark that says how much of it there must be.

use super::database::Database;
use super::disk::Disk;
use super::operation::{MetaKey, Operation};
use super::record;
use super::watermark::{Mark, Watermark};
use crate::StoreError;

/// Where the log is.
pub(super) struct LogDisk {
    database: Database,
    watermark: Watermark,
    /// What the watermark may say after the next sync.
    next: Mark,
}

impl LogDisk {
    pub(super) const fn new(database: Database, watermark: Watermark) -> Self {
        let next = watermark.mark();
        Self {
            database,
            watermark,
            next,
        }
    }
}

impl Disk for LogDisk {
    fn write(&mut self, operation: &Operation) -> Result<(), StoreError> {
        match operation {
            Operation::Append { records, .. } => {
                self.database.append(records)?;
                if let Some((last, record)) = records.last() {
                    self.next.next_index = last + 1;
                    self.next.last_checksum = record::checksum_of(record);
                }
                Ok(())
            }
            Operation::Truncate { from } => {
                // Before sled may have removed one of them.
                self.watermark.lower(*from)?;
                if *from < self.next.next_index {
                    self.next.next_index = *from;
                    self.next.last_checksum = None;
                }
                self.database.truncate(*from)
            }
            // S2: a vote that was given is there after a crash.
            //~ mutant s2_vote_not_persisted: Operation::Vote { .. } => Ok(()),
            Operation::Vote { vote, record } => {
                self.database.put(MetaKey::Vote, record)?;
                self.next.vote = Some(*vote);
                Ok(())
            }
            Operation::Committed { record } => self.database.put(MetaKey::Committed, record),
            Operation::Purge { upto, record } => {
                self.database.put(MetaKey::Purged, record)?;
                if self.next.next_index <= *upto {
                    self.next.next_index = upto + 1;
                    self.next.last_checksum = None;
                }
                Ok(())
            }
        }
    }

    fn sync(&mut self) -> Result<(), StoreError> {
        self.database.sync()?;
        self.watermark.raise(self.next)
    }

    fn durable(&self) -> Mark {
        self.watermark.mark()
    }

    fn purge_step(&mut self, upto: u64) -> Result<bool, StoreError> {
        self.database.purge(upto)
    }

    fn close(&mut self) -> Result<(), StoreError> {
        self.sync()?;
        self.watermark.sync()
    }
}
