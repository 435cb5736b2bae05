//! [`StateMachine`] as openraft knows it.

use super::builder::SnapshotBuilder;
use super::machine::StateMachine;
use crate::{LogId, RaftTypes, Snapshot, SnapshotData, SnapshotMeta, StoredMembership};
use futures::{Stream, StreamExt};
use openraft::storage::{EntryResponder, RaftStateMachine};
use openraft::{AsyncRuntime, OptionalSend};
use std::io;
use std::sync::Arc;

impl<RT: AsyncRuntime> RaftStateMachine<RaftTypes<RT>> for StateMachine {
    type SnapshotData = SnapshotData;
    type SnapshotBuilder = SnapshotBuilder;

    async fn applied_state(&mut self) -> Result<(Option<LogId>, StoredMembership), io::Error> {
        let applied = self.shared.read();
        Ok((applied.last_applied, applied.membership.clone()))
    }

    /// The waiting client is told after the state, the mark and the events are out, so what it
    /// reads afterwards includes its own command.
    async fn apply<S>(&mut self, mut entries: S) -> Result<(), io::Error>
    where
        S: Stream<Item = Result<EntryResponder<RaftTypes<RT>>, io::Error>> + Unpin + OptionalSend,
    {
        while let Some(next) = entries.next().await {
            let (entry, responder) = next?;
            let outcomes = self.apply_entry(&entry);
            if let Some(responder) = responder {
                responder.send(outcomes);
            }
        }
        Ok(())
    }

    async fn get_snapshot_builder(&mut self) -> SnapshotBuilder {
        SnapshotBuilder {
            applied: Arc::new(self.shared.read().clone()),
            snapshots: self.snapshots.clone(),
            execution: self.execution,
            _borrower: self.borrower.clone(),
        }
    }

    async fn install_snapshot(
        &mut self,
        meta: &SnapshotMeta,
        snapshot: SnapshotData,
    ) -> Result<(), io::Error> {
        Ok(self.install(meta.clone(), snapshot).await?)
    }

    async fn get_current_snapshot(&mut self) -> Result<Option<Snapshot>, io::Error> {
        Ok(self.newest_snapshot().await?)
    }
}
