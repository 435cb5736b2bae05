//! Whether this node may answer DHCP clients (contract L2), and who else does.

use super::peers::PeerView;
use super::storage_remedy;
use ipam::{LogPosition, NodeId};
use std::collections::BTreeMap;
use std::time::Duration;

/// How long a decision to serve holds at least. It is made anew several times a second; an older one is that of
/// a process that stood still, and much may have happened meanwhile.
const DECISION_HOLDS: Duration = Duration::from_millis(1500);
/// How much later than a round it may come on a busy host.
const LATE: Duration = Duration::from_millis(500);

/// Whether this node may answer, and which nodes do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceStatus {
    /// Whether a quorum is in reach, by this node's own observation.
    pub has_quorum: bool,
    /// Why this node is silent; `None` while it is in service.
    pub not_serving_reason: Option<String>,
    /// The nodes that answer clients, in order, this one included when it does.
    pub nodes_in_service: Vec<NodeId>,
}

/// What the decision is made from.
#[derive(Clone, Debug)]
pub(crate) struct Observation<'a> {
    pub(crate) node: NodeId,
    pub(crate) term: u64,
    pub(crate) leader: Option<NodeId>,
    /// Whether this node leads and a quorum has answered it lately.
    pub(crate) leads_a_quorum: bool,
    /// Whether this node leads, with a quorum or without.
    pub(crate) leads: bool,
    /// The last entry that is applied here.
    pub(crate) applied: Option<LogPosition>,
    pub(crate) bootstrapped: bool,
    pub(crate) storage_error: Option<String>,
    /// Which write the disk does not finish.
    pub(crate) disk_stall: Option<String>,
    /// Why the daemon around this node cannot serve, whatever the cluster does.
    pub(crate) blocker: Option<String>,
    /// Whether its log has all that is noted of it.
    pub(crate) log_is_complete: bool,
    /// Why it may not take part if not, of a node that knows voters.
    pub(crate) notes: Option<String>,
    /// Why this node's own cluster is a mistake beside another one.
    pub(crate) yields: Option<String>,
    /// Whether commands are not decided, though somebody waits.
    pub(crate) commits_stalled: bool,
    /// By how many entries this node is too far behind the leader to serve.
    pub(crate) replication_lag: u64,
    /// What the leader has applied, if it said so lately; 0 of a node that leads.
    pub(crate) leader_applied: Option<u64>,
    pub(crate) voter: bool,
    /// Which peers are too far away for the profile in use, and what to do.
    pub(crate) latency: Option<String>,
    /// Peers that answered lately.
    pub(crate) peers: &'a BTreeMap<NodeId, PeerView>,
    /// How many peers' digests at a common index agree and disagree with ours.
    pub(crate) digests_agree: usize,
    pub(crate) digests_differ: usize,
}

impl ServiceStatus {
    /// A node that does not answer, whatever the cluster does.
    pub(crate) fn silent(reason: &str) -> Self {
        Self {
            has_quorum: false,
            not_serving_reason: Some(reason.to_owned()),
            nodes_in_service: Vec::new(),
        }
    }

    /// Whether this node answers clients.
    #[must_use]
    pub const fn in_service(&self) -> bool {
        self.not_serving_reason.is_none()
    }

    /// What is left of a decision that was made so long ago.
    /// A round of asking for health takes up to `round`.
    pub(crate) fn after(&self, age: Duration, round: Duration) -> Self {
        // The reason of a silent node stands.
        if age <= DECISION_HOLDS.max(round + LATE) || !self.in_service() {
            return self.clone();
        }
        Self::silent(
            "it has stood still, and does not know yet what the cluster did meanwhile: it comes back by \
             itself",
        )
    }

    pub(crate) fn decide(observation: &Observation<'_>) -> Self {
        let has_quorum = observation.has_quorum();
        let not_serving_reason = observation.not_serving_reason(has_quorum);
        let peers = observation.peers.iter().filter(|(_, peer)| peer.in_service);
        let mut nodes_in_service: Vec<NodeId> = peers.map(|(node, _)| *node).collect();
        if not_serving_reason.is_none() {
            nodes_in_service.push(observation.node);
            nodes_in_service.sort_unstable();
        }
        Self {
            has_quorum,
            not_serving_reason,
            nodes_in_service,
        }
    }
}

impl Observation<'_> {
    /// A leader has a quorum when one has answered it lately; anybody else, when it hears a leader
    /// of its own term say that it has one.
    pub(crate) fn has_quorum(&self) -> bool {
        match self.leader {
            Some(leader) if leader == self.node => self.leads_a_quorum,
            Some(leader) => self.peers.get(&leader).is_some_and(|peer| {
                peer.leads_a_quorum && peer.leader == Some(leader) && peer.term == self.term
            }),
            None => false,
        }
    }

    /// The leader that says that this node is no member, if it is to be believed: it is the one that this
    /// node follows, or most of those who answer say the same. One member that lies removes nobody
    /// (S12). Strangers are not among the peers.
    pub(crate) fn removed_by(&self) -> Option<NodeId> {
        if self.leads_a_quorum {
            return None;
        }
        let denies = |(node, peer): (&NodeId, &PeerView)| {
            (peer.leads_a_quorum && !peer.counts_us).then_some(*node)
        };
        let followed = self
            .leader
            .and_then(|leader| self.peers.get_key_value(&leader));
        if let Some((node, peer)) = followed.filter(|_| self.has_quorum()) {
            return denies((node, peer));
        }
        let denying = self.peers.values().filter(|peer| !peer.counts_us).count();
        let is_most = denying > self.peers.len() - denying;
        self.peers.iter().find_map(denies).filter(|_| is_most)
    }

    /// S8: more peers have another state at a common index than have the same.
    pub(crate) fn has_diverged(&self) -> bool {
        //~ mutant s8_digests_not_compared: return false;
        self.digests_differ > self.digests_agree
    }

    /// Whether all that a leader with a quorum is known to have applied is applied here.
    pub(crate) fn is_level(&self) -> bool {
        // A leader knows what was committed before it only with an entry of its own: until then one that follows it
        // is as little level as it is itself.
        let of_this_term = self
            .applied
            .is_some_and(|position| position.term == self.term);
        self.has_quorum() && self.replication_lag == 0 && of_this_term
    }

    /// The first reason that holds.
    fn not_serving_reason(&self, has_quorum: bool) -> Option<String> {
        self.own_reason()
            .or_else(|| self.reason_of_membership())
            .or_else(|| self.reason_of_cluster(has_quorum))
    }

    /// What is wrong with this node itself.
    fn own_reason(&self) -> Option<String> {
        if let Some(error) = &self.storage_error {
            return Some(format!(
                "its storage failed: {error}: {}, then restart gatewayd",
                storage_remedy::remedy(error)
            ));
        }
        if let Some(reason) = &self.disk_stall {
            return Some(reason.clone());
        }
        if self.has_diverged() {
            return Some(format!(
                "its state differs from that of {} peers at the same log index: \
                 stop it, remove it from the cluster and add it again empty (with TLS: with a new key)",
                self.digests_differ
            ));
        }
        self.blocker.clone()
    }

    /// Why it does not count as a voter of its cluster.
    fn reason_of_membership(&self) -> Option<String> {
        if let Some(reason) = &self.yields {
            return Some(reason.clone());
        }
        if let Some(leader) = self.removed_by() {
            return Some(format!(
                "it has been removed from the cluster, says node {leader}, which leads: see `gatewayctl \
                 status` there; if that is right, stop it, or empty its data directory, give it a new \
                 key (with TLS) and add it again"
            ));
        }
        if let Some(reason) = &self.notes {
            return Some(reason.clone());
        }
        (!self.voter).then(|| {
            "it is not a voting member of the cluster (yet): run `gatewayctl bootstrap` on one node of a \
             new cluster, or name members of the other one in GATEWAY_JOIN, or run `gatewayctl node add` on one"
                .to_owned()
        })
    }

    /// Why its cluster decides nothing, or has left it behind.
    fn reason_of_cluster(&self, has_quorum: bool) -> Option<String> {
        // L2: a node that reaches no quorum is silent.
        //~ mutant l2_serves_without_quorum: if self.bootstrapped { return None; }
        if let Some(latency) = self.latency.as_ref().filter(|_| !has_quorum) {
            return Some(format!("no quorum: {latency}"));
        }
        if !has_quorum {
            let known = self.leader.map(|leader| leader.to_string());
            let leader = known.unwrap_or_else(|| "none".to_owned());
            return Some(format!(
                "no quorum in reach: {} of its peers answer, the leader it knows is {leader}: start the \
                 other nodes, or mend the network between them",
                self.peers.len()
            ));
        }
        if self.replication_lag > 0 {
            return Some(format!(
                "it is catching up, {} entries behind the leader: it comes back by itself; if the number \
                 stands still, look at its log and its disk",
                self.replication_lag
            ));
        }
        if !self.bootstrapped {
            return Some(
                "the cluster is not bootstrapped yet: run `gatewayctl bootstrap` on one node"
                    .to_owned(),
            );
        }
        self.commits_stalled.then(|| {
            "the cluster decides nothing, though a quorum answers: see which nodes lag behind in \
             `gatewayctl status` and in the log of the leader; it comes back by itself with the next \
             command that is decided"
                .to_owned()
        })
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    const SELF: NodeId = NodeId(1);
    const LEADER: NodeId = NodeId(2);

    pub(crate) fn peer(leads_a_quorum: bool) -> PeerView {
        PeerView {
            leader: Some(LEADER),
            term: 3,
            leads_a_quorum,
            in_service: true,
            applied: 9,
            counts_us: true,
            round_trip: Duration::ZERO,
            profile: ipam::Profile::Lan,
        }
    }

    pub(crate) fn observe(peers: &BTreeMap<NodeId, PeerView>) -> Observation<'_> {
        Observation {
            node: SELF,
            term: 3,
            leader: Some(LEADER),
            leads_a_quorum: false,
            leads: false,
            applied: Some(LogPosition { term: 3, index: 9 }),
            bootstrapped: true,
            storage_error: None,
            disk_stall: None,
            blocker: None,
            log_is_complete: true,
            notes: None,
            yields: None,
            commits_stalled: false,
            replication_lag: 0,
            leader_applied: Some(0),
            voter: true,
            latency: None,
            peers,
            digests_agree: 1,
            digests_differ: 0,
        }
    }

    #[test]
    fn a_follower_serves_while_it_hears_a_leader_with_a_quorum() {
        let peers = BTreeMap::from([(LEADER, peer(true))]);
        let status = ServiceStatus::decide(&observe(&peers));
        assert!(status.in_service());
        assert_eq!(status.nodes_in_service, vec![SELF, LEADER]);
    }

    const ROUND: Duration = Duration::from_millis(600);

    /// A process that was stopped and goes on must not serve before its next look at its peers.
    #[test]
    fn a_decision_to_serve_does_not_hold_for_long() {
        let peers = BTreeMap::from([(LEADER, peer(true))]);
        let status = ServiceStatus::decide(&observe(&peers));
        assert_eq!(status.after(Duration::from_millis(900), ROUND), status);
        let stale = status.after(Duration::from_secs(60), ROUND);
        assert!(!stale.in_service() && !stale.has_quorum);
        let reason = stale.not_serving_reason.unwrap_or_default();
        assert!(reason.contains("stood still"), "{reason}");
    }

    #[test]
    fn a_silent_node_keeps_its_reason() {
        let peers = BTreeMap::new();
        let status = ServiceStatus::decide(&observe(&peers));
        assert_eq!(status.after(Duration::from_secs(60), ROUND), status);
    }

    #[test]
    fn a_cut_off_node_is_silent_and_says_why() {
        let peers = BTreeMap::new();
        let status = ServiceStatus::decide(&observe(&peers));
        assert!(
            status
                .not_serving_reason
                .is_some_and(|reason| reason.contains("no quorum"))
        );
    }

    #[test]
    fn a_leader_that_lost_its_quorum_takes_its_followers_with_it() {
        let peers = BTreeMap::from([(LEADER, peer(false))]);
        assert!(!ServiceStatus::decide(&observe(&peers)).in_service());
    }

    #[test]
    fn a_node_that_diverged_is_silent() {
        let peers = BTreeMap::from([(LEADER, peer(true))]);
        let observation = Observation {
            digests_differ: 2,
            ..observe(&peers)
        };
        let status = ServiceStatus::decide(&observation);
        assert!(
            status
                .not_serving_reason
                .is_some_and(|reason| reason.contains("differs"))
        );
    }

    /// S11: a quorum that answers heartbeats and decides nothing serves nobody.
    #[test]
    fn a_node_whose_commands_are_not_decided_is_silent() {
        let peers = BTreeMap::from([(LEADER, peer(true))]);
        let observation = Observation {
            commits_stalled: true,
            ..observe(&peers)
        };
        let reason = ServiceStatus::decide(&observation).not_serving_reason;
        assert!(reason.is_some_and(|reason| reason.contains("decides nothing")));
    }

    #[test]
    fn a_node_whose_storage_hangs_is_silent_until_it_ends() {
        let peers = BTreeMap::from([(LEADER, peer(true))]);
        let observation = Observation {
            disk_stall: Some("its storage has not finished a write".to_owned()),
            ..observe(&peers)
        };
        let status = ServiceStatus::decide(&observation);
        assert_eq!(status.not_serving_reason, observation.disk_stall);
        assert!(ServiceStatus::decide(&observe(&peers)).in_service());
    }

    /// S12: a member that lies about who leads and who is a member silences nobody.
    #[test]
    fn removed_on_the_word_of_one_liar_refused() {
        let liar = PeerView {
            counts_us: false,
            leader: Some(NodeId(3)),
            ..peer(true)
        };
        let follower = PeerView {
            leader: None,
            ..peer(false)
        };
        let followed = BTreeMap::from([(LEADER, peer(true)), (NodeId(3), liar.clone())]);
        assert!(ServiceStatus::decide(&observe(&followed)).in_service());
        assert_eq!(observe(&followed).removed_by(), None);
        let leaderless = BTreeMap::from([(LEADER, follower.clone()), (NodeId(3), liar.clone())]);
        assert_eq!(observe(&leaderless).removed_by(), None);
        let denied = PeerView {
            counts_us: false,
            ..follower
        };
        let removed = BTreeMap::from([(LEADER, denied), (NodeId(3), liar)]);
        assert_eq!(observe(&removed).removed_by(), Some(NodeId(3)));
    }

    #[test]
    fn a_removed_node_is_silent() {
        let removed = PeerView {
            counts_us: false,
            ..peer(true)
        };
        let peers = BTreeMap::from([(LEADER, removed)]);
        let status = ServiceStatus::decide(&observe(&peers));
        assert!(
            status
                .not_serving_reason
                .is_some_and(|reason| reason.contains("removed"))
        );
    }

    /// S11: each reason names its cause and what to do, the first that holds.
    #[test]
    fn every_reason_names_its_cause_and_a_remedy() {
        type Broken = fn(&mut Observation<'_>);
        let table: [(&str, &str, Broken); 7] = [
            ("storage failed: EIO", "check the disk", |o| {
                o.storage_error = Some("EIO".to_owned());
            }),
            ("state differs", "remove it from the cluster", |o| {
                o.digests_differ = 2
            }),
            ("not a voting member", "gatewayctl node add", |o| {
                o.voter = false
            }),
            (
                "no quorum in reach: 1 of its peers",
                "start the other nodes",
                |o| o.leader = None,
            ),
            ("no quorum: round trips", "profile set wan", |o| {
                o.leader = None;
                o.latency =
                    Some("round trips are too long: `gatewayctl profile set wan`".to_owned());
            }),
            ("catching up, 7 entries", "it comes back by itself", |o| {
                o.replication_lag = 7
            }),
            ("not bootstrapped", "gatewayctl bootstrap", |o| {
                o.bootstrapped = false
            }),
        ];
        let peers = BTreeMap::from([(LEADER, peer(true))]);
        for (cause, remedy, broken) in table {
            let mut observation = observe(&peers);
            broken(&mut observation);
            let reason = ServiceStatus::decide(&observation)
                .not_serving_reason
                .unwrap_or_default();
            assert!(
                reason.contains(cause) && reason.contains(remedy),
                "{cause}: {reason}"
            );
        }
        // Latency is no reason while there is a quorum.
        let far = Observation {
            latency: Some("far".to_owned()),
            ..observe(&peers)
        };
        assert!(ServiceStatus::decide(&far).in_service());
    }

    /// What the leader before has committed last is not known to a new one as committed (S9).
    #[test]
    fn a_follower_is_level_with_an_entry_of_its_leaders_own_term() {
        let peers = BTreeMap::from([(LEADER, peer(true))]);
        let mut observation = observe(&peers);
        assert!(observation.is_level());
        observation.applied = Some(LogPosition { term: 2, index: 9 });
        assert!(!observation.is_level());
    }
}
