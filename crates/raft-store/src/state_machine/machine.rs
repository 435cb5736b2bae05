//! The state machine: what openraft holds.

use super::applied::Applied;
use super::applied_publisher::AppliedPublisher;
use super::reader::StateReader;
use super::shared::Shared;
use crate::loan::{Borrower, Loan};
use crate::snapshot::{self, Damage, SnapshotSpool, SnapshotStore};
use crate::{Entry, Execution, Outcomes, Snapshot, SnapshotData, SnapshotMeta, StoreError, poison};
use openraft::EntryPayload;
use std::sync::Arc;

/// The replicated state and its snapshots. A copy is the same one: see [`StateMachine::lend`].
pub struct StateMachine {
    pub(super) shared: Arc<Shared>,
    pub(super) publisher: Arc<AppliedPublisher>,
    pub(super) snapshots: Arc<SnapshotStore>,
    pub(super) execution: Execution,
    /// Who may still write.
    pub(super) borrower: Option<Borrower>,
    /// Whether the snapshots are not to be looked at.
    hidden: bool,
}

/// Starts from the newest snapshot; openraft then applies the log after it.
pub(crate) fn open(
    snapshots: SnapshotStore,
    execution: Execution,
) -> Result<StateMachine, StoreError> {
    let applied = match load(&snapshots)? {
        Some((_, applied)) => applied,
        None => Applied::default(),
    };
    let shared = Arc::new(Shared::new(applied));
    Ok(StateMachine {
        publisher: Arc::new(AppliedPublisher::new(&shared)),
        shared,
        snapshots: Arc::new(snapshots),
        execution,
        borrower: None,
        hidden: false,
    })
}

impl StateMachine {
    /// The same state machine for one Raft after the other: `loan` ends when this copy, and what it
    /// began, is dropped. Two copies at a time would apply an entry twice.
    #[must_use]
    pub fn lend(&self, loan: &Loan) -> Self {
        Self {
            shared: self.shared.clone(),
            publisher: self.publisher.clone(),
            snapshots: self.snapshots.clone(),
            execution: self.execution,
            borrower: Some(loan.borrower()),
            hidden: self.hidden,
        }
    }

    /// A handle for everybody who is not openraft.
    #[must_use]
    pub fn reader(&self) -> StateReader {
        StateReader::new(&self.shared, &self.publisher)
    }

    /// Where snapshots of peers are received.
    #[must_use]
    pub fn spool(&self) -> SnapshotSpool {
        SnapshotSpool::new(&self.snapshots, self.execution)
    }

    /// What in it is too large to count on from.
    pub(crate) fn poison(&self) -> Option<String> {
        let last = self.shared.read().last_applied;
        poison::position("a snapshot", last)
    }

    /// The same, showing nothing of what is in it.
    pub(crate) fn hidden(self) -> Self {
        self.shared.replace(Applied::default());
        Self {
            publisher: Arc::new(AppliedPublisher::new(&self.shared)),
            hidden: true,
            ..self
        }
    }

    /// Applies one committed entry, and tells of it.
    pub(super) fn apply_entry(&self, entry: &Entry) -> Outcomes {
        let (outcomes, events) = self.shared.apply(entry);
        log_applied(entry, &outcomes);
        self.publisher.publish_mark(&self.shared);
        self.publisher.publish_events(entry.log_id.index, events);
        outcomes
    }

    /// The newest snapshot, read from disk.
    pub(super) async fn newest_snapshot(&self) -> Result<Option<Snapshot>, StoreError> {
        if self.hidden {
            return Ok(None);
        }
        let snapshots = self.snapshots.clone();
        let read = move || {
            let Some((snapshot, applied)) = load(&snapshots)? else {
                return Ok(None);
            };
            let meta = applied.snapshot_meta();
            Ok(Some(Snapshot { meta, snapshot }))
        };
        let env = self.snapshots.env();
        let read = self.execution.run(env, "reading a snapshot", read);
        read.await
    }

    /// Durable first, then visible.
    pub(super) async fn install(
        &self,
        meta: SnapshotMeta,
        bytes: SnapshotData,
    ) -> Result<(), StoreError> {
        let snapshots = self.snapshots.clone();
        let save = move || {
            let applied = check_received(&meta, &bytes)?;
            if let Some(last) = applied.last_applied {
                snapshots.save(last, &bytes)?;
            }
            Ok(applied)
        };
        let env = self.snapshots.env();
        let saved = self.execution.run(env, "installing a snapshot", save);
        let applied = saved.await?;
        self.shared.replace(applied);
        self.publisher.publish_mark(&self.shared);
        Ok(())
    }
}

/// Says of each command what came of it, in the span of its request: on every node, and once more for what is applied
/// again after a start.
fn log_applied(entry: &Entry, outcomes: &Outcomes) {
    let EntryPayload::Normal(proposal) = &entry.payload else {
        return;
    };
    let index = entry.log_id.index;
    for (requested, outcome) in proposal.commands.iter().zip(&outcomes.0) {
        let request = requested.request;
        let span = tracing::debug_span!(parent: None, "request", %request);
        span.in_scope(|| tracing::debug!(index, %outcome, "applied"));
    }
}

fn load(snapshots: &SnapshotStore) -> Result<Option<(SnapshotData, Applied)>, StoreError> {
    let Some(found) = snapshots.newest()? else {
        return Ok(None);
    };
    match snapshot::decode(&found.bytes) {
        Ok((meta, state)) => Ok(Some((found.bytes, applied(meta, state)))),
        Err(Damage::File(reason)) => Err(StoreError::DamagedSnapshot {
            path: found.path,
            reason,
        }),
        Err(Damage::Content(source)) => Err(StoreError::Undecodable {
            what: format!("snapshot {}", found.path.display()),
            source,
        }),
        Err(Damage::State(broken)) => Err(StoreError::BrokenState {
            what: format!("snapshot {}", found.path.display()),
            broken,
        }),
    }
}

pub(crate) fn check_received(meta: &SnapshotMeta, bytes: &[u8]) -> Result<Applied, StoreError> {
    let (found, state) = snapshot::decode_received(bytes).map_err(|damage| match damage {
        Damage::File(reason) => StoreError::DamagedTransfer(reason),
        Damage::Content(source) => StoreError::Undecodable {
            what: "the received snapshot".into(),
            source,
        },
        Damage::State(broken) => StoreError::BrokenState {
            what: "the received snapshot".into(),
            broken,
        },
    })?;
    if found != *meta {
        return Err(StoreError::DamagedTransfer(
            "it covers something else than was announced",
        ));
    }
    Ok(applied(found, state))
}

fn applied(meta: SnapshotMeta, state: ipam::State) -> Applied {
    Applied {
        state,
        last_applied: meta.last_log_id,
        membership: meta.last_membership,
    }
}
