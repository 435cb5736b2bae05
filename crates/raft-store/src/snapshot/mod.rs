//! Snapshots in files of their own.
//!
//! A new one is durable before an older one is removed. The newest is the only one that counts: the
//! log before it may be purged, so a damaged newest snapshot is an error, never a reason to use an
//! older one.

mod content;
mod file;
mod name;
mod shape;
mod spool;
#[cfg(feature = "testing")]
pub(crate) mod testing;

pub(crate) use content::{Damage, decode, decode_received, encode};
pub use spool::{IncomingSnapshot, SnapshotSpool};

use crate::data_dir::{DataDir, is_temporary, remove_temporary, sync_dir, write_atomically};
use crate::failure::Failure;
use crate::storage_env::StorageEnv;
use crate::{LogId, SnapshotData, StoreError, UnfinishedWrites, WriteKind};
use name::Name;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

/// The snapshot files of a data directory.
pub(crate) struct SnapshotStore {
    path: PathBuf,
    /// One change at a time: a snapshot being built and one being installed may meet.
    changing: Mutex<()>,
    failure: Arc<Failure>,
    unfinished: UnfinishedWrites,
    /// Keeps the directory ours.
    directory: Arc<DataDir>,
}

/// A snapshot file as it was found: whole, its checksum right.
pub(crate) struct Found {
    pub(crate) path: PathBuf,
    pub(crate) bytes: SnapshotData,
}

impl SnapshotStore {
    /// Removes what interrupted writes left.
    pub(crate) fn open(
        directory: Arc<DataDir>,
        failure: Arc<Failure>,
        unfinished: UnfinishedWrites,
    ) -> Result<Self, StoreError> {
        let path = directory.snapshots();
        remove_temporary(directory.env(), &path)?;
        Ok(Self {
            path,
            changing: Mutex::new(()),
            failure,
            unfinished,
            directory,
        })
    }

    /// Where a snapshot is kept while it is received; a start removes what is left of it.
    fn incoming(&self, transfer: u64) -> PathBuf {
        self.path.join(format!("incoming-{transfer}.tmp"))
    }

    /// What the files are on.
    pub(crate) fn env(&self) -> &dyn StorageEnv {
        self.directory.env()
    }

    /// Makes a snapshot durable, then removes older ones. A failure is the whole store's.
    pub(crate) fn save(&self, last: LogId, bytes: &[u8]) -> Result<(), StoreError> {
        let _guard = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        self.failure.check()?;
        // S2: the log is purged only after its snapshot is durable.
        //~ mutant s2_purge_before_snapshot: return Ok(());
        let _underway = self.unfinished.begin(WriteKind::Snapshot);
        let saved = self.try_save(last, bytes);
        saved.map_err(|error| self.failure.record(error))
    }

    fn try_save(&self, last: LogId, bytes: &[u8]) -> Result<(), StoreError> {
        let path = self.path.join(Name::of(last).to_string());
        write_atomically(self.env(), &path, bytes)?;
        self.remove_all_but_newest()
    }

    /// The newest snapshot, if there is one.
    pub(crate) fn newest(&self) -> Result<Option<Found>, StoreError> {
        let _guard = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let Some((_, path)) = self.list()?.pop() else {
            return Ok(None);
        };
        let read = self.env().read(&path);
        let bytes = read.map_err(StoreError::io("reading snapshot", &path))?;
        if let Err(reason) = file::open(&bytes) {
            return Err(StoreError::DamagedSnapshot { path, reason });
        }
        let bytes = bytes.into();
        Ok(Some(Found { path, bytes }))
    }

    fn remove_all_but_newest(&self) -> Result<(), StoreError> {
        let mut files = self.list()?;
        files.pop();
        if files.is_empty() {
            return Ok(());
        }
        for (_, path) in files {
            let removed = self.env().remove_file(&path);
            removed.map_err(StoreError::io("removing old snapshot", &path))?;
        }
        sync_dir(self.env(), &self.path)
    }

    /// Every snapshot file, the newest last.
    fn list(&self) -> Result<Vec<(Name, PathBuf)>, StoreError> {
        let listed = self.env().list(&self.path);
        let listed = listed.map_err(StoreError::io("reading directory", &self.path))?;
        let mut files = Vec::new();
        let listed = listed.into_iter().map(|entry| entry.path);
        for path in listed.filter(|path| !is_temporary(path)) {
            let name = path.file_name().and_then(|name| name.to_str());
            match name.and_then(Name::parse) {
                Some(name) => files.push((name, path)),
                None => tracing::warn!(path = %path.display(), "not a snapshot: ignored"),
            }
        }
        files.sort();
        Ok(files)
    }
}
