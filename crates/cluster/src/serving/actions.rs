//! What follows from an observation: whether this node serves, and what is to be done. Pure; [`super::poll`] is the
//! one place that carries actions out.

use super::decision::{Observation, ServiceStatus};
use ipam::NodeId;

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// This node's log is that of the cluster: it may stand for election when it hears no leader.
    EnableElections,
    /// Nothing is decided though a quorum answers: propose something, to see when that changes.
    Probe,
    /// This node leads, and should not: have this peer lead.
    TransferLeadership(NodeId),
}

/// Who has another node lead.
#[tonic::async_trait]
pub(crate) trait TransferLeadership: Send + Sync + 'static {
    /// Begins it. It may come to nothing; the error says why it was not begun.
    async fn transfer_leadership(&self, to: NodeId) -> Result<(), String>;
}

/// What follows from one observation.
pub(crate) fn step(observation: &Observation<'_>) -> (ServiceStatus, Vec<Action>) {
    let status = ServiceStatus::decide(observation);
    let mut actions = Vec::new();
    if observation.leader_applied.is_some() && observation.replication_lag == 0 {
        actions.push(Action::EnableElections);
    }
    if observation.commits_stalled && status.has_quorum {
        actions.push(Action::Probe);
    }
    actions.extend(successor(observation).map(Action::TransferLeadership));
    (status, actions)
}

/// A leader whose state differs from its peers' decides nothing more, and hands over to one of
/// them. So does one whose storage hangs: its heartbeats would keep the others from electing a
/// better one.
fn successor(observation: &Observation<'_>) -> Option<NodeId> {
    let is_unfit = observation.has_diverged()
        || observation.disk_stall.is_some()
        || !observation.log_is_complete;
    if !is_unfit || !observation.leads {
        return None;
    }
    let mut peers = observation.peers.iter();
    let (node, _) = peers.find(|(_, peer)| peer.in_service)?;
    Some(*node)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::serving::decision::tests::{observe, peer};
    use crate::serving::peers::PeerView;
    use std::collections::BTreeMap;

    const LEADER: NodeId = NodeId(2);

    fn peers() -> BTreeMap<NodeId, PeerView> {
        BTreeMap::from([(LEADER, peer(true))])
    }

    #[test]
    fn step_level_follower_serves_and_may_stand() {
        let peers = peers();
        let (status, actions) = step(&observe(&peers));
        assert!(status.in_service());
        assert_eq!(actions, [Action::EnableElections]);
    }

    #[test]
    fn step_behind_or_without_a_leaders_word_enables_no_elections() {
        let peers = peers();
        let mut observation = observe(&peers);
        observation.replication_lag = 7;
        assert_eq!(step(&observation).1, []);
        observation.replication_lag = 0;
        observation.leader_applied = None;
        assert_eq!(step(&observation).1, []);
    }

    #[test]
    fn step_stalled_commits_probe_while_a_quorum_answers() {
        let peers = peers();
        let mut observation = observe(&peers);
        observation.leader_applied = None;
        observation.commits_stalled = true;
        let (status, actions) = step(&observation);
        assert!(!status.in_service());
        assert_eq!(actions, [Action::Probe]);
        let nobody = BTreeMap::new();
        observation.peers = &nobody;
        assert_eq!(step(&observation).1, []);
    }

    #[test]
    fn step_unfit_leader_hands_over_to_a_peer_in_service() {
        let peers = peers();
        let mut observation = observe(&peers);
        observation.leader_applied = None;
        observation.disk_stall = Some("a write".to_owned());
        assert_eq!(step(&observation).1, [], "it does not lead");
        observation.leads = true;
        let expected = [Action::TransferLeadership(LEADER)];
        assert_eq!(step(&observation).1, expected);
        observation.disk_stall = None;
        assert_eq!(step(&observation).1, [], "it is fit");
        observation.log_is_complete = false;
        assert_eq!(step(&observation).1, expected);
        observation.log_is_complete = true;
        (observation.digests_agree, observation.digests_differ) = (0, 1);
        assert_eq!(step(&observation).1, expected);
        let mut silent = peers.clone();
        silent
            .entry(LEADER)
            .and_modify(|peer| peer.in_service = false);
        observation.peers = &silent;
        assert_eq!(step(&observation).1, [], "nobody is better");
    }
}
