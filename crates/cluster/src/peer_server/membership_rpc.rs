//! How a node comes in: it asks to join, or the leader invites it.

use super::{Answer, PeerService};
use crate::membership::MembershipError;
use api::proto::raft as wire;
use ipam::NodeId;
use tonic::{Request, Response, Status};

impl PeerService {
    pub(super) async fn answer_join(
        &self,
        request: Request<wire::JoinRequest>,
    ) -> Answer<wire::JoinResponse> {
        let (caller, request) = self.receive(request)?;
        let node = NodeId(request.node_id);
        caller.must_be(node)?;
        let added = self
            .inner
            .add_node(node, &request.peer_address, request.has_data)
            .await;
        let result = match added {
            Ok(()) => wire::join_response::Result::Joined(wire::join_response::Joined::default()),
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
        let (_, request) = self.receive(request)?;
        let here = self.inner.config.node;
        if request.node_id != here.0 {
            return Err(Status::failed_precondition(format!(
                "the node there is node {here}, not node {}: check its GATEWAY_NODE_ID",
                request.node_id
            )));
        }
        let ours = self.inner.reader.with(|applied| applied.state.cluster_id());
        if ours.is_some_and(|ours| request.cluster_id != ours) {
            return Err(Status::failed_precondition(format!(
                "node {here} has the data of another cluster: empty its data directory if that is meant"
            )));
        }
        self.inner.admit();
        let listen_ip = self.inner.config.listen_ip.to_bits();
        Ok(Response::new(wire::InviteResponse { listen_ip }))
    }
}
