//! A snapshot that a peer sends, on its way in.
//!
//! It is kept in a temporary file, not in memory, for as long as the transfer takes, and it is whole
//! and decodes before it becomes a snapshot: what is wrong with it is the sender's fault, and no
//! failure of this store. A crash leaves a temporary file, which the next start removes.

use super::SnapshotStore;
use crate::medium::OpenFile;
use crate::state_machine::check_received;
use crate::{Execution, SnapshotData, SnapshotMeta, StoreError};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Makes room for snapshots that are being received.
#[derive(Clone)]
pub struct SnapshotSpool {
    snapshots: Arc<SnapshotStore>,
    execution: Execution,
    transfers: Arc<AtomicU64>,
}

/// A snapshot that is being received. Dropping it removes its file.
pub struct IncomingSnapshot {
    spool: SnapshotSpool,
    path: PathBuf,
    file: Arc<dyn OpenFile>,
    length: u64,
}

impl SnapshotSpool {
    pub(crate) fn new(snapshots: Arc<SnapshotStore>, execution: Execution) -> Self {
        Self {
            snapshots,
            execution,
            transfers: Arc::default(),
        }
    }

    /// Begins a transfer. An error is the disk's, and fails the transfer alone.
    pub async fn begin(&self) -> Result<IncomingSnapshot, StoreError> {
        let transfer = self.transfers.fetch_add(1, Ordering::Relaxed);
        let path = self.snapshots.incoming(transfer);
        let spool = self.clone();
        // Made where the file is: a caller that goes away meanwhile leaves nothing behind.
        let create = move || {
            let created = spool.snapshots.medium().create(&path);
            let file = created.map_err(StoreError::io("creating", &path))?;
            Ok(IncomingSnapshot {
                spool,
                path,
                file: file.into(),
                length: 0,
            })
        };
        self.run("receiving a snapshot", create).await
    }

    async fn run<T: Send + 'static>(
        &self,
        doing: &'static str,
        work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let medium = self.snapshots.medium();
        self.execution.run(medium, doing, work).await
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
        self.spool.run("receiving a snapshot", write).await
    }

    /// Checks that all that has come is the snapshot that `meta` announced: its length and checksum
    /// are right, it decodes, and its state keeps every promise.
    pub async fn finish(self, meta: &SnapshotMeta) -> Result<SnapshotData, StoreError> {
        let (snapshots, path, meta) = (
            self.spool.snapshots.clone(),
            self.path.clone(),
            meta.clone(),
        );
        let check = move || {
            let read = snapshots.medium().read(&path);
            let bytes = read.map_err(StoreError::io("reading", &path))?;
            check_received(&meta, &bytes)?;
            Ok(SnapshotData::from(bytes))
        };
        self.spool.run("checking a snapshot", check).await
    }
}

impl Drop for IncomingSnapshot {
    fn drop(&mut self) {
        if let Err(error) = self.spool.snapshots.medium().remove_file(&self.path) {
            tracing::warn!(path = %self.path.display(), %error, "a received file was not removed");
        }
    }
}
