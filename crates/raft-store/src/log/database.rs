//! Records and what is beside them, in the tables of an ordered database.

use super::key::{self, PART_BYTES};
use super::operation::MetaKey;
use super::record;
use crate::StoreError;
use crate::data_dir::{DataDir, sync_tree};
use crate::storage_env::{Change, KeyValueStore, Pair, Pairs, Table};
use std::io;
use std::ops::{Bound, Range};
use std::sync::Arc;

/// How many parts one step of a purge or a truncation removes: sled is slow at it.
const REMOVED_PARTS: usize = 128;
/// What a failing sync was doing.
const SYNCING: &str = "making changes durable";

/// An open database. Clones share it; the last one closes it.
#[derive(Clone)]
pub(super) struct Database {
    store: Arc<dyn KeyValueStore>,
    /// Keeps the data directory ours for as long as the database is open. Dropped last.
    _directory: Arc<DataDir>,
}

/// One record of the log, put together again but not checked.
pub(super) struct RawRecord {
    pub(super) index: u64,
    pub(super) bytes: Vec<u8>,
}

impl Database {
    /// Opens or creates it, and makes durable what it does not itself: its files' existence.
    pub(super) fn open(directory: Arc<DataDir>) -> Result<Self, StoreError> {
        let env = directory.env();
        let root = directory.log();
        let store = env.open_database(&root)?;
        store.sync().map_err(StoreError::database(SYNCING))?;
        sync_tree(env, &root)?;
        Ok(Self {
            store,
            _directory: directory,
        })
    }

    /// Makes all that was written durable.
    pub(super) fn sync(&self) -> Result<(), StoreError> {
        self.store.sync().map_err(StoreError::database(SYNCING))
    }

    /// What is remembered under `key`, with its checksum checked.
    pub(super) fn meta(&self, key: MetaKey) -> Result<Option<Vec<u8>>, StoreError> {
        let found = self.store.get(Table::Meta, key.name().as_bytes());
        let Some(bytes) = found.map_err(StoreError::database("reading what is beside the log"))?
        else {
            return Ok(None);
        };
        let content = record::open(key.name().as_bytes(), &bytes);
        let damaged = |reason| StoreError::DamagedRecord {
            what: format!("the log's {}", key.name()),
            reason,
        };
        content.map(<[u8]>::to_vec).map(Some).map_err(damaged)
    }

    /// The records of `range`, in order, as far as they are there.
    pub(super) fn records(
        &self,
        range: Range<u64>,
    ) -> impl Iterator<Item = Result<RawRecord, StoreError>> {
        let start = Bound::Included(key::encode(range.start, 0).to_vec());
        let end = Bound::Excluded(key::encode(range.end, 0).to_vec());
        let parts = self.store.range(Table::Log, (start, end));
        let mut parts = parts.map(read_part).peekable();
        std::iter::from_fn(move || {
            let (index, mut bytes) = match parts.next()? {
                Ok((index, 0, bytes)) => (index, bytes),
                Ok((index, ..)) => return Some(Err(damaged(index, "its beginning is missing"))),
                Err(error) => return Some(Err(error)),
            };
            // A missing part is found by the checksum.
            while let Some(part) = parts.next_if(|part| matches!(part, Ok((i, ..)) if *i == index))
            {
                match part {
                    Ok((_, _, more)) => bytes.extend_from_slice(&more),
                    Err(error) => return Some(Err(error)),
                }
            }
            Some(Ok(RawRecord { index, bytes }))
        })
    }

    /// Adds records.
    pub(super) fn append(&self, records: &[(u64, Vec<u8>)]) -> Result<(), StoreError> {
        let mut changes = Vec::new();
        for (index, record) in records {
            for (part, bytes) in (0..=u16::MAX).zip(record.chunks(PART_BYTES)) {
                changes.push(Change {
                    key: key::encode(*index, part).to_vec(),
                    value: Some(bytes),
                });
            }
        }
        let appended = self.store.apply(Table::Log, changes);
        appended.map_err(StoreError::database("appending entries"))
    }

    /// Removes every entry from `from` on, from the end backwards, so that a crash leaves no hole.
    pub(super) fn truncate(&self, from: u64) -> Result<(), StoreError> {
        let from = Bound::Included(key::encode(from, 0).to_vec());
        let doomed = || {
            let parts: Pairs<'_> = self
                .store
                .range(Table::Log, (from.clone(), Bound::Unbounded));
            parts.rev()
        };
        while self.remove_some(doomed())? {}
        Ok(())
    }

    /// Removes a bounded number of entries up to `upto`; whether there are more.
    pub(super) fn purge(&self, upto: u64) -> Result<bool, StoreError> {
        let upto = Bound::Included(key::encode(upto, u16::MAX).to_vec());
        self.remove_some(self.store.range(Table::Log, (Bound::Unbounded, upto)))
    }

    fn remove_some(
        &self,
        parts: impl Iterator<Item = io::Result<Pair>>,
    ) -> Result<bool, StoreError> {
        let removing = StoreError::database("removing entries");
        let mut changes = Vec::new();
        for part in parts.take(REMOVED_PARTS) {
            let (key, _) = part.map_err(&removing)?;
            changes.push(Change { key, value: None });
        }
        let more = changes.len() == REMOVED_PARTS;
        let removed = self.store.apply(Table::Log, changes);
        removed.map(|()| more).map_err(removing)
    }

    /// Remembers a record beside the log.
    pub(super) fn put(&self, key: MetaKey, record: &[u8]) -> Result<(), StoreError> {
        let change = Change {
            key: key.name().into(),
            value: Some(record),
        };
        let put = self.store.apply(Table::Meta, vec![change]);
        put.map_err(StoreError::database("writing what is beside the log"))
    }
}

type Part = (u64, u16, Vec<u8>);

fn read_part(part: io::Result<Pair>) -> Result<Part, StoreError> {
    let (key, bytes) = part.map_err(StoreError::database("reading entries"))?;
    let Some((index, part)) = key::decode(&key) else {
        return Err(StoreError::DamagedRecord {
            what: "a log entry".into(),
            reason: "its key is not an index",
        });
    };
    Ok((index, part, bytes))
}

fn damaged(index: u64, reason: &'static str) -> StoreError {
    StoreError::DamagedRecord {
        what: format!("log entry {index}"),
        reason,
    }
}
