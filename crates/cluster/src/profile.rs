//! Which profile this node goes by, and how it takes another one over (contract L7, ADR 0022).
//!
//! * **What flows in and out.** In: the profile that the cluster has agreed on, what this node alone was
//!   told, measured round trips. Out: the node's [`Limits`], another Raft when its timers change, and what
//!   operators are told.
//! * **One after the other.** A change comes to all nodes with one entry. Followers take it over in the
//!   order of their ids, the leader last, after it has handed over to one that has it. So a quorum stays.
//!   Without a quorum there is nothing to lose, and nobody waits.
//! * **A crash** in between: the node starts with the profile of its state or of its file.

use crate::config::ClusterConfig;
use crate::local_profile::LocalProfile;
use crate::node::{Cluster, Inner};
use crate::timing::{Limits, fitting};
use ipam::{ClusterTime, NodeId, Profile, ProfileSetting};
use raft_store::StateReader;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, timeout};

/// How long a node waits for its turn. Others may be down, or of a release that has no profiles.
const TURN: Duration = Duration::from_secs(15);
/// How often it looks whether it is its turn.
const LOOK: Duration = Duration::from_millis(100);
/// Which part of the node says that it is taking a profile over.
const PART: &str = "profile";

/// The profile, for operators.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProfileStatus {
    /// What the cluster has agreed on.
    pub agreed: Profile,
    /// What this node goes by.
    pub used: Profile,
    /// What it alone was told, while that holds.
    pub local: Option<Profile>,
    /// What fits the slowest of its voters; `None` while no peer answers.
    pub fitting: Option<Profile>,
    /// How long the answers of each peer take.
    pub round_trips: BTreeMap<NodeId, Duration>,
}

/// What a node begins with: what it was told, else what its state says, else, before it has one,
/// patience.
pub(crate) fn limits_at_start(
    config: &ClusterConfig,
    reader: &StateReader,
    local: &LocalProfile,
) -> Limits {
    match wanted(reader, local) {
        Some(profile) => Limits::of(profile, config.timings),
        None => Limits::of_newcomer(config.timings),
    }
}

fn wanted(reader: &StateReader, local: &LocalProfile) -> Option<Profile> {
    let (agreed, known) = reader.with(|applied| {
        let state = &applied.state;
        (state.profile(), state.cluster_id().is_some())
    });
    local
        .beside(agreed)
        .or_else(|| known.then_some(agreed.profile))
}

/// Takes profiles over until the node stops.
pub(crate) async fn run(inner: Arc<Inner>) {
    let mut applied = inner.reader.marks();
    let mut waiting_since = None;
    loop {
        applied.borrow_and_update();
        let limits = inner.limits();
        let wanted = wanted(&inner.reader, &inner.local_profile);
        let next = wanted.map(|profile| Limits::of(profile, inner.config.timings));
        let next = next.filter(|next| *next != limits);
        let Some(next) = next else {
            waiting_since = None;
            tokio::select! {
                changed = applied.changed() => if changed.is_err() { return },
                () = inner.local_profile_set.notified() => {}
            }
            continue;
        };
        if next.timings == limits.timings {
            inner.set_limits(next);
            continue;
        }
        let since = *waiting_since.get_or_insert_with(Instant::now);
        if since.elapsed() < TURN && !inner.is_our_turn(next.profile).await {
            // The time's end and the news mean the same: look again.
            drop(timeout(LOOK, applied.changed()).await);
            continue;
        }
        inner.use_other_timers(next).await;
        waiting_since = None;
    }
}

impl Inner {
    /// Whether this node may be without Raft for a moment, for the sake of `profile`. A leader hands over
    /// first.
    async fn is_our_turn(&self, profile: Profile) -> bool {
        if !self.service_now().has_quorum || !self.has_other_voters() {
            return true;
        }
        let here = self.config.node;
        let leader = self.leader().map(|(leader, _)| leader);
        let peers = self.peers_heard();
        let voters = self.voters();
        let before_us = |node: NodeId| leader == Some(here) || node < here;
        let waits_for = |(node, peer): &(&NodeId, &crate::health::PeerView)| {
            voters.contains(node)
                && Some(**node) != leader
                && before_us(**node)
                && peer.profile != profile
        };
        if peers.iter().any(|peer| waits_for(&peer)) {
            return false;
        }
        if leader != Some(here) {
            return true;
        }
        let heir = peers.iter().find(|(node, peer)| {
            peer.in_service && peer.profile == profile && voters.contains(node)
        });
        let Some((heir, _)) = heir else {
            return false;
        };
        if let Err(error) = self.hand_over(*heir).await {
            tracing::warn!(%heir, "{error}");
        }
        // Once it follows, it is its turn.
        false
    }

    fn set_limits(&self, limits: Limits) {
        self.shared_limits.set(limits);
        self.peers.forget_channels();
    }

    async fn use_other_timers(&self, limits: Limits) {
        let profile = limits.profile;
        tracing::info!(%profile, "this node takes over the timers of another profile");
        self.silence(
            PART,
            Some(format!(
                "it takes profile {profile} over: it comes back by itself within seconds"
            )),
        );
        self.set_limits(limits);
        match self.raft.restart(limits.timings).await {
            Ok(()) => self.silence(PART, None),
            Err(error) => self.fail(format!(
                "it could not take profile {profile} over ({error}): check the disk, and restart gatewayd"
            )),
        }
    }

    pub(crate) fn profile_status(&self) -> ProfileStatus {
        let agreed = self.reader.with(|applied| applied.state.profile());
        let voters = self.voters();
        let round_trips = self.round_trips.known(Instant::now());
        let slowest = round_trips.iter().filter(|(node, _)| voters.contains(node));
        let slowest = slowest.map(|(_, trip)| *trip).max();
        ProfileStatus {
            agreed: agreed.profile,
            used: self.limits().profile,
            local: self.local_profile.beside(agreed),
            fitting: slowest.map(|trip| fitting(trip, self.config.timings)),
            round_trips,
        }
    }

    /// Which peers are further away than the profile in use allows, and what to do; `None` if none is.
    pub(crate) fn latency(&self) -> Option<String> {
        let limits = self.limits();
        let trips = self.round_trips.known(Instant::now());
        let voters = self.voters();
        let answer = trips.keys().filter(|node| voters.contains(node)).count();
        // Where too few answer at all, latency is not what is missing.
        if (answer + 1) * 2 <= voters.len() {
            return None;
        }
        let far: BTreeMap<NodeId, Duration> = trips
            .into_iter()
            .filter(|(_, trip)| *trip > limits.round_trip)
            .collect();
        let longest = *far.values().max()?;
        Some(too_far(
            &far,
            &limits,
            fitting(longest, self.config.timings),
        ))
    }
}

impl Cluster {
    /// What the cluster clock would say if somebody wrote now, as this node estimates it. For display
    /// only: nothing may be decided by it (T5).
    #[must_use]
    pub fn clock_estimate(&self) -> ClusterTime {
        let clock = self.inner.reader.with(|applied| applied.state.clock());
        let has_quorum = self.inner.service_now().has_quorum;
        self.inner.clock.estimate(clock, has_quorum)
    }

    /// Has this node alone go by `profile` until the cluster's is next set: for a cluster that has no
    /// quorum because of its profile.
    pub async fn set_local_profile(&self, profile: Profile) -> Result<(), String> {
        let inner = &self.inner;
        let agreed = inner.reader.with(|applied| applied.state.profile());
        let told = ProfileSetting {
            profile,
            revision: agreed.revision,
        };
        inner.local_profile.set(told).await?;
        inner.local_profile_set.notify_one();
        Ok(())
    }

    /// The profile, and what would fit.
    #[must_use]
    pub fn profile(&self) -> ProfileStatus {
        self.inner.profile_status()
    }
}

impl ProfileStatus {
    /// What operators should know of it; `advice` is how to set the cluster's profile.
    #[must_use]
    pub fn notices(&self) -> Vec<String> {
        let mut notices = Vec::new();
        if let Some(local) = self.local {
            notices.push(format!(
                "this node goes by profile {local}, which it alone was told; the cluster's is {}: once \
                 there is a quorum, run `gatewayctl profile set {local}`",
                self.agreed
            ));
        }
        let slowest = self.round_trips.iter().max_by_key(|(_, trip)| **trip);
        match (self.fitting, slowest) {
            (Some(fitting), Some((node, trip))) if fitting > self.used => notices.push(format!(
                "round trips to node {node} take {} ms, too long for profile {}: run `gatewayctl \
                 profile set {fitting}`",
                trip.as_millis(),
                self.used
            )),
            _ => {}
        }
        notices
    }
}

fn too_far(far: &BTreeMap<NodeId, Duration>, limits: &Limits, fitting: Profile) -> String {
    let far: Vec<String> = far
        .iter()
        .map(|(node, trip)| format!("{} ms to node {node}", trip.as_millis()))
        .collect();
    let (used, allowed) = (limits.profile, limits.round_trip.as_millis());
    let remedy = if fitting == used {
        "no profile is made for such a network: mend it".to_owned()
    } else {
        format!(
            "run `gatewayctl profile set {fitting} --local` on each node, then once without --local"
        )
    };
    format!(
        "round trips are too long for profile {used}, {}, where it allows {allowed} ms: {remedy}",
        far.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Timings;

    fn trips(trips: &[(u64, u64)]) -> BTreeMap<NodeId, Duration> {
        let trip = |(node, millis): &(u64, u64)| (NodeId(*node), Duration::from_millis(*millis));
        trips.iter().map(trip).collect()
    }

    #[test]
    fn latency_names_the_peers_and_the_command() {
        let lan = Limits::of(Profile::Lan, Timings::default());
        let text = too_far(&trips(&[(2, 180), (3, 181)]), &lan, Profile::Wan);
        assert!(
            text.contains("180 ms to node 2, 181 ms to node 3"),
            "{text}"
        );
        assert!(
            text.contains("allows 66 ms: run `gatewayctl profile set wan --local`"),
            "{text}"
        );
        let wan = Limits::of(Profile::Wan, Timings::default());
        let text = too_far(&trips(&[(2, 900)]), &wan, Profile::Wan);
        assert!(text.ends_with("mend it"), "{text}");
    }

    #[test]
    fn status_recommends_what_fits() {
        let mut status = ProfileStatus {
            agreed: Profile::Lan,
            used: Profile::Lan,
            local: None,
            fitting: Some(Profile::Lan),
            round_trips: trips(&[(2, 5), (3, 90)]),
        };
        assert!(status.notices().is_empty());
        status.fitting = Some(Profile::Metro);
        let said = status.notices().concat();
        assert!(
            said.contains("node 3 take 90 ms") && said.contains("set metro`"),
            "{said}"
        );
        status.local = Some(Profile::Wan);
        status.used = Profile::Wan;
        let said = status.notices().concat();
        assert!(
            said.contains("alone was told") && !said.contains("round trips"),
            "{said}"
        );
    }
}
