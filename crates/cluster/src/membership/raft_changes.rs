//! The port to what changes members in the end: openraft, or a script in a test.

use crate::raft::{RaftHandle, RaftNode};
use ipam::NodeId;
use openraft::errors::{ChangeMembershipError, ClientWriteError, RaftError};
use openraft::{ChangeMembers as Change, ReadPolicy};
use raft_store::{LogId, PeerNode, TypeConfig};
use std::time::Duration;

/// A change of the members, as openraft has it.
pub(crate) type MembersChange = Change<u64, PeerNode>;

/// Why a change was not confirmed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ChangeFailure {
    /// It was not begun.
    NotDone(String),
    /// It may come about.
    Unknown(String),
}

/// What changes members, on a leader.
#[tonic::async_trait]
pub(crate) trait ChangeMembers: Send + Sync + 'static {
    /// Has a quorum confirm that this node leads.
    async fn confirm_leadership(&self) -> Result<(), String>;
    /// Makes `node` a learner, and says which entry made it one. Does not wait for it to catch up.
    async fn add_learner(&self, node: NodeId, record: PeerNode) -> Result<LogId, String>;
    /// Changes the members once no other change is under way, which may take up to `limit`; `retain`: voters that
    /// are removed stay as learners.
    async fn change(
        &self,
        change: MembersChange,
        retain: bool,
        limit: Duration,
    ) -> Result<(), ChangeFailure>;
    /// Has `to` lead. Returns when that is begun.
    async fn transfer_leader(&self, to: NodeId) -> Result<(), String>;
}

#[tonic::async_trait]
impl ChangeMembers for RaftHandle {
    async fn confirm_leadership(&self) -> Result<(), String> {
        let raft = self.now();
        let confirmed = raft.ensure_linearizable(ReadPolicy::ReadIndex).await;
        confirmed.map(drop).map_err(|error| error.to_string())
    }

    async fn add_learner(&self, node: NodeId, record: PeerNode) -> Result<LogId, String> {
        let added = self.now().add_learner(node.0, record, false).await;
        let added = added.map_err(|error| error.to_string())?;
        Ok(added.log_id)
    }

    async fn change(
        &self,
        change: MembersChange,
        retain: bool,
        limit: Duration,
    ) -> Result<(), ChangeFailure> {
        change_when_settled(self.now(), change, retain, limit).await
    }

    async fn transfer_leader(&self, to: NodeId) -> Result<(), String> {
        let begun = self.now().trigger().transfer_leader(to.0).await;
        begun.map_err(|error| error.to_string())
    }
}

type WriteError = RaftError<TypeConfig, ClientWriteError<TypeConfig>>;

/// Changes the members once no other change is under way. One whose asker went away is written all the
/// same, and Raft takes one at a time.
async fn change_when_settled(
    raft: RaftNode,
    change: MembersChange,
    retain: bool,
    limit: Duration,
) -> Result<(), ChangeFailure> {
    loop {
        let error = match raft.change_membership(change.clone(), retain).await {
            Ok(_) => return Ok(()),
            Err(error) => error,
        };
        if !is_under_way(&error) {
            return Err(failure(&error));
        }
        let wait = raft.wait(Some(limit));
        let settled = wait.metrics(
            |metrics| metrics.local_committed >= *metrics.membership_config.log_id(),
            "the change of members that is under way",
        );
        let settled = settled.await;
        settled.map_err(|error| ChangeFailure::NotDone(error.to_string()))?;
    }
}

fn is_under_way(error: &WriteError) -> bool {
    matches!(
        error.api_error(),
        Some(ClientWriteError::ChangeMembershipError(
            ChangeMembershipError::InProgress(_)
        ))
    )
}

/// The first of two entries may be written, and the second one refused: then whoever leads completes it.
fn failure(error: &WriteError) -> ChangeFailure {
    match error.api_error() {
        Some(ClientWriteError::ChangeMembershipError(_)) => {
            ChangeFailure::NotDone(error.to_string())
        }
        _ => ChangeFailure::Unknown(error.to_string()),
    }
}
