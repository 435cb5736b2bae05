//! Peers watch each other: who answers, who leads, who serves, and whose state is whose.
//!
//! One task asks every peer a few times a second, over the same transport as replication, so that
//! a node whose Raft links are cut notices even while its DHCP link is up (contract L2). After each answer
//! and at the end of each round it decides anew, and carries out what follows. Nobody else does.

use super::actions::{Action, TransferLeadership, step};
use super::peers::view_of;
use super::reachability::Reachability;
use super::{Introductions, Probe, Serving, Strangers};
use crate::elections::Elections;
use crate::identity::Identity;
use crate::notes::Notes;
use crate::raft_view::RaftView;
use crate::round_trips::RoundTrips;
use crate::timing::SharedLimits;
use crate::transport::{Look, Peers, Reversions};
use api::proto::peer::{HealthRequest, HealthResponse};
use futures::future::join_all;
use ipam::NodeId;
use raft_store::StateReader;
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::time::{Instant, sleep_until, timeout};

/// What it takes to ask, and to carry out what follows.
pub(crate) struct Poll {
    /// What is decided by.
    pub(crate) serving: Arc<Serving>,
    /// Who asks.
    pub(crate) identity: Arc<Identity>,
    /// Who the peers are.
    pub(crate) view: RaftView,
    /// The way to them.
    pub(crate) peers: Peers,
    /// How often, and how long.
    pub(crate) limits: SharedLimits,
    /// What is applied here.
    pub(crate) reader: StateReader,
    /// What goes with each question, and comes with each answer.
    pub(crate) notes: Arc<Notes>,
    /// Who is not of this cluster.
    pub(crate) strangers: Arc<Strangers>,
    /// How long each answer takes.
    pub(crate) round_trips: Arc<RoundTrips>,
    /// Whom to ask whether there is another cluster.
    pub(crate) introductions: Arc<Introductions>,
    /// Followers whose log went back.
    pub(crate) reversions: Reversions,
    /// Whether this node stands for election.
    pub(crate) elections: Arc<Elections>,
    /// Asks the cluster to decide something.
    pub(crate) probe: Probe,
    /// Has another node lead.
    pub(crate) leadership: Arc<dyn TransferLeadership>,
}

/// Asks and decides until the node stops.
pub(crate) async fn run(poll: Poll) {
    let mut reachability = Reachability::default();
    loop {
        let begun = Instant::now();
        poll.round(&mut reachability).await;
        sleep_until(begun + poll.limits.now().health_interval).await;
    }
}

impl Poll {
    async fn round(&self, reachability: &mut Reachability) {
        let members = self.view.members();
        self.serving.digest.refresh(&self.reader);
        self.serving.answers.keep_only(&members);
        let others = members
            .iter()
            .filter(|(node, _)| **node != self.identity.node);
        join_all(others.map(|(node, address)| self.ask(*node, address))).await;
        self.look_for_other_clusters().await;
        self.notes.judge();
        self.notes.keep_only_members();
        let actions = self.decide();
        self.mend_reverted_logs();
        self.check_quorum();
        self.note_reachability(reachability, &members);
        self.carry_out_last(actions).await;
    }

    /// Decides, and carries out what takes no time. Returns what follows.
    fn decide(&self) -> Vec<Action> {
        let serving = &self.serving;
        let peers = serving.peers_heard();
        let observation = serving.observe(&peers);
        serving.diverged.send_if_modified(|current| {
            let next = observation.has_diverged();
            std::mem::replace(current, next) != next
        });
        let (status, actions) = step(&observation);
        if actions.contains(&Action::EnableElections) {
            self.elections.enable();
        }
        serving.replica_status.send_if_modified(|current| {
            let next = current.after(&observation);
            std::mem::replace(current, next) != next
        });
        if actions.contains(&Action::Probe) {
            self.probe.begin();
        }
        serving.gate.publish(&status);
        actions
    }

    /// Carries out what is waited for.
    async fn carry_out_last(&self, actions: Vec<Action>) {
        for action in actions {
            if let Action::TransferLeadership(to) = action
                && let Err(error) = self.leadership.transfer_leadership(to).await
            {
                tracing::warn!(heir = %to, "{error}");
            }
        }
    }

    async fn ask(&self, node: NodeId, address: &str) {
        let Ok(mut client) = self.peers.connect(node, address) else {
            return;
        };
        let (asked, limit) = (Instant::now(), self.limits.now().health_timeout);
        let answer = timeout(limit, client.health(self.request_to(node))).await;
        // A peer that does not answer is noticed by the age of its last answer.
        let Ok(Ok(response)) = answer else { return };
        // A process that was stopped finds what came meanwhile, and it is no news (L2).
        if asked.elapsed() > limit {
            return;
        }
        self.hear(node, address, asked, response.into_inner());
    }

    fn hear(&self, node: NodeId, address: &str, asked: Instant, mut response: HealthResponse) {
        if response.node_id != node.0 {
            return;
        }
        if self.identity.is_foreign(&response.cluster_id) {
            self.strangers
                .heard(node, &response.cluster_id, Some(address));
            self.serving.answers.forget(node);
            return;
        }
        self.round_trips.note(node, asked.elapsed(), Instant::now());
        // An empty node keeps nothing of anybody. Some answers only say who is there.
        if response.initialized && response.has_notes {
            let notes = std::mem::take(&mut response.notes);
            self.notes.hear(node, notes);
        }
        let agrees = self.serving.digest.agrees(&self.reader, &response);
        let mut view = view_of(&response, asked.elapsed());
        let ours = self.identity.cluster_id();
        if ours.is_some_and(|ours| response.cluster_id != ours) {
            // It has no cluster yet, or does not know. Whatever it leads is not this one (S12).
            view.leads_a_quorum = false;
            view.counts_us = true;
        }
        self.serving.answers.note(node, view, agrees);
        // Not only at the end of the round, which waits for peers that do not answer. What is waited for is carried
        // out there.
        drop(self.decide());
    }

    /// What goes to a peer: who asks, and what is noted of the members.
    fn request_to(&self, node: NodeId) -> HealthRequest {
        HealthRequest {
            notes: self.notes.for_peer(node),
            has_notes: true,
            ..self.identity.health_request()
        }
    }

    /// Asks those of `GATEWAY_JOIN` in a cluster that never had a second voter: another one may be there.
    async fn look_for_other_clusters(&self) {
        if let Some(others) = self.introductions.others()
            && self.view.never_had_second_voter()
        {
            drop(self.introductions.ask_all(others).await);
        }
    }

    /// Has replication start over where a follower's log went back.
    fn mend_reverted_logs(&self) {
        if self.reversions.take() && self.view.leading_term().is_some() {
            self.probe.begin();
        }
    }

    /// Looks whether this node, if it leads, hears a quorum.
    fn check_quorum(&self) {
        let now = Instant::now();
        let answered_ago = self.view.quorum_answered_ago();
        self.peers.check_quorum().note(Look {
            now,
            term: self
                .view
                .leading_term()
                .filter(|_| self.view.has_other_voters()),
            acked: answered_ago.and_then(|ago| now.checked_sub(ago)),
            election_max: self.limits.now().timings.election_max,
        });
    }

    fn note_reachability(
        &self,
        reachability: &mut Reachability,
        members: &BTreeMap<NodeId, String>,
    ) {
        let heard = self.serving.peers_heard();
        let peers = members.keys().filter(|node| **node != self.identity.node);
        let answered = |node| heard.contains_key(&node);
        for change in reachability.note(peers, answered, Instant::now()) {
            change.log(members);
        }
    }
}
