//! Snapshots in files of their own.
//!
//! A new one is durable before an older one is removed. The newest is the only one that counts: the
//! log before it may be purged, so a damaged newest snapshot is an error, never a reason to use an
//! older one.

mod content;
mod file;
mod name;

pub(crate) use content::{Damage, decode, encode};

use crate::data_dir::{DataDir, remove_temporary, sync_dir, write_atomically};
use crate::{LogId, SnapshotData, StoreError};
use name::Name;
use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

/// The snapshot files of a data directory.
pub(crate) struct SnapshotStore {
    path: PathBuf,
    /// One change at a time: a snapshot being built and one being installed may meet.
    changing: Mutex<()>,
    /// Keeps the directory ours.
    _directory: Arc<DataDir>,
}

/// A snapshot file as it was found: whole, its checksum right.
pub(crate) struct Found {
    pub(crate) path: PathBuf,
    pub(crate) bytes: SnapshotData,
}

impl SnapshotStore {
    /// Removes what interrupted writes left.
    pub(crate) fn open(directory: Arc<DataDir>) -> Result<Self, StoreError> {
        let path = directory.snapshots();
        remove_temporary(&path)?;
        Ok(Self {
            path,
            changing: Mutex::new(()),
            _directory: directory,
        })
    }

    /// Makes a snapshot durable, then removes older ones.
    pub(crate) fn save(&self, last: LogId, bytes: &[u8]) -> Result<(), StoreError> {
        let _guard = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let path = self.path.join(Name::of(last).to_string());
        write_atomically(&path, bytes)?;
        self.remove_all_but_newest()
    }

    /// The newest snapshot, if there is one.
    pub(crate) fn newest(&self) -> Result<Option<Found>, StoreError> {
        let _guard = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let Some((_, path)) = self.list()?.pop() else {
            return Ok(None);
        };
        let bytes = fs::read(&path).map_err(StoreError::io("reading snapshot", &path))?;
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
            fs::remove_file(&path).map_err(StoreError::io("removing old snapshot", &path))?;
        }
        sync_dir(&self.path)
    }

    /// Every snapshot file, the newest last.
    fn list(&self) -> Result<Vec<(Name, PathBuf)>, StoreError> {
        let reading = || StoreError::io("reading directory", &self.path);
        let mut files = Vec::new();
        for entry in fs::read_dir(&self.path).map_err(reading())? {
            let path = entry.map_err(reading())?.path();
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
