//! What the store needs of a machine: files, and an ordered database whose changes become durable
//! when it is told to sync.
//!
//! * **What it is.** The port between this crate's logic and the disk. There are two: [`OsEnv`]
//!   (`std::fs` and sled), which every real node uses, and the simulated disk of crate `sim`, which
//!   loses what was not synced.
//! * **What it is not.** It knows nothing of entries, votes and snapshots, and retries nothing.
//! * **What durable means.** A file's content: after [`OpenFile::sync_all`] or
//!   [`OpenFile::sync_data`]. A name (created, renamed, removed): after [`StorageEnv::sync_dir`] of its
//!   directory. A change of the database: after [`KeyValueStore::sync`]. Until then a power cut may
//!   undo it: a file keeps any of what was written since, a database a prefix of its batches.
//! * **Errors** are the system's; the caller says what it was doing.

mod os_env;
mod private;
mod sled_store;

pub use os_env::OsEnv;

use crate::StoreError;
use std::any::Any;
use std::fmt::Debug;
use std::fs::TryLockError;
use std::io;
use std::ops::Bound;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// The file, in a database's directory, without which there is no database.
pub const DATABASE_FILE: &str = "db";

/// Files and a database.
pub trait StorageEnv: Debug + Send + Sync {
    /// Makes a directory, and those above it that are missing, for this user alone.
    fn create_dir_all(&self, path: &Path) -> io::Result<()>;
    /// Removes a directory with all that is in it.
    fn remove_dir_all(&self, path: &Path) -> io::Result<()>;
    /// Refuses a data directory that is not this process's own: a symbolic link, another user's.
    /// Changes nothing. In an environment without users there is nothing to refuse.
    fn check_directory(&self, _path: &Path) -> Result<(), StoreError> {
        Ok(())
    }
    /// Takes from all other users what they may do with a data directory that is known to be ours.
    fn make_private(&self, _path: &Path) -> Result<(), StoreError> {
        Ok(())
    }
    /// Makes the names in a directory durable.
    fn sync_dir(&self, path: &Path) -> io::Result<()>;
    /// What is in a directory, in any order.
    fn list(&self, path: &Path) -> io::Result<Vec<Listed>>;
    /// Whether there is such a file or directory.
    fn exists(&self, path: &Path) -> io::Result<bool>;
    /// A file's whole content.
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;
    /// Opens an empty file; an existing one is emptied.
    fn create(&self, path: &Path) -> io::Result<Box<dyn OpenFile>>;
    /// Opens a file that is there.
    fn open(&self, path: &Path) -> io::Result<Box<dyn OpenFile>>;
    /// Renames a file; one that has the new name is replaced.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Removes a file.
    fn remove_file(&self, path: &Path) -> io::Result<()>;
    /// Takes the lock of the file at `path`, which is created if need be, at once or not at all.
    fn lock(&self, path: &Path) -> Result<Held, TryLockError>;
    /// Opens the database in `directory`, or makes one. It is there as [`DATABASE_FILE`].
    fn open_database(&self, directory: &Path) -> Result<Arc<dyn KeyValueStore>, StoreError>;
    /// How long a sync takes beyond the call that does it. A real one takes its time in the call.
    fn sync_latency(&self) -> Duration {
        Duration::ZERO
    }
}

/// A lock that is held until it is dropped.
pub type Held = Box<dyn Any + Send + Sync>;

/// One name in a directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// The directory's path and the name.
    pub path: PathBuf,
    /// Whether it is a directory.
    pub is_dir: bool,
}

/// An open file, for reading and writing.
pub trait OpenFile: Send + Sync {
    /// Fills `buffer` from `offset` on; an error if the file is too short.
    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()>;
    /// Writes all of `bytes` at `offset`.
    fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()>;
    /// Makes the content durable.
    fn sync_data(&self) -> io::Result<()>;
    /// Makes the content and what the system knows about the file durable.
    fn sync_all(&self) -> io::Result<()>;
}

/// The two tables of the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Table {
    /// The entries.
    Log,
    /// What is remembered beside them.
    Meta,
}

/// One change of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change<'a> {
    /// Which key.
    pub key: Vec<u8>,
    /// Its new value; `None` removes it.
    pub value: Option<&'a [u8]>,
}

/// From one key to another.
pub type KeyRange = (Bound<Vec<u8>>, Bound<Vec<u8>>);
/// A key and its value.
pub type Pair = (Vec<u8>, Vec<u8>);
/// Keys and values in order, from either end.
pub type Pairs<'a> = Box<dyn DoubleEndedIterator<Item = io::Result<Pair>> + 'a>;

/// An ordered database.
pub trait KeyValueStore: Send + Sync {
    /// The value of a key.
    fn get(&self, table: Table, key: &[u8]) -> io::Result<Option<Vec<u8>>>;
    /// What is in a range of keys. Changes made meanwhile may be in it or not.
    fn range(&self, table: Table, keys: KeyRange) -> Pairs<'_>;
    /// Makes changes readable, all or none of them, even after a power cut.
    fn apply(&self, table: Table, changes: Vec<Change<'_>>) -> io::Result<()>;
    /// Makes every change so far durable.
    fn sync(&self) -> io::Result<()>;
}
