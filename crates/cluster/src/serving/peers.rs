//! The last answer of every peer, and what it says of who leads, who serves, and whose state is whose.

use crate::lock::lock;
use api::proto::peer::HealthResponse;
use ipam::{NodeId, Profile};
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;
use tokio::time::Instant;

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

/// The last answer of every peer.
#[derive(Debug, Default)]
pub(crate) struct PeerAnswers(Mutex<BTreeMap<NodeId, Answer>>);

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

impl PeerAnswers {
    /// The peers that answered lately.
    pub(crate) fn heard(&self, valid: Duration) -> BTreeMap<NodeId, PeerView> {
        let answers = lock(&self.0);
        let fresh = answers.iter().filter(|(_, answer)| answer.counts(valid));
        fresh
            .map(|(node, answer)| (*node, answer.view.clone()))
            .collect()
    }

    /// How many digests of the peers that answered lately agree with ours, and how many differ.
    pub(super) fn digests(&self, valid: Duration) -> (usize, usize) {
        let answers = lock(&self.0);
        let count = |agrees| {
            answers
                .values()
                .filter(|answer| answer.counts(valid) && answer.digest_agrees == Some(agrees))
                .count()
        };
        (count(true), count(false))
    }

    /// How long the answer of a middling peer takes, of those that answered within `valid`.
    pub(super) fn round_trip(&self, valid: Duration) -> Duration {
        let peers = self.heard(valid);
        let mut round_trips: Vec<Duration> = peers.values().map(|peer| peer.round_trip).collect();
        round_trips.sort_unstable();
        let middle = round_trips.get(round_trips.len() / 2);
        middle.copied().unwrap_or_default()
    }

    /// `node` has just answered this.
    pub(super) fn note(&self, node: NodeId, view: PeerView, digest_agrees: Option<bool>) {
        let mut answers = lock(&self.0);
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

    /// What `node` said does not count any more.
    pub(super) fn forget(&self, node: NodeId) {
        lock(&self.0).remove(&node);
    }

    /// Forgets who is no member.
    pub(super) fn keep_only(&self, members: &BTreeMap<NodeId, String>) {
        lock(&self.0).retain(|node, _| members.contains_key(node));
    }
}

/// What an answer says that took so long.
pub(super) fn view_of(response: &HealthResponse, round_trip: Duration) -> PeerView {
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
        let (peers, now) = (PeerAnswers::default(), Instant::now());
        lock(&peers.0).insert(NodeId(2), answer(now - 2 * VALID, true));
        lock(&peers.0).insert(NodeId(3), answer(now, false));
        assert_eq!(peers.digests(VALID), (0, 1));
    }
}
