//! How a node comes in: it asks to join, or the leader invites it.

use super::{Answer, PeerService};
use crate::membership::{Asked, MembershipError};
use api::proto::peer as wire;
use ipam::NodeId;
use raft_store::ClusterId;
use tonic::{Request, Response, Status};

impl PeerService {
    pub(super) async fn answer_join(
        &self,
        request: Request<wire::JoinRequest>,
    ) -> Answer<wire::JoinResponse> {
        let (caller, request) = self.receive(request)?;
        let node = NodeId(request.node_id);
        self.check_join(&caller, &request)?;
        let asked = Asked {
            joins: true,
            has_data: request.has_data,
            key: caller.key(),
            nonce: request.nonce,
        };
        let added = self
            .handles
            .add
            .add(node, &request.peer_address, asked)
            .await;
        let result = match added {
            Ok(()) => wire::join_response::Result::Joined(wire::join_response::Joined {
                term: self.handles.view.term(),
            }),
            Err(MembershipError::NotLeader { .. } | MembershipError::NoLeader) => {
                wire::join_response::Result::NotLeader(self.not_leader())
            }
            Err(MembershipError::Rejected(reason)) => {
                wire::join_response::Result::Rejected(wire::join_response::Rejected { reason })
            }
            Err(error) => return Err(Status::unavailable(error.to_string())),
        };
        Ok(Response::new(wire::JoinResponse {
            result: Some(result),
        }))
    }

    pub(super) async fn answer_invite(
        &self,
        request: Request<wire::InviteRequest>,
    ) -> Answer<wire::InviteResponse> {
        let (caller, request) = self.receive(request)?;
        let here = self.handles.identity.node;
        if request.node_id != here.0 {
            return Err(Status::failed_precondition(format!(
                "the node there is node {here}, not node {}: check its GATEWAY_NODE_ID",
                request.node_id
            )));
        }
        let sender = self.check_invite(&caller, &request)?;
        let id = ClusterId::try_from(request.cluster_id)
            .map_err(|_| Status::invalid_argument("a cluster id has 16 bytes"))?;
        // Durable before this node acknowledges anything in that cluster's name.
        let ours = self.handles.identity.cluster.claim(id).await;
        let ours = ours.map_err(|error| Status::unavailable(error.to_string()))?;
        if ours != id {
            return Err(self.refuse(
                sender,
                "Invite",
                "another_cluster",
                "this node has become another cluster's meanwhile",
            ));
        }
        if !self.handles.admission.accepts_raft_rpcs() {
            let may_say_the_term = self.handles.admission.answers_own_join(&request.nonce);
            self.handles.admission.accept_raft_rpcs();
            if !may_say_the_term {
                // The leader's entries bring this node to its term, in bounded steps.
                return Ok(self.introduction());
            }
            let term = self.handles.raft.go_on_from(request.term).await;
            term.map_err(|error| Status::unavailable(error.to_string()))?;
        }
        Ok(self.introduction())
    }

    /// What the leader needs to know of a newcomer.
    fn introduction(&self) -> Response<wire::InviteResponse> {
        Response::new(wire::InviteResponse {
            listen_ip: self.handles.identity.listen_ip.to_bits(),
            key: self.handles.identity.key.map(Vec::from),
        })
    }
}
