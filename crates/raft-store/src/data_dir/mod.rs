//! The data directory: who may use it, and which format it has.
//!
//! Creation is all or nothing. `creating` is written first and `format` last, each durably; a
//! directory with `creating` and without `format` has never been used by a running node, so what
//! is in it is thrown away and creation starts again. Once `format` is there, every part must be.

mod durable;
mod format;
mod lock;

pub(crate) use durable::{remove_temporary, sync_dir, sync_tree, write_atomically};

use crate::StoreError;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use tokio::sync::watch;

const FORMAT: &str = "format";
const CREATING: &str = "creating";
const LOCK: &str = "lock";
const LOG: &str = "log";
const SNAPSHOTS: &str = "snapshots";
const WATERMARK: &str = "watermark";

/// A data directory that is ours while this value lives.
#[derive(Debug)]
pub(crate) struct DataDir {
    root: PathBuf,
    _lock: File,
    /// Dropped after the lock: tells [`Release`] that the directory is free.
    held: watch::Sender<()>,
}

/// Waits until a data directory is free again.
///
/// Dropping a `Raft` or shutting it down ends its tasks a little later, and they hold the store.
#[derive(Clone, Debug)]
pub struct Release(watch::Receiver<()>);

/// What was found in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// Nothing: fill it, then [`DataDir::seal`] it.
    Nothing,
    /// A node's data.
    Data,
}

impl DataDir {
    /// Takes `root` for this process, and checks or prepares it.
    pub(crate) fn open(root: &Path) -> Result<(Self, Found), StoreError> {
        fs::create_dir_all(root).map_err(StoreError::io("creating data directory", root))?;
        let lock = lock::acquire(&root.join(LOCK))?;
        let dir = Self {
            root: root.to_owned(),
            _lock: lock,
            held: watch::Sender::new(()),
        };
        let found = if format::check(&root.join(FORMAT))? {
            dir.check_parts()?;
            Found::Data
        } else {
            dir.check_unused()?;
            dir.prepare()?;
            Found::Nothing
        };
        Ok((dir, found))
    }

    /// Makes a freshly filled directory a node's data: from here on no part may be missing.
    pub(crate) fn seal(&self) -> Result<(), StoreError> {
        sync_tree(&self.log())?;
        sync_tree(&self.snapshots())?;
        sync_dir(&self.root)?;
        write_atomically(&self.root.join(FORMAT), format::current().as_bytes())?;
        self.remove_marker()
    }

    /// For those who wait until it is free.
    pub(crate) fn release(&self) -> Release {
        Release(self.held.subscribe())
    }

    /// The directory itself.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Where sled keeps the log.
    pub(crate) fn log(&self) -> PathBuf {
        self.root.join(LOG)
    }

    /// How much of the log there must be.
    pub(crate) fn watermark(&self) -> PathBuf {
        self.root.join(WATERMARK)
    }

    /// Where snapshot files are.
    pub(crate) fn snapshots(&self) -> PathBuf {
        self.root.join(SNAPSHOTS)
    }

    /// sled would silently make a new database where one is missing, and the node would vote again.
    fn check_parts(&self) -> Result<(), StoreError> {
        for part in [self.log().join("db"), self.watermark(), self.snapshots()] {
            if !exists(&part)? {
                return Err(StoreError::MissingPart(part));
            }
        }
        self.remove_marker()
    }

    fn check_unused(&self) -> Result<(), StoreError> {
        if exists(&self.root.join(CREATING))? {
            return Ok(());
        }
        let reading = StoreError::io("reading data directory", &self.root);
        let entries = fs::read_dir(&self.root).and_then(Iterator::collect::<Result<Vec<_>, _>>);
        let unused = entries
            .map_err(reading)?
            .iter()
            .all(|entry| entry.file_name() == LOCK || durable::is_temporary(&entry.path()));
        unused
            .then_some(())
            .ok_or_else(|| StoreError::NotOurs(self.root.clone()))
    }

    fn prepare(&self) -> Result<(), StoreError> {
        write_atomically(&self.root.join(CREATING), b"")?;
        for part in [self.log(), self.snapshots()] {
            if exists(&part)? {
                let removing = StoreError::io("removing half-made directory", &part);
                fs::remove_dir_all(&part).map_err(removing)?;
            }
            fs::create_dir(&part).map_err(StoreError::io("creating directory", &part))?;
        }
        Ok(())
    }

    fn remove_marker(&self) -> Result<(), StoreError> {
        let marker = self.root.join(CREATING);
        if exists(&marker)? {
            fs::remove_file(&marker).map_err(StoreError::io("removing", &marker))?;
            sync_dir(&self.root)?;
        }
        Ok(())
    }
}

impl Release {
    /// Returns when everything that was opened is dropped: the directory can be opened again.
    /// Cancel-safe.
    pub async fn released(mut self) {
        // Nothing is ever sent: the only news is the end.
        while self.0.changed().await.is_ok() {}
    }
}

fn exists(path: &Path) -> Result<bool, StoreError> {
    fs::exists(path).map_err(StoreError::io("looking for", path))
}
