//! sled: where the log's bytes are.

use super::key::{self, PART_BYTES};
use super::operation::MetaKey;
use super::record;
use crate::StoreError;
use crate::data_dir::{DataDir, sync_tree};
use sled::{Batch, Db, Tree};
use std::fs::File;
use std::io::ErrorKind;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// How much of the log sled may keep in memory, in bytes. Recent entries are in our own tail.
const CACHE_BYTES: u64 = 32 * 1024 * 1024;
/// How many parts one step of a purge or a truncation removes: sled is slow at it.
const REMOVED_PARTS: usize = 128;

/// An open database. Clones share it; the last one closes it.
#[derive(Clone)]
pub(super) struct Database {
    db: Db,
    log: Tree,
    meta: Tree,
    file: Arc<File>,
    path: PathBuf,
    /// Keeps the data directory ours for as long as sled has it open. Dropped last.
    _directory: Arc<DataDir>,
}

/// One record of the log, put together again but not checked.
pub(super) struct RawRecord {
    pub(super) index: u64,
    pub(super) bytes: Vec<u8>,
}

impl Database {
    /// Opens or creates it, and makes durable what sled itself does not: its files' existence.
    pub(super) fn open(directory: Arc<DataDir>) -> Result<Self, StoreError> {
        let root = directory.log();
        let path = root.join("db");
        wait_for_sled_to_let_go(&path)?;
        let config = sled::Config::new()
            .path(&root)
            .cache_capacity(CACHE_BYTES)
            .flush_every_ms(None);
        // On some damage sled panics while it recovers.
        let db = catch_unwind(AssertUnwindSafe(|| config.open()))
            .map_err(|_| StoreError::DatabasePanic(root.clone()))?
            .map_err(StoreError::database("opening the files"))?;
        let opening = StoreError::database("opening a tree");
        let log = db.open_tree("log").map_err(&opening)?;
        let meta = db.open_tree("meta").map_err(&opening)?;
        let file = File::open(&path).map_err(StoreError::io("opening", &path))?;
        let database = Self {
            db,
            log,
            meta,
            file: Arc::new(file),
            path,
            _directory: directory,
        };
        database.sync()?;
        sync_tree(&root)?;
        Ok(database)
    }

    /// Makes all that was written durable. sled's `flush` writes it out but does not fsync it
    /// (ADR 0004), so sled's file is synced after it.
    pub(super) fn sync(&self) -> Result<(), StoreError> {
        self.db
            .flush()
            .map_err(StoreError::database("writing out"))?;
        self.file
            .sync_data()
            .map_err(StoreError::io("making durable", &self.path))
    }

    /// What is remembered under `key`, with its checksum checked.
    pub(super) fn meta(&self, key: MetaKey) -> Result<Option<Vec<u8>>, StoreError> {
        let found = self.meta.get(key.name());
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
        let keys = key::encode(range.start, 0)..key::encode(range.end, 0);
        let mut parts = self.log.range(keys).map(read_part).peekable();
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
        let mut batch = Batch::default();
        for (index, record) in records {
            for (part, bytes) in (0..=u16::MAX).zip(record.chunks(PART_BYTES)) {
                batch.insert(&key::encode(*index, part)[..], bytes);
            }
        }
        self.log
            .apply_batch(batch)
            .map_err(StoreError::database("appending entries"))
    }

    /// Removes every entry from `from` on, from the end backwards, so that a crash leaves no hole.
    pub(super) fn truncate(&self, from: u64) -> Result<(), StoreError> {
        let from = key::encode(from, 0);
        while self.remove_some(self.log.range(from..).rev())? {}
        Ok(())
    }

    /// Removes a bounded number of entries up to `upto`; whether there are more.
    pub(super) fn purge(&self, upto: u64) -> Result<bool, StoreError> {
        self.remove_some(self.log.range(..=key::encode(upto, u16::MAX)))
    }

    fn remove_some(
        &self,
        parts: impl Iterator<Item = sled::Result<(sled::IVec, sled::IVec)>>,
    ) -> Result<bool, StoreError> {
        let removing = StoreError::database("removing entries");
        let mut batch = Batch::default();
        let mut count = 0;
        for part in parts.take(REMOVED_PARTS) {
            let (key, _) = part.map_err(&removing)?;
            batch.remove(key);
            count += 1;
        }
        self.log.apply_batch(batch).map_err(&removing)?;
        Ok(count == REMOVED_PARTS)
    }

    /// Remembers a record beside the log.
    pub(super) fn put(&self, key: MetaKey, record: &[u8]) -> Result<(), StoreError> {
        let putting = StoreError::database("writing what is beside the log");
        self.meta.insert(key.name(), record).map_err(putting)?;
        Ok(())
    }
}

/// Waits until an earlier database of this process has released `file`. sled's own threads hold
/// its lock for a moment longer than the last handle lives, and a new database refuses to wait.
/// Nobody else can hold it: the data directory is locked by us.
fn wait_for_sled_to_let_go(file: &Path) -> Result<(), StoreError> {
    match File::open(file) {
        Ok(open) => open.lock().map_err(StoreError::io("locking", file)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(StoreError::io("opening", file)(error)),
    }
}

type Part = (u64, u16, Vec<u8>);

fn read_part(part: sled::Result<(sled::IVec, sled::IVec)>) -> Result<Part, StoreError> {
    let (key, bytes) = part.map_err(StoreError::database("reading entries"))?;
    let Some((index, part)) = key::decode(&key) else {
        return Err(StoreError::DamagedRecord {
            what: "a log entry".into(),
            reason: "its key is not an index",
        });
    };
    Ok((index, part, bytes.to_vec()))
}

fn damaged(index: u64, reason: &'static str) -> StoreError {
    StoreError::DamagedRecord {
        what: format!("log entry {index}"),
        reason,
    }
}
