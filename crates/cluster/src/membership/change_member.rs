//! An operator may ask any node to add or remove one: whoever does not lead has the leader do it.
//!
//! The admin port is on the loopback of each host, so an operator who is told "node 1 leads" would have
//! to log in there. Instead the request goes to the leader by the peer port, in the name of the
//! member that was asked, and its answer comes back.

use super::add::{AddMember, Asked};
use super::error::MembershipError;
use super::peer_address;
use super::remove::RemoveMember;
use crate::identity::Identity;
use crate::transport::{Peers, bounded, explain};
use api::proto::peer::change_member_request as wire;
use api::proto::peer::change_member_request::Change;
use api::proto::peer::change_member_response::Result as Answer;
use api::proto::peer::{ChangeMemberRequest, NotLeader};
use ipam::NodeId;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;
use tonic::{Code, Status};

/// How long the leader may take: a newcomer is caught up before it is a member.
const ADD_TIMEOUT: Duration = Duration::from_secs(40);
/// The same for a removal.
const REMOVE_TIMEOUT: Duration = Duration::from_secs(12);
/// How many nodes are asked in turn, each named by the one before.
const REDIRECTS: usize = 2;

/// What a leader answers that has not done it, and may do it if it is asked again.
pub(crate) const NOT_DONE: Code = Code::Aborted;

/// What an operator asks.
#[derive(Clone, Debug)]
pub(crate) enum MemberChange {
    /// Make the node at this peer address a member.
    Add(NodeId, String),
    /// Take the node out.
    Remove(NodeId),
}

/// Changes members on the leader, whichever node is asked.
pub(crate) struct ChangeMember {
    /// Who asks.
    pub(crate) identity: Arc<Identity>,
    /// The way to the leader.
    pub(crate) peers: Peers,
    /// How one comes.
    pub(crate) add: Arc<AddMember>,
    /// How one goes.
    pub(crate) remove: RemoveMember,
}

impl ChangeMember {
    /// Does it here if this node leads, and else has the leader do it.
    pub(crate) async fn anywhere(&self, change: &MemberChange) -> Result<(), MembershipError> {
        let mut outcome = self.here(change).await;
        for _ in 0..REDIRECTS {
            let Err(MembershipError::NotLeader { leader, address }) = outcome else {
                return outcome;
            };
            if leader == self.identity.node {
                return self.here(change).await;
            }
            outcome = self.ask_leader(leader, &address, change).await;
        }
        outcome
    }

    /// Only on the leader.
    pub(crate) async fn here(&self, change: &MemberChange) -> Result<(), MembershipError> {
        match change {
            MemberChange::Add(node, address) => {
                self.add.add(*node, address, Asked::default()).await
            }
            MemberChange::Remove(node) => self.remove.remove(*node).await,
        }
    }

    async fn ask_leader(
        &self,
        leader: NodeId,
        address: &str,
        change: &MemberChange,
    ) -> Result<(), MembershipError> {
        let mut client = self.peers.connect(leader, address)?;
        let request = ChangeMemberRequest {
            change: Some(change.into()),
            route: Some(self.identity.route_to(leader)),
        };
        let answer = timeout(change.timeout(), client.change_member(request)).await;
        let unknown = |reason: String| {
            MembershipError::Unknown(format!(
                "node {leader}, the leader, was asked, and it is unknown what came of it: {reason}; \
                 see `gatewayctl status` before you repeat it"
            ))
        };
        let answer = match answer {
            Ok(Ok(answer)) => answer.into_inner(),
            Ok(Err(status)) if is_refused(&status) => {
                let reason = format!("node {leader}, the leader: {}", status.message());
                return Err(MembershipError::Rejected(reason));
            }
            Ok(Err(status)) if status.code() == NOT_DONE => {
                return Err(MembershipError::NotDone(bounded(status.message())));
            }
            Ok(Err(status)) => return Err(unknown(explain(&status))),
            Err(_) => return Err(unknown("it does not answer".to_owned())),
        };
        match answer.result {
            Some(Answer::Changed(_)) => Ok(()),
            Some(Answer::NotLeader(hint)) => Err(hint.into()),
            Some(Answer::Rejected(rejected)) => {
                Err(MembershipError::Rejected(bounded(&rejected.reason)))
            }
            Some(Answer::Failed(failed)) => Err(MembershipError::Unknown(bounded(&failed.reason))),
            None => Err(unknown("its answer is empty".to_owned())),
        }
    }
}

/// Whether the leader has certainly done nothing.
fn is_refused(status: &Status) -> bool {
    matches!(
        status.code(),
        Code::FailedPrecondition
            | Code::InvalidArgument
            | Code::PermissionDenied
            | Code::Unauthenticated
            | Code::Unimplemented
    )
}

impl MemberChange {
    const fn timeout(&self) -> Duration {
        match self {
            Self::Add(..) => ADD_TIMEOUT,
            Self::Remove(_) => REMOVE_TIMEOUT,
        }
    }
}

impl From<&MemberChange> for Change {
    fn from(change: &MemberChange) -> Self {
        match change {
            MemberChange::Add(node, address) => Self::Add(wire::AddMember {
                node_id: node.0,
                peer_address: address.clone(),
            }),
            MemberChange::Remove(node) => Self::Remove(wire::RemoveMember { node_id: node.0 }),
        }
    }
}

impl From<Change> for MemberChange {
    fn from(change: Change) -> Self {
        match change {
            Change::Add(add) => Self::Add(NodeId(add.node_id), add.peer_address),
            Change::Remove(remove) => Self::Remove(NodeId(remove.node_id)),
        }
    }
}

impl From<NotLeader> for MembershipError {
    fn from(hint: NotLeader) -> Self {
        match hint.leader_id {
            Some(leader) if peer_address::check(&hint.leader_address).is_ok() => Self::NotLeader {
                leader: NodeId(leader),
                address: hint.leader_address,
            },
            _ => Self::NoLeader,
        }
    }
}
