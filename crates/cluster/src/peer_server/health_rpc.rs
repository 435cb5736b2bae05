//! What this node says of itself when a peer asks.

use super::{Answer, PeerService};
use crate::node::Inner;
use api::proto::raft as wire;
use ipam::{MemberKey, NodeId};
use raft_store::codec;
use std::sync::atomic::Ordering;
use tonic::{Request, Response};

impl PeerService {
    pub(super) async fn answer_health(
        &self,
        request: Request<wire::HealthRequest>,
    ) -> Answer<wire::HealthResponse> {
        let (caller, request) = self.receive(request)?;
        let asker = self.check_sender(&caller, "Health", request.node_id)?;
        let key = caller.key();
        if self.inner.is_removed(MemberKey { node: asker, key }) {
            let reason = "it has been removed from the cluster";
            self.inner
                .refusals
                .count(asker, "Health", "removed", reason);
            // That it was removed is all that it is told.
            return Ok(Response::new(wire::HealthResponse {
                member: false,
                leads_a_quorum: self.inner.leads_a_quorum(),
                ..self.inner.who_answers()
            }));
        }
        if self.inner.is_foreign(&request.cluster_id) {
            self.inner.heard_stranger(asker, &request.cluster_id, None);
        }
        if request.cluster_id != self.inner.cluster_bytes() {
            // Which cluster answers is all that a stranger is told.
            return Ok(Response::new(self.inner.who_answers()));
        }
        // Whoever has no cluster yet keeps nothing of anybody.
        if request.has_notes && !request.cluster_id.is_empty() {
            self.inner.hear_notes(asker, request.notes);
        }
        Ok(Response::new(self.inner.health_response(asker)))
    }
}

impl Inner {
    /// Which node of which cluster this is, for whoever looks for one.
    fn who_answers(&self) -> wire::HealthResponse {
        wire::HealthResponse {
            node_id: self.config.node.0,
            cluster_id: self.cluster_bytes(),
            initialized: self.is_admitted(),
            voters: self.voters().iter().map(|voter| voter.0).collect(),
            voters_since: self.voters_since().as_ref().map(codec::encode_log_id),
            founding: self.founding.load(Ordering::SeqCst),
            instance: self.instance,
            ..wire::HealthResponse::default()
        }
    }

    fn health_response(&self, asker: NodeId) -> wire::HealthResponse {
        let in_service = self.service_now().in_service();
        let digest = self.health.shown_digest();
        let last_applied = self.reader.with(|applied| applied.last_applied);
        wire::HealthResponse {
            node_id: self.config.node.0,
            cluster_id: self.cluster_bytes(),
            initialized: self.is_admitted(),
            leader_id: self.leader().map(|(leader, _)| leader.0),
            term: self.term(),
            last_applied: last_applied.as_ref().map(codec::encode_log_id),
            digest: digest.map(|mark| mark.sha256.to_vec()).unwrap_or_default(),
            digest_index: digest.map_or(0, |mark| mark.index),
            in_service,
            leads_a_quorum: self.leads_a_quorum(),
            member: self.has_member(asker),
            voters: self.voters().iter().map(|voter| voter.0).collect(),
            voters_since: self.voters_since().as_ref().map(codec::encode_log_id),
            founding: self.founding.load(Ordering::SeqCst),
            instance: self.instance,
            profile: self.limits().profile as u32,
            notes: self.notes_for(asker),
            has_notes: true,
        }
    }
}
