//! Who speaks, to whom, in which cluster: every request comes in here (S12).
//!
//! | | Raft, Propose | Join | Invite | Health |
//! |---|---|---|---|---|
//! | sender | its certificate's | its certificate's | its certificate's | its certificate's |
//! | receiver | this node | 0 | this node | anybody |
//! | cluster | this node's | this node's, or none | this node's; any if this one waits for it | another's is told so |
//! | removed, by its key | refused | refused | refused | told so |
//! | removed, by its id | refused while a leader is in sight | – | the same | told so |
//! | no member | refused while a leader is in sight, and every few seconds; Propose always | – | – | – |

use super::PeerService;
use crate::tls::Caller;
use api::proto::peer as wire;
use ipam::{MemberKey, NodeId};
use tonic::{Request, Status};

impl PeerService {
    /// Who sends the request, and what it says. Every request comes in here.
    pub(super) fn receive<T>(&self, request: Request<T>) -> Result<(Caller, T), Status> {
        let caller = Caller::of(&request, self.certified_only)?;
        Ok((caller, request.into_inner()))
    }

    /// Counts a refusal and says it.
    pub(super) fn refuse(
        &self,
        sender: NodeId,
        call: &str,
        kind: &'static str,
        reason: impl Into<String>,
    ) -> Status {
        Status::failed_precondition(self.counted(sender, call, kind, reason))
    }

    /// The same where what was sent cannot be read.
    pub(super) fn refuse_content(
        &self,
        sender: NodeId,
        call: &str,
        kind: &'static str,
        reason: impl Into<String>,
    ) -> Status {
        Status::invalid_argument(self.counted(sender, call, kind, reason))
    }

    fn counted(
        &self,
        sender: NodeId,
        call: &str,
        kind: &'static str,
        reason: impl Into<String>,
    ) -> String {
        let reason = reason.into();
        self.handles.refusals.count(sender, call, kind, &reason);
        reason
    }

    /// Refuses what comes from another node than it says, or is meant for another node or another
    /// cluster, or comes from a member that was removed. Returns who sends it.
    pub(super) fn check_route(
        &self,
        caller: &Caller,
        call: &str,
        route: Option<&wire::Route>,
    ) -> Result<NodeId, Status> {
        let route = route.ok_or_else(|| Status::invalid_argument("the request has no route"))?;
        let sender = self.check_sender(caller, call, route.from)?;
        self.check_receiver(route.to)?;
        self.check_cluster(sender, call, &route.cluster_id)?;
        self.check_removed(caller, call, sender)?;
        Ok(sender)
    }

    /// The same for Raft's own requests, which a node answers only once it is admitted.
    pub(super) fn check_raft(
        &self,
        caller: &Caller,
        call: &str,
        route: Option<&wire::Route>,
    ) -> Result<u64, Status> {
        let sender = self.check_raft_goes_on(caller, call, route)?;
        self.check_turn(sender, call)?;
        Ok(sender.0)
    }

    /// The same for the parts of a call that has begun.
    pub(super) fn check_raft_goes_on(
        &self,
        caller: &Caller,
        call: &str,
        route: Option<&wire::Route>,
    ) -> Result<NodeId, Status> {
        let sender = self.check_route(caller, call, route)?;
        if let Some(poisoned) = &self.handles.poisoned {
            return Err(Status::failed_precondition(poisoned.clone()));
        }
        if !self.handles.admission.accepts_raft_rpcs() {
            return Err(Status::failed_precondition(
                "this node's data directory is empty and it has not been invited: \
                 if it lost its data, remove it from the cluster and add it again",
            ));
        }
        // What it promised before it started may be more than it knows: whatever it answered could count
        // for a leader that it had left.
        if self.handles.notes.gate.is_closed_to_raft() {
            return Err(Status::aborted(
                "this node does not know yet what it had promised",
            ));
        }
        self.check_stranger(sender, call)?;
        Ok(sender)
    }

    /// A node whose disk went back takes entries, and has no vote.
    pub(super) fn check_notes(&self) -> Result<(), Status> {
        match self.handles.notes.gate.is_level() {
            true => Ok(()),
            false => Err(Status::aborted(
                "this node's log lacks what it had acknowledged: it has no vote",
            )),
        }
    }

    /// A newcomer knows neither whom it asks nor, while it is empty, of which cluster it will be.
    pub(super) fn check_join(
        &self,
        caller: &Caller,
        request: &wire::JoinRequest,
    ) -> Result<(), Status> {
        let route = request.route.as_ref();
        let route = route.ok_or_else(|| Status::invalid_argument("the request has no route"))?;
        let sender = self.check_sender(caller, "Join", request.node_id)?;
        if route.from != sender.0 {
            let reason = format!("node {sender} asks in the name of node {}", route.from);
            return Err(self.refuse(sender, "Join", "not_the_sender", reason));
        }
        if route.to != 0 {
            self.check_receiver(route.to)?;
        }
        if !route.cluster_id.is_empty() {
            self.check_cluster(sender, "Join", &route.cluster_id)?;
        }
        Ok(())
    }

    /// A node that has a cluster is invited by that one alone; one that has none, as it wants.
    pub(super) fn check_invite(
        &self,
        caller: &Caller,
        request: &wire::InviteRequest,
    ) -> Result<NodeId, Status> {
        let route = request.route.as_ref();
        let route = route.ok_or_else(|| Status::invalid_argument("the request has no route"))?;
        let sender = self.check_sender(caller, "Invite", route.from)?;
        self.check_receiver(route.to)?;
        if route.cluster_id != request.cluster_id {
            return Err(Status::invalid_argument("the request names two clusters"));
        }
        if let Some(poisoned) = &self.handles.poisoned {
            return Err(Status::failed_precondition(poisoned.clone()));
        }
        let here = self.handles.identity.node;
        match self.handles.identity.cluster_id() {
            Some(ours) if request.cluster_id == ours => {
                self.check_removed(caller, "Invite", sender)?;
            }
            Some(_) => {
                let reason = format!(
                    "node {here} has the data of another cluster: empty its data directory if that is meant"
                );
                return Err(self.refuse(sender, "Invite", "another_cluster", reason));
            }
            None => {}
        }
        if !self.handles.admission.accepts_raft_rpcs()
            && let Some(reason) = self.handles.admission.refusal(&request.nonce)
        {
            let reason = format!("node {here} takes no invitation: {reason}");
            return Err(self.refuse(sender, "Invite", "not_asked_for", reason));
        }
        Ok(sender)
    }

    /// Nobody speaks for another, for this node, or for node 0.
    pub(super) fn check_sender(
        &self,
        caller: &Caller,
        call: &str,
        from: u64,
    ) -> Result<NodeId, Status> {
        let sender = NodeId(from);
        if let Err(status) = caller.must_be(sender) {
            let refusals = &self.handles.refusals;
            refusals.count(sender, call, "not_the_sender", status.message());
            return Err(status);
        }
        if from == 0 || (sender == self.handles.identity.node && call != "Health") {
            let reason = format!(
                "node {from} does not ask node {}",
                self.handles.identity.node
            );
            return Err(self.refuse(sender, call, "not_the_sender", reason));
        }
        if let Some(key) = caller.key()
            && self.handles.view.has_member(sender)
            && !self.handles.removed.has_key(Some(&key))
        {
            self.handles.seen_keys.note(sender, key);
        }
        Ok(sender)
    }

    fn check_receiver(&self, to: u64) -> Result<(), Status> {
        let here = self.handles.identity.node.0;
        if to == here {
            return Ok(());
        }
        Err(Status::failed_precondition(format!(
            "this is node {here}, not node {to}: check the peer addresses"
        )))
    }

    /// Every request names the cluster. A data directory of a release that did not keep its name may
    /// not know it before it has caught up.
    fn check_cluster(&self, sender: NodeId, call: &str, named: &[u8]) -> Result<(), Status> {
        //~ mutant s12_another_cluster_heard: return Ok(());
        let reason = match self.handles.identity.cluster_id() {
            Some(ours) if named == ours => return Ok(()),
            None if named.len() == 16 && self.handles.admission.accepts_raft_rpcs() => {
                return Ok(());
            }
            _ if named.is_empty() => "the request names no cluster",
            Some(_) => "this node belongs to another cluster",
            None => "this node belongs to no cluster yet",
        };
        Err(self.refuse(sender, call, "another_cluster", reason))
    }

    fn check_removed(&self, caller: &Caller, call: &str, node: NodeId) -> Result<(), Status> {
        let key = caller.key();
        let for_good = self.handles.removed.has_key(key.as_ref());
        // An id may have come back, and may lead, while this node was away: without a key it is a
        // stranger's.
        let for_now = || {
            self.handles.removed.contains(MemberKey { node, key })
                && self.handles.serving.status().has_quorum
        };
        if !for_good && !for_now() {
            return Ok(());
        }
        let reason = format!("node {node} has been removed from the cluster");
        Err(self.refuse(node, call, "removed", reason))
    }

    /// A member that this node has not heard of yet must be heard: it may have been added, and elected,
    /// while this node was away. But not while a leader with a quorum is in sight: then it is none, or
    /// this node hears of it in a moment.
    fn check_stranger(&self, sender: NodeId, call: &str) -> Result<(), Status> {
        let is_member = self.handles.view.has_member(sender);
        if is_member || !self.handles.serving.status().has_quorum {
            return Ok(());
        }
        let reason = format!(
            "node {sender} is no member of this cluster, which has a leader: add it with `gatewayctl node add`"
        );
        Err(self.refuse(sender, call, "not_a_member", reason))
    }

    /// Without a leader in sight, who is no member is heard for a turn alone. A node that is no voter by its
    /// own log elects nobody, and hears whoever fills it: its log may begin long before that one came.
    fn check_turn(&self, sender: NodeId, call: &str) -> Result<(), Status> {
        let patience = self.handles.limits.patience();
        if !self.handles.view.is_voter()
            || self.handles.view.has_member(sender)
            || self.unknown.is_heard(patience.unknown, patience.notes)
        {
            return Ok(());
        }
        let reason = format!(
            "node {sender} is no member of this cluster as far as node {} knows: it is heard again in some seconds",
            self.handles.identity.node
        );
        Err(self.refuse(sender, call, "not_a_member", reason))
    }

    /// Refuses commands of whoever is no member.
    pub(super) fn check_member(&self, sender: NodeId) -> Result<(), Status> {
        if self.handles.view.has_member(sender) {
            return Ok(());
        }
        let reason = format!("node {sender} is not a member of the cluster");
        Err(self.refuse(sender, "Propose", "not_a_member", reason))
    }
}
