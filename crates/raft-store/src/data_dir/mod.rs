//! The data directory: who may use it, and which format it has.
//!
//! Creation is all or nothing. `creating` is written first and `format` last, each durably; a
//! directory with `creating` and without `format` has never been used by a running node, so what
//! is in it is thrown away and creation starts again. Once `format` is there, every part must be.

mod cluster_id;
mod durable;
mod format;
mod lock;

pub use cluster_id::{ClusterId, ClusterIdFile};
pub(crate) use durable::{is_temporary, remove_temporary, sync_dir, sync_tree, write_atomically};

use crate::StoreError;
use crate::storage_env::{DATABASE_FILE, Held, StorageEnv};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::sync::watch;

const FORMAT: &str = "format";
const CREATING: &str = "creating";
const LOCK: &str = "lock";
const LOG: &str = "log";
const SNAPSHOTS: &str = "snapshots";
const WATERMARK: &str = "watermark";
const SECRET: &str = "secret";
const NOTES: &str = "notes";

/// A data directory that is ours while this value lives.
#[derive(Debug)]
pub(crate) struct DataDir {
    env: Arc<dyn StorageEnv>,
    root: PathBuf,
    _lock: Held,
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
    pub(crate) fn open(env: Arc<dyn StorageEnv>, root: &Path) -> Result<(Self, Found), StoreError> {
        durable::create_dir(&*env, root)?;
        env.check_directory(root)?;
        // Before anything is made in it.
        if !format::check(&*env, &root.join(FORMAT))? {
            check_unused(&*env, root)?;
        }
        let lock = lock::acquire(&*env, &root.join(LOCK))?;
        let dir = Self {
            env,
            root: root.to_owned(),
            _lock: lock,
            held: watch::Sender::new(()),
        };
        let found = if format::check(&*dir.env, &root.join(FORMAT))? {
            dir.env.make_private(root)?;
            dir.check_parts()?;
            Found::Data
        } else {
            check_unused(&*dir.env, root)?;
            dir.env.make_private(root)?;
            dir.prepare()?;
            Found::Nothing
        };
        Ok((dir, found))
    }

    /// Makes a freshly filled directory a node's data: from here on no part may be missing.
    pub(crate) fn seal(&self) -> Result<(), StoreError> {
        let env = self.env();
        sync_tree(env, &self.log())?;
        sync_tree(env, &self.snapshots())?;
        sync_dir(env, &self.root)?;
        let format = self.root.join(FORMAT);
        write_atomically(env, &format, format::current().as_bytes())?;
        self.remove_marker()
    }

    /// For those who wait until it is free.
    pub(crate) fn release(&self) -> Release {
        Release(self.held.subscribe())
    }

    /// What it is on.
    pub(crate) fn env(&self) -> &dyn StorageEnv {
        &*self.env
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

    /// What seals this directory's notes.
    pub(crate) fn secret(&self) -> PathBuf {
        self.root.join(SECRET)
    }

    /// The notes that other members gave this one to keep.
    pub(crate) fn notes(&self) -> PathBuf {
        self.root.join(NOTES)
    }

    /// Where snapshot files are.
    pub(crate) fn snapshots(&self) -> PathBuf {
        self.root.join(SNAPSHOTS)
    }

    /// sled would silently make a new database where one is missing, and the node would vote again.
    fn check_parts(&self) -> Result<(), StoreError> {
        for part in [
            self.log().join(DATABASE_FILE),
            self.watermark(),
            self.snapshots(),
        ] {
            if !self.exists(&part)? {
                return Err(StoreError::MissingPart(part));
            }
        }
        self.remove_marker()
    }

    fn prepare(&self) -> Result<(), StoreError> {
        write_atomically(self.env(), &self.root.join(CREATING), b"")?;
        for part in [self.log(), self.snapshots()] {
            if self.exists(&part)? {
                let removing = StoreError::io("removing half-made directory", &part);
                self.env.remove_dir_all(&part).map_err(removing)?;
            }
            let created = self.env.create_dir_all(&part);
            created.map_err(StoreError::io("creating directory", &part))?;
        }
        Ok(())
    }

    fn remove_marker(&self) -> Result<(), StoreError> {
        let marker = self.root.join(CREATING);
        if self.exists(&marker)? {
            let removed = self.env.remove_file(&marker);
            removed.map_err(StoreError::io("removing", &marker))?;
            sync_dir(self.env(), &self.root)?;
        }
        Ok(())
    }

    fn exists(&self, path: &Path) -> Result<bool, StoreError> {
        let exists = self.env.exists(path);
        exists.map_err(StoreError::io("looking for", path))
    }
}

/// Refuses a directory in which there is something that no interrupted creation of ours has left. A
/// file that only has the name of one of ours would be overwritten.
fn check_unused(env: &dyn StorageEnv, root: &Path) -> Result<(), StoreError> {
    let reading = StoreError::io("reading data directory", root);
    let listed = env.list(root).map_err(reading)?;
    let marker = root.join(CREATING);
    let creating = listed.iter().any(|entry| entry.path == marker);
    for entry in &listed {
        let name = entry.path.file_name().and_then(|name| name.to_str());
        let ours = match name {
            Some(LOCK | CREATING) => is_prefix_of(env, &entry.path, "")?,
            Some(LOG | SNAPSHOTS) => creating && entry.is_dir,
            Some(WATERMARK) => creating,
            _ if entry.path == durable::temporary_path(&marker) => {
                is_prefix_of(env, &entry.path, "")?
            }
            _ if entry.path == durable::temporary_path(&root.join(FORMAT)) => {
                is_prefix_of(env, &entry.path, &format::current())?
            }
            _ => false,
        };
        if !ours {
            return Err(StoreError::NotOurs(root.to_owned()));
        }
    }
    Ok(())
}

/// Whether a file holds the beginning of `content`: what a crash may leave of it.
fn is_prefix_of(env: &dyn StorageEnv, path: &Path, content: &str) -> Result<bool, StoreError> {
    let found = env.read(path).map_err(StoreError::io("reading", path))?;
    Ok(content.as_bytes().starts_with(&found))
}

impl Release {
    /// Returns when everything that was opened is dropped: the directory can be opened again.
    /// Cancel-safe.
    pub async fn released(mut self) {
        // Nothing is ever sent: the only news is the end.
        while self.0.changed().await.is_ok() {}
    }
}
