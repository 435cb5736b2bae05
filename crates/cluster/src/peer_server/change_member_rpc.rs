//! A member asks the leader, for an operator, to add or remove a node.

use super::{Answer, PeerService};
use crate::membership::{MemberChange, MembershipError, NOT_DONE};
use api::proto::peer as wire;
use api::proto::peer::change_member_response::{Changed, Failed, Rejected, Result as Outcome};
use tonic::{Request, Response, Status};

impl PeerService {
    pub(super) async fn answer_change_member(
        &self,
        request: Request<wire::ChangeMemberRequest>,
    ) -> Answer<wire::ChangeMemberResponse> {
        let (caller, request) = self.receive(request)?;
        let sender = self.check_route(&caller, "ChangeMember", request.route.as_ref())?;
        self.check_member(sender)?;
        let change = request
            .change
            .ok_or_else(|| Status::invalid_argument("the request names no change"))?;
        let from = request.route.map_or(0, |route| route.from);
        let change = MemberChange::from(change);
        tracing::info!(from, ?change, "a member asks for a change of members");
        let result = match self.handles.change_member.here(&change).await {
            Ok(()) => Outcome::Changed(Changed {}),
            Err(MembershipError::NotLeader { .. } | MembershipError::NoLeader) => {
                Outcome::NotLeader(self.not_leader())
            }
            Err(MembershipError::NotDone(reason)) => return Err(Status::new(NOT_DONE, reason)),
            Err(MembershipError::Unknown(reason)) => Outcome::Failed(Failed { reason }),
            Err(error) => Outcome::Rejected(Rejected {
                reason: error.to_string(),
            }),
        };
        Ok(Response::new(wire::ChangeMemberResponse {
            result: Some(result),
        }))
    }
}
