//! Peers watch each other: who answers, who leads, who serves, and whose state is whose.
//!
//! One task asks every peer a few times a second, over the same transport as replication, so that
//! a node whose Raft links are cut notices even while its DHCP link is up (contract L2). From the
//! answers and from Raft's own metrics it decides the node's [`ServiceStatus`].

use crate::node::Inner;
use crate::reachability::Reachability;
use crate::service::{Observation, ServiceStatus};
use crate::{check_quorum, commits, founders, reversion};
use api::proto::raft::{HealthRequest, HealthResponse};
use futures::future::join_all;
use ipam::{LogPosition, NodeId, Profile};
use raft_store::{StateDigest, StateReader};
use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::{Instant, sleep_until, timeout};

/// What a peer said of itself lately.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PeerView {
    pub(crate) leader: Option<NodeId>,
    pub(crate) term: u64,
    pub(crate) leads_a_quorum: bool,
    pub(crate) in_service: bool,
    pub(crate) applied: u64,
    /// Whether it counts this node among the members.
    pub(crate) counts_us: bool,
    /// How long its answer took.
    pub(crate) round_trip: Duration,
    /// The profile that it goes by.
    pub(crate) profile: Profile,
}

/// The last answer of every peer, and the digest that this node shows them.
#[derive(Debug, Default)]
pub(crate) struct Health {
    answers: Mutex<BTreeMap<NodeId, Answer>>,
    shown: Mutex<Shown>,
}

/// The digest that peers compare theirs with. While entries come it is that of the last
/// checkpoint, which every node has; in between that of the state as it is, which costs a pass
/// over the state once.
#[derive(Debug, Default)]
struct Shown {
    applied: Option<u64>,
    digest: Option<StateDigest>,
}

#[derive(Debug)]
struct Answer {
    at: Instant,
    view: PeerView,
    /// Whether its digest agreed with ours when both were of one index; `None` if they never were.
    digest_agrees: Option<bool>,
}

impl Answer {
    fn counts(&self, valid: Duration) -> bool {
        self.at.elapsed() < valid
    }
}

impl Health {
    /// The peers that answered lately.
    pub(crate) fn peers(&self, valid: Duration) -> BTreeMap<NodeId, PeerView> {
        let answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = answers.iter().filter(|(_, answer)| answer.counts(valid));
        fresh
            .map(|(node, answer)| (*node, answer.view.clone()))
            .collect()
    }

    /// How many digests of the peers that answered lately agree with ours, and how many differ.
    fn digests(&self, valid: Duration) -> (usize, usize) {
        let answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        let count = |agrees| {
            answers
                .values()
                .filter(|answer| answer.counts(valid) && answer.digest_agrees == Some(agrees))
                .count()
        };
        (count(true), count(false))
    }

    /// How long the answer of a middling peer takes, of those that answered within `valid`.
    pub(crate) fn round_trip(&self, valid: Duration) -> Duration {
        let peers = self.peers(valid);
        let mut round_trips: Vec<Duration> = peers.values().map(|peer| peer.round_trip).collect();
        round_trips.sort_unstable();
        let middle = round_trips.get(round_trips.len() / 2);
        middle.copied().unwrap_or_default()
    }

    fn note(&self, node: NodeId, view: PeerView, digest_agrees: Option<bool>) {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        let earlier = answers.get(&node).and_then(|answer| answer.digest_agrees);
        let digest_agrees = digest_agrees.or(earlier);
        answers.insert(
            node,
            Answer {
                at: Instant::now(),
                view,
                digest_agrees,
            },
        );
    }

    /// The digest to show to peers.
    pub(crate) fn shown_digest(&self) -> Option<StateDigest> {
        self.shown
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .digest
    }

    fn refresh_digest(&self, reader: &StateReader) {
        let applied = reader.mark().position.map(|position| position.index);
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        let quiet = shown.applied == applied;
        shown.applied = applied;
        shown.digest = if quiet {
            reader.digest()
        } else {
            reader.mark().checkpoint
        };
    }

    /// What `node` said does not count any more.
    fn forget(&self, node: NodeId) {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        answers.remove(&node);
    }

    fn keep_only(&self, members: &BTreeMap<NodeId, String>) {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        answers.retain(|node, _| members.contains_key(node));
    }
}

fn view_of(response: &HealthResponse, round_trip: Duration) -> PeerView {
    PeerView {
        leader: response.leader_id.map(NodeId),
        term: response.term,
        leads_a_quorum: response.leads_a_quorum,
        in_service: response.in_service,
        counts_us: response.member,
        profile: profile_of(response.profile),
        applied: response
            .last_applied
            .as_ref()
            .map_or(0, |log_id| log_id.index),
        round_trip,
    }
}

/// A node of a release that has no profiles says nothing, and is on a LAN's timers.
fn profile_of(number: u32) -> Profile {
    let known = usize::try_from(number).ok();
    let profile = known.and_then(|place| Profile::ALL.get(place));
    profile.copied().unwrap_or_default()
}

/// Asks and decides until the node stops.
pub(crate) async fn run(inner: Arc<Inner>) {
    let mut reachability = Reachability::default();
    loop {
        let begun = Instant::now();
        let members = inner.members();
        inner.health.refresh_digest(&inner.reader);
        inner.health.keep_only(&members);
        let peers = members
            .iter()
            .filter(|(node, _)| **node != inner.config.node);
        join_all(peers.map(|(node, address)| ask(&inner, *node, address))).await;
        founders::look_out(&inner).await;
        inner.judge_notes();
        inner.drop_notes_of_strangers();
        publish(&inner);
        reversion::mend(&inner);
        check_quorum::look(&inner);
        let answering = inner.health.peers(inner.limits().health_valid);
        let peers = members.keys().filter(|node| **node != inner.config.node);
        for change in reachability.note(peers, |node| answering.contains_key(&node), Instant::now())
        {
            change.log(&members);
        }
        step_down_if_unfit(&inner).await;
        sleep_until(begun + inner.limits().health_interval).await;
    }
}

/// A leader whose state differs from its peers' decides nothing more, and hands over to one of
/// them. So does one whose storage hangs: its heartbeats would keep the others from electing a
/// better one.
async fn step_down_if_unfit(inner: &Inner) {
    let is_unfit = inner.outvoted.load(Ordering::Relaxed)
        || inner.hung_storage().is_some()
        || !inner.notes.gate.is_level();
    if !is_unfit || inner.leading_term().is_none() {
        return;
    }
    let peers = inner.peers_heard();
    let Some(heir) = peers
        .iter()
        .find(|(_, peer)| peer.in_service)
        .map(|(node, _)| *node)
    else {
        return;
    };
    if let Err(error) = inner.hand_over(heir).await {
        tracing::warn!(%heir, "{error}");
    }
}

async fn ask(inner: &Arc<Inner>, node: NodeId, address: &str) {
    let Ok(mut client) = inner.peers.connect(node, address) else {
        return;
    };
    let (asked, limit) = (Instant::now(), inner.limits().health_timeout);
    let answer = timeout(limit, client.health(inner.health_request_to(node))).await;
    // A peer that does not answer is noticed by the age of its last answer.
    let Ok(Ok(response)) = answer else { return };
    // A process that was stopped finds what came meanwhile, and it is no news (L2).
    if asked.elapsed() > limit {
        return;
    }
    let mut response = response.into_inner();
    if response.node_id != node.0 {
        return;
    }
    if inner.is_foreign(&response.cluster_id) {
        inner.heard_stranger(node, &response.cluster_id, Some(address));
        inner.health.forget(node);
        return;
    }
    inner
        .round_trips
        .note(node, asked.elapsed(), Instant::now());
    // An empty node keeps nothing of anybody. Some answers only say who is there.
    if response.initialized && response.has_notes {
        let notes = std::mem::take(&mut response.notes);
        inner.hear_notes(node, notes);
    }
    let agrees = compare_digest(inner, &response);
    let mut view = view_of(&response, asked.elapsed());
    let ours = inner.cluster_id();
    if ours.is_some_and(|ours| response.cluster_id != ours) {
        // It has no cluster yet, or does not know. Whatever it leads is not this one (S12).
        view.leads_a_quorum = false;
        view.counts_us = true;
    }
    inner.health.note(node, view, agrees);
    // Not only at the end of the round, which waits for peers that do not answer.
    publish(inner);
}

impl Inner {
    /// What this node asks a peer, and says of itself meanwhile.
    pub(crate) fn health_request(&self) -> HealthRequest {
        HealthRequest {
            node_id: self.config.node.0,
            cluster_id: self.cluster_id().map(Vec::from).unwrap_or_default(),
            notes: Vec::new(),
            has_notes: false,
        }
    }

    /// The same with what is noted of the members.
    fn health_request_to(&self, node: NodeId) -> HealthRequest {
        HealthRequest {
            notes: self.notes_for(node),
            has_notes: true,
            ..self.health_request()
        }
    }
}

impl Inner {
    /// The peers that answered lately.
    pub(crate) fn peers_heard(&self) -> BTreeMap<NodeId, PeerView> {
        self.health.peers(self.limits().health_valid)
    }
}

/// S8: two nodes that have applied the same entry have the same state.
fn compare_digest(inner: &Inner, response: &HealthResponse) -> Option<bool> {
    let shown = inner.health.shown_digest();
    let ours = inner.reader.checkpoints().into_iter().chain(shown);
    let ours = ours
        .into_iter()
        .find(|digest| digest.index == response.digest_index)?;
    (!response.digest.is_empty()).then(|| ours.sha256.as_slice() == response.digest.as_slice())
}

fn publish(inner: &Arc<Inner>) {
    let peers = inner.peers_heard();
    let observation = observe(inner, &peers);
    inner
        .outvoted
        .store(observation.is_outvoted(), Ordering::Relaxed);
    let level = is_level(inner.reader.mark().position, &observation);
    if observation.leader_applied.is_some() && observation.behind == 0 {
        // Its log is that of the cluster.
        inner.may_stand();
    }
    inner.standing.send_if_modified(|current| {
        let next = current.after(&observation, level);
        std::mem::replace(current, next) != next
    });
    let status = ServiceStatus::decide(&observation);
    if observation.stalled && status.has_quorum {
        commits::probe(inner);
    }
    inner.service.send_if_modified(|current| {
        let changed = *current != status;
        if changed {
            log_change(current, &status);
            current.clone_from(&status);
        }
        changed
    });
    inner.decided_now();
}

fn log_change(before: &ServiceStatus, after: &ServiceStatus) {
    match &after.silent_reason {
        Some(reason) if before.silent_reason.as_ref() != Some(reason) => {
            tracing::warn!(%reason, "silent: this node does not answer DHCP clients");
        }
        None if !before.in_service() => {
            tracing::info!("in service: this node answers DHCP clients")
        }
        _ => {}
    }
}

fn observe<'a>(inner: &Inner, peers: &'a BTreeMap<NodeId, PeerView>) -> Observation<'a> {
    let (digests_agree, digests_differ) = inner.health.digests(inner.limits().health_valid);
    let leader_applied = leader_applied(inner, peers);
    Observation {
        node: inner.config.node,
        term: inner.term(),
        leader: inner.leader().map(|(leader, _)| leader),
        leads_a_quorum: inner.leads_a_quorum(),
        bootstrapped: inner
            .reader
            .with(|applied| applied.state.cluster_id().is_some()),
        storage_error: inner.storage_failure(),
        hung_storage: inner.hung_storage(),
        silenced: inner.failed().or_else(|| inner.silenced()),
        // Who knows no voters is not a member yet, and says that.
        notes: inner
            .notes
            .gate
            .reason()
            .filter(|_| !inner.voters().is_empty()),
        yields: inner.strangers.yields(),
        stalled: inner.proposer.commits.are_stalled(inner.patience().commit),
        behind: entries_behind(inner, leader_applied),
        leader_applied,
        voter: inner.is_voter(),
        latency: inner.latency(),
        peers,
        digests_agree,
        digests_differ,
    }
}

/// Whether all that a leader with a quorum is known to have applied is applied here.
fn is_level(applied: Option<LogPosition>, observation: &Observation<'_>) -> bool {
    // A leader knows what was committed before it only with an entry of its own: until then one that follows it is
    // as little level as it is itself.
    let of_this_term = applied.is_some_and(|position| position.term == observation.term);
    observation.has_quorum() && observation.behind == 0 && of_this_term
}

/// What the leader that this node follows has applied, as it said lately. One that leads follows nobody.
fn leader_applied(inner: &Inner, peers: &BTreeMap<NodeId, PeerView>) -> Option<u64> {
    let (leader, _) = inner.leader()?;
    match leader == inner.config.node {
        true => Some(0),
        false => Some(peers.get(&leader)?.applied),
    }
}

/// How far this node is behind the leader, if that is too far to serve.
fn entries_behind(inner: &Inner, leader_applied: Option<u64>) -> u64 {
    let applied = inner
        .reader
        .mark()
        .position
        .map_or(0, |position| position.index);
    let stalled = inner.limits().stalled;
    inner
        .progress
        .behind(applied, leader_applied, Instant::now(), stalled)
}

#[cfg(test)]
mod tests {
    use super::*;

    const VALID: Duration = Duration::from_secs(1);

    fn answer(at: Instant, digest_agrees: bool) -> Answer {
        Answer {
            at,
            view: view_of(&HealthResponse::default(), Duration::ZERO),
            digest_agrees: Some(digest_agrees),
        }
    }

    /// Else a peer that is gone would vouch for this node against the one that is there, and of two
    /// nodes that differ one would go on (S8).
    #[test]
    fn a_peer_that_does_not_answer_has_no_vote_on_the_digest() {
        let (health, now) = (Health::default(), Instant::now());
        let mut answers = health
            .answers
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        answers.insert(NodeId(2), answer(now - 2 * VALID, true));
        answers.insert(NodeId(3), answer(now, false));
        drop(answers);
        assert_eq!(health.digests(VALID), (0, 1));
    }

    /// What the leader before has committed last is not known to a new one as committed (S9).
    #[test]
    fn a_follower_is_level_with_an_entry_of_its_leaders_own_term() {
        let peers = BTreeMap::from([(NodeId(2), crate::service::tests::peer(true))]);
        let observation = crate::service::tests::observe(&peers);
        let applied = |term| Some(LogPosition { term, index: 9 });
        assert!(is_level(applied(observation.term), &observation));
        assert!(!is_level(applied(observation.term - 1), &observation));
    }
}
