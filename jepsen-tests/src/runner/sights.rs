//! What the watchers saw of each node last. Reading it never blocks on a node.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use lab::gateway::Status;

/// What was seen longer ago is not believed.
const FRESH: Duration = Duration::from_secs(3);

/// The last status of every node.
#[derive(Debug)]
pub struct Sights {
    nodes: Vec<Mutex<Option<(Instant, Status)>>>,
}

impl Sights {
    /// Of `count` nodes; nothing seen yet.
    pub fn new(count: usize) -> Self {
        Self {
            nodes: (0..count).map(|_| Mutex::new(None)).collect(),
        }
    }

    /// Node `node` answered.
    pub fn note(&self, node: u8, status: Status) {
        if let Some(place) = self.nodes.get(usize::from(node) - 1) {
            let seen = Some((Instant::now(), status));
            *place.lock().unwrap_or_else(PoisonError::into_inner) = seen;
        }
    }

    /// Who leads, according to the node with the highest term.
    pub fn leader(&self) -> Option<u8> {
        let known = self.fresh().into_iter();
        let latest = known.filter(|status| status.leader_id.is_some());
        let latest = latest.max_by_key(|status| status.term)?;
        u8::try_from(latest.leader_id?).ok()
    }

    /// The voters, according to a leader that serves.
    pub fn voters(&self) -> Option<Vec<u8>> {
        let leader = self
            .fresh()
            .into_iter()
            .find(|status| status.in_service && status.leader_id == Some(status.node_id))?;
        let voters = leader.members.iter().filter(|one| one.role != "learner");
        Some(
            voters
                .filter_map(|one| u8::try_from(one.node_id).ok())
                .collect(),
        )
    }

    /// Whether node `node` said lately that it answers clients, as a voter.
    pub fn is_in_service(&self, node: u8) -> bool {
        self.fresh()
            .iter()
            .any(|status| status.node_id == u64::from(node) && status.in_service)
    }

    /// How many nodes said lately that they answer clients.
    pub fn in_service(&self) -> usize {
        let fresh = self.fresh();
        fresh.iter().filter(|status| status.in_service).count()
    }

    /// What each node said of NAT lately, and when.
    pub fn nat(&self) -> Vec<(u8, Instant, bool)> {
        let nodes = (1..).zip(&self.nodes);
        nodes
            .filter_map(|(node, place)| {
                let seen = place.lock().unwrap_or_else(PoisonError::into_inner);
                let (at, status) = seen.as_ref()?;
                let nat = status.nat.as_ref()?;
                Some((node, *at, nat.in_sync && !status.has_blocker("nat")))
            })
            .collect()
    }

    fn fresh(&self) -> Vec<Status> {
        let nodes = self.nodes.iter();
        nodes
            .filter_map(|place| {
                let seen = place.lock().unwrap_or_else(PoisonError::into_inner);
                let (at, status) = seen.as_ref()?;
                (at.elapsed() < FRESH).then(|| status.clone())
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn status(node: u64, leader: Option<u64>, term: u64, in_service: bool) -> Status {
        let member = |node: u64, role: &str| {
            json!({"node_id": node, "role": role, "listen_ip": "", "reachable": true,
                   "applied": null, "in_service": true})
        };
        let status = json!({
            "node_id": node, "leader_id": leader, "term": term, "last_applied": 1,
            "has_quorum": in_service, "in_service": in_service, "not_serving_reason": null,
            "members": [member(1, "leader"), member(3, "follower"), member(4, "learner")],
            "subnets": [], "nat": null, "dropped_packets": {}, "peer_refusals": {}, "notices": [],
            "verdict": {"level": "healthy", "summary": "HEALTHY", "blockers": []},
        });
        serde_json::from_value(status).expect("a status")
    }

    #[test]
    fn the_latest_term_names_the_leader() {
        let sights = Sights::new(3);
        assert_eq!(sights.leader(), None);
        sights.note(1, status(1, Some(1), 4, false));
        sights.note(2, status(2, Some(3), 5, true));
        sights.note(3, status(3, None, 6, false));
        assert_eq!(sights.leader(), Some(3));
        assert_eq!(sights.in_service(), 1);
        assert!(sights.is_in_service(2) && !sights.is_in_service(1));
    }

    #[test]
    fn only_a_leader_that_serves_says_who_votes() {
        let sights = Sights::new(3);
        sights.note(2, status(2, Some(1), 5, true));
        assert_eq!(sights.voters(), None);
        sights.note(1, status(1, Some(1), 5, true));
        assert_eq!(sights.voters(), Some(vec![1, 3]));
    }
}
