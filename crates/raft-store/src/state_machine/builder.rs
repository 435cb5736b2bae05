//! Building a snapshot beside further applying.

use super::applied::Applied;
use crate::loan::Borrower;
use crate::snapshot::{self, SnapshotStore};
use crate::{Execution, RaftTypes, Snapshot, SnapshotData};
use openraft::{AsyncRuntime, RaftSnapshotBuilder};
use std::io;
use std::sync::Arc;

/// A copy of the state, to be made a snapshot of.
pub struct SnapshotBuilder {
    pub(super) applied: Arc<Applied>,
    pub(super) snapshots: Arc<SnapshotStore>,
    pub(super) execution: Execution,
    /// Held until the snapshot is built.
    pub(super) _borrower: Option<Borrower>,
}

impl<RT: AsyncRuntime> RaftSnapshotBuilder<RaftTypes<RT>> for SnapshotBuilder {
    type SnapshotData = SnapshotData;

    /// Durable when it returns. Before the first entry there is nothing to keep, and nothing is
    /// written.
    async fn build_snapshot(&mut self) -> Result<Snapshot, io::Error> {
        let (applied, snapshots) = (self.applied.clone(), self.snapshots.clone());
        let build = move || {
            let meta = applied.snapshot_meta();
            let snapshot = snapshot::encode(&meta, &applied.state);
            if let Some(last) = applied.last_applied {
                snapshots.save(last, &snapshot)?;
            }
            Ok(Snapshot { meta, snapshot })
        };
        let env = self.snapshots.env();
        let built = self.execution.run(env, "building a snapshot", build);
        Ok(built.await?)
    }
}
