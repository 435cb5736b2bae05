//! sled: where a real node's log is.

use super::{Change, DATABASE_FILE, KeyRange, KeyValueStore, Pairs, Table};
use crate::StoreError;
use sled::{Batch, Db, Tree};
use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

/// How much of the log sled may keep in memory, in bytes. Recent entries are in our own tail.
const CACHE_BYTES: u64 = 32 * 1024 * 1024;
/// The extension of a summary that sled has not finished: `snap.<lsn>.generating`.
const INTERRUPTED: &str = "generating";

/// An open database.
pub(super) struct SledStore {
    db: Db,
    log: Tree,
    meta: Tree,
    file: File,
}

impl SledStore {
    pub(super) fn open(directory: &Path) -> Result<Self, StoreError> {
        let path = directory.join(DATABASE_FILE);
        wait_for_sled_to_let_go(&path)?;
        remove_interrupted(directory)?;
        let config = sled::Config::new()
            .path(directory)
            .cache_capacity(CACHE_BYTES)
            .flush_every_ms(None);
        // On some damage sled panics while it recovers.
        let db = catch_unwind(AssertUnwindSafe(|| config.open()))
            .map_err(|_| StoreError::DatabasePanic(directory.to_owned()))?
            .map_err(|error| StoreError::database("opening the files")(error.into()))?;
        let tree = |name: &str| {
            let tree = db.open_tree(name);
            tree.map_err(|error| StoreError::database("opening a tree")(error.into()))
        };
        Ok(Self {
            log: tree("log")?,
            meta: tree("meta")?,
            file: File::open(&path).map_err(StoreError::io("opening", &path))?,
            db,
        })
    }

    const fn tree(&self, table: Table) -> &Tree {
        match table {
            Table::Log => &self.log,
            Table::Meta => &self.meta,
        }
    }
}

impl KeyValueStore for SledStore {
    fn get(&self, table: Table, key: &[u8]) -> io::Result<Option<Vec<u8>>> {
        let found = self.tree(table).get(key)?;
        Ok(found.map(|value| value.to_vec()))
    }

    fn range(&self, table: Table, keys: KeyRange) -> Pairs<'_> {
        let pairs = self.tree(table).range(keys);
        Box::new(pairs.map(|pair| {
            let (key, value) = pair?;
            Ok((key.to_vec(), value.to_vec()))
        }))
    }

    fn apply(&self, table: Table, changes: Vec<Change<'_>>) -> io::Result<()> {
        let mut batch = Batch::default();
        for Change { key, value } in changes {
            match value {
                Some(value) => batch.insert(key, value),
                None => batch.remove(key),
            }
        }
        Ok(self.tree(table).apply_batch(batch)?)
    }

    /// sled's `flush` writes out but does not fsync (ADR 0004), so its file is synced after it.
    fn sync(&self) -> io::Result<()> {
        self.db.flush()?;
        self.file.sync_data()
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

/// Removes what sled leaves when it is interrupted while it writes a summary of its file, which it
/// does at each start. sled would take it for the newest summary, and for damaged, at every start.
fn remove_interrupted(directory: &Path) -> Result<(), StoreError> {
    let reading = || StoreError::io("reading directory", directory);
    for entry in fs::read_dir(directory).map_err(reading())? {
        let path = entry.map_err(reading())?.path();
        if path.extension().is_some_and(|found| found == INTERRUPTED) {
            fs::remove_file(&path).map_err(StoreError::io("removing", &path))?;
        }
    }
    Ok(())
}
