//! What all changes of the members have in common: the leader makes them, sure that it leads, one at a time.

use super::change_lock::ChangeLock;
use super::error::MembershipError;
use super::raft_changes::{ChangeFailure, ChangeMembers, MembersChange};
use crate::propose::PROPOSE_DEADLINE;
use crate::raft_view::RaftView;
use crate::timing::SharedLimits;
use ipam::NodeId;
use std::sync::Arc;
use tokio::time::timeout;

/// Changes of the members.
pub(crate) struct Changes {
    pub(super) node: NodeId,
    pub(super) view: RaftView,
    pub(super) limits: SharedLimits,
    pub(super) raft: Arc<dyn ChangeMembers>,
    /// Who changes them now.
    pub(super) lock: ChangeLock,
}

impl Changes {
    /// On `node`; nobody changes anything yet.
    pub(crate) fn new(
        node: NodeId,
        view: RaftView,
        limits: SharedLimits,
        raft: Arc<dyn ChangeMembers>,
    ) -> Self {
        Self {
            node,
            view,
            limits,
            raft,
            lock: ChangeLock::default(),
        }
    }

    /// Fails where this node does not lead, as far as it knows.
    pub(crate) fn require_leadership(&self) -> Result<(), MembershipError> {
        match self.view.leader() {
            Some((leader, _)) if leader == self.node => Ok(()),
            Some((leader, address)) => Err(MembershipError::NotLeader { leader, address }),
            None => Err(MembershipError::NoLeader),
        }
    }

    /// Has a quorum confirm that this node leads, so that what it knows of the members is not of
    /// yesterday: a leader that was paused or cut off learns last that another one was elected.
    pub(super) async fn confirm_leadership(&self) -> Result<(), MembershipError> {
        match timeout(PROPOSE_DEADLINE, self.raft.confirm_leadership()).await {
            Ok(Ok(())) => Ok(()),
            // Whoever leads now is the better answer, once it is known here.
            Ok(Err(_)) | Err(_) => {
                self.require_leadership()?;
                Err(MembershipError::NoLeader)
            }
        }
    }

    /// Changes the members in a task of its own. It takes two entries to change voters, and whoever
    /// asked may go away in between: the second one is written all the same.
    pub(super) async fn change(
        &self,
        change: MembersChange,
        retain: bool,
    ) -> Result<(), MembershipError> {
        let (raft, limit) = (Arc::clone(&self.raft), self.limits.now().change);
        let changing = tokio::spawn(async move { raft.change(change, retain, limit).await });
        let changed = timeout(limit, changing).await.map_err(|_| {
            MembershipError::Unknown(
                "no quorum has confirmed the change of members yet, and it may still come about: \
                 see `gatewayctl status`, then ask again"
                    .to_owned(),
            )
        })?;
        let unknown = |error: String| {
            MembershipError::Unknown(format!(
                "it is unknown whether the membership has changed: {error}; see `gatewayctl status`, then \
                 ask again"
            ))
        };
        match changed {
            Ok(Ok(())) => Ok(()),
            Ok(Err(ChangeFailure::NotDone(error))) => Err(MembershipError::NotDone(format!(
                "the membership did not change: {error}; ask again"
            ))),
            Ok(Err(ChangeFailure::Unknown(error))) => Err(unknown(error)),
            Err(error) => Err(unknown(error.to_string())),
        }
    }
}
