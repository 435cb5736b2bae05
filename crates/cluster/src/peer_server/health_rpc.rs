//! What this node says of itself when a peer asks.

use super::{Answer, PeerHandles, PeerService};
use api::proto::peer as wire;
use ipam::{MemberKey, NodeId};
use raft_store::codec;
use tonic::{Request, Response};

impl PeerService {
    pub(super) async fn answer_health(
        &self,
        request: Request<wire::HealthRequest>,
    ) -> Answer<wire::HealthResponse> {
        let (caller, request) = self.receive(request)?;
        let asker = self.check_sender(&caller, "Health", request.node_id)?;
        let key = caller.key();
        if self
            .handles
            .removed
            .contains(MemberKey { node: asker, key })
        {
            let reason = "it has been removed from the cluster";
            self.handles
                .refusals
                .count(asker, "Health", "removed", reason);
            // That it was removed is all that it is told.
            return Ok(Response::new(wire::HealthResponse {
                member: false,
                leads_a_quorum: self.handles.serving.leads_a_quorum(),
                ..self.who_answers()
            }));
        }
        if self.handles.identity.is_foreign(&request.cluster_id) {
            self.handles
                .strangers
                .heard(asker, &request.cluster_id, None);
        }
        if request.cluster_id != self.handles.identity.cluster_bytes() {
            // Which cluster answers is all that a stranger is told.
            return Ok(Response::new(self.who_answers()));
        }
        // Whoever has no cluster yet keeps nothing of anybody.
        if request.has_notes && !request.cluster_id.is_empty() {
            self.handles.notes.hear(asker, request.notes);
        }
        Ok(Response::new(self.health_response(asker)))
    }
}

impl PeerService {
    /// Which node of which cluster this is, for whoever looks for one.
    fn who_answers(&self) -> wire::HealthResponse {
        let PeerHandles {
            identity,
            admission,
            view,
            ..
        } = &*self.handles;
        wire::HealthResponse {
            node_id: identity.node.0,
            cluster_id: identity.cluster_bytes(),
            initialized: admission.accepts_raft_rpcs(),
            voters: view.voters().iter().map(|voter| voter.0).collect(),
            voters_since: view.voters_since().as_ref().map(codec::encode_log_id),
            founding: admission.is_founding(),
            instance: identity.instance,
            ..wire::HealthResponse::default()
        }
    }

    fn health_response(&self, asker: NodeId) -> wire::HealthResponse {
        let PeerHandles {
            serving,
            reader,
            view,
            limits,
            notes,
            ..
        } = &*self.handles;
        let digest = serving.shown_digest();
        let last_applied = reader.with(|applied| applied.last_applied);
        wire::HealthResponse {
            leader_id: view.leader().map(|(leader, _)| leader.0),
            term: view.term(),
            last_applied: last_applied.as_ref().map(codec::encode_log_id),
            digest: digest.map(|mark| mark.sha256.to_vec()).unwrap_or_default(),
            digest_index: digest.map_or(0, |mark| mark.index),
            in_service: serving.status().in_service(),
            leads_a_quorum: serving.leads_a_quorum(),
            member: view.has_member(asker),
            profile: limits.now().profile as u32,
            notes: notes.for_peer(asker),
            has_notes: true,
            ..self.who_answers()
        }
    }
}
