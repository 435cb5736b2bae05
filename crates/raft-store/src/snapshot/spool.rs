//! A snapshot that a peer sends, on its way in.
//!
//! It is kept in a temporary file, not in memory, for as long as the transfer takes, and it is whole
//! and decodes before it becomes a snapshot: what is wrong with it is the sender's fault, and no
//! failure of this store. A crash leaves a temporary file, which the next start removes.

use super::SnapshotStore;
use crate::state_machine::check_received;
use crate::storage_env::OpenFile;
use crate::{Execution, SnapshotData, SnapshotMeta, StoreError};
use ipam::ClusterTime;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};

/// Makes room for snapshots that are being received.
#[derive(Clone)]
pub struct SnapshotSpool {
    /// Not its own: the data directory is free as soon as Raft and its readers are gone.
    snapshots: Weak<SnapshotStore>,
    execution: Execution,
    transfers: Arc<AtomicU64>,
}

/// A snapshot that is being received. Dropping it removes its file.
pub struct IncomingSnapshot {
    snapshots: Arc<SnapshotStore>,
    execution: Execution,
    path: PathBuf,
    file: Arc<dyn OpenFile>,
    length: u64,
}

impl SnapshotSpool {
    pub(crate) fn new(snapshots: &Arc<SnapshotStore>, execution: Execution) -> Self {
        Self {
            snapshots: Arc::downgrade(snapshots),
            execution,
            transfers: Arc::default(),
        }
    }

    /// Begins a transfer. An error is the disk's, and fails the transfer alone.
    pub async fn begin(&self) -> Result<IncomingSnapshot, StoreError> {
        let transfer = self.transfers.fetch_add(1, Ordering::Relaxed);
        let stopped = StoreError::CutShort("receiving a snapshot");
        let snapshots = self.snapshots.upgrade().ok_or(stopped)?;
        let path = snapshots.incoming(transfer);
        let (store, execution) = (snapshots.clone(), self.execution);
        // Made where the file is: a caller that goes away meanwhile leaves nothing behind.
        let create = move || {
            let created = store.env().create(&path);
            let file = created.map_err(StoreError::io("creating", &path))?;
            Ok(IncomingSnapshot {
                snapshots: store,
                execution,
                path,
                file: file.into(),
                length: 0,
            })
        };
        let env = snapshots.env();
        execution.run(env, "receiving a snapshot", create).await
    }
}

impl IncomingSnapshot {
    /// How many bytes have come.
    #[must_use]
    pub const fn length(&self) -> u64 {
        self.length
    }

    /// Adds what has come next.
    pub async fn write(&mut self, part: Vec<u8>) -> Result<(), StoreError> {
        let (file, offset, path) = (self.file.clone(), self.length, self.path.clone());
        self.length += part.len() as u64;
        let write = move || {
            let written = file.write_all_at(&part, offset);
            written.map_err(StoreError::io("writing", &path))
        };
        let env = self.snapshots.env();
        let execution = self.execution;
        execution.run(env, "receiving a snapshot", write).await
    }

    /// Checks that all that has come is the snapshot that `meta` announced: its length and checksum
    /// are right, it decodes, its state keeps every promise, is `cluster`'s, if this node has one, and its
    /// clock is not after `latest`.
    pub async fn finish(
        self,
        meta: &SnapshotMeta,
        cluster: Option<[u8; 16]>,
        latest: ClusterTime,
    ) -> Result<SnapshotData, StoreError> {
        let (snapshots, path, meta) = (self.snapshots.clone(), self.path.clone(), meta.clone());
        let check = move || {
            let read = snapshots.env().read(&path);
            let bytes = read.map_err(StoreError::io("reading", &path))?;
            let received = check_received(&meta, &bytes)?;
            if cluster.is_some() && received.state.cluster_id() != cluster {
                return Err(StoreError::DamagedTransfer("it is of another cluster"));
            }
            if received.state.clock() > latest {
                return Err(StoreError::DamagedTransfer(
                    "its clock is later than that of an honest cluster can be by now",
                ));
            }
            Ok(SnapshotData::from(bytes))
        };
        let env = self.snapshots.env();
        let execution = self.execution;
        execution.run(env, "checking a snapshot", check).await
    }
}

impl Drop for IncomingSnapshot {
    fn drop(&mut self) {
        if let Err(error) = self.snapshots.env().remove_file(&self.path) {
            tracing::warn!(path = %self.path.display(), %error, "a received file was not removed");
        }
    }
}
