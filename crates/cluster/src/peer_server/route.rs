//! Whom a request is from and for: every request comes in here.

use super::PeerService;
use crate::tls::Caller;
use api::proto::raft as wire;
use ipam::NodeId;
use tonic::{Request, Status};

impl PeerService {
    /// Who sends the request, and what it says. Every request comes in here.
    pub(super) fn receive<T>(&self, request: Request<T>) -> Result<(Caller, T), Status> {
        let caller = Caller::of(&request, self.certified_only)?;
        Ok((caller, request.into_inner()))
    }

    /// Refuses what comes from another node than it says, or is meant for another node or another
    /// cluster.
    pub(super) fn check_route(
        &self,
        caller: &Caller,
        route: Option<&wire::Route>,
    ) -> Result<(), Status> {
        let route = route.ok_or_else(|| Status::invalid_argument("the request has no route"))?;
        caller.must_be(NodeId(route.from))?;
        let here = self.inner.config.node.0;
        if route.to != here {
            return Err(Status::failed_precondition(format!(
                "this is node {here}, not node {}: check the peer addresses",
                route.to
            )));
        }
        let ours = self.inner.reader.with(|applied| applied.state.cluster_id());
        match ours {
            Some(ours) if !route.cluster_id.is_empty() && route.cluster_id != ours => Err(
                Status::failed_precondition("this node belongs to another cluster"),
            ),
            _ => Ok(()),
        }
    }

    /// The same for Raft's own requests, which a node answers only once it is admitted. Returns who
    /// sends it.
    pub(super) fn check_raft(
        &self,
        caller: &Caller,
        route: Option<&wire::Route>,
    ) -> Result<u64, Status> {
        self.check_route(caller, route)?;
        let sender = route.map_or(0, |route| route.from);
        if !self.inner.is_admitted() {
            return Err(Status::failed_precondition(
                "this node's data directory is empty and it has not been invited: \
                 if it lost its data, remove it from the cluster and add it again",
            ));
        }
        self.check_stranger(sender)?;
        Ok(sender)
    }

    /// A member that this node has not heard of yet must be heard: it may have been added, and elected,
    /// while this node was away. But not while a leader with a quorum is in sight: then it is none, or
    /// this node hears of it in a moment.
    fn check_stranger(&self, sender: u64) -> Result<(), Status> {
        let is_member = self.inner.members().contains_key(&NodeId(sender));
        if is_member || !self.inner.service_now().has_quorum {
            return Ok(());
        }
        let reason = format!(
            "node {sender} is no member of this cluster, which has a leader: add it with `gatewayctl node add`"
        );
        self.inner
            .refusals
            .count(NodeId(sender), "Raft", "not_a_member", &reason);
        Err(Status::failed_precondition(reason))
    }

    /// Refuses commands of a node that has been removed.
    pub(super) fn check_member(&self, route: Option<&wire::Route>) -> Result<(), Status> {
        let from = NodeId(route.map_or(0, |route| route.from));
        if self.inner.members().contains_key(&from) {
            return Ok(());
        }
        Err(Status::failed_precondition(format!(
            "node {from} is not a member of the cluster"
        )))
    }
}
