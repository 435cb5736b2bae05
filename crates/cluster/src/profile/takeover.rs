//! Which profile this node goes by, and how it takes another one over (contract L7, ADR 0022).
//!
//! * **What flows in and out.** In: the profile that the cluster has agreed on, what this node alone was
//!   told, measured round trips. Out: the node's [`Limits`], another Raft when its timers change, and what
//!   operators are told.
//! * **One after the other.** A change comes to all nodes with one entry. Followers take it over in the
//!   order of their ids, the leader last, after it has handed over to one that has it. So a quorum stays.
//!   Without a quorum there is nothing to lose, and nobody waits.
//! * **A crash** in between: the node starts with the profile of its state or of its file.

use super::{LocalProfile, ProfileStatus};
use crate::config::{ClusterConfig, Timings};
use crate::identity::Identity;
use crate::membership::LeadershipTransfer;
use crate::raft::RaftHandle;
use crate::raft_view::RaftView;
use crate::round_trips::Latency;
use crate::serving::{Blockers, PeerView, ServiceGate, Serving};
use crate::timing::{Limits, SharedLimits};
use crate::transport::Peers;
use ipam::{NodeId, Profile, ProfileSetting};
use raft_store::StateReader;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout};

/// How long a node waits for its turn. Others may be down, or of a release that has no profiles.
const TURN: Duration = Duration::from_secs(15);
/// How often it looks whether it is its turn.
const LOOK: Duration = Duration::from_millis(100);
/// Which part of the node says that it is taking a profile over.
const PART: &str = "profile";

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

/// Takes profiles over.
pub(crate) struct Takeover {
    /// Whose turn it may be.
    pub(crate) identity: Arc<Identity>,
    /// Who leads, and who votes.
    pub(crate) view: RaftView,
    /// What the profile in use says.
    pub(crate) limits: SharedLimits,
    /// What the cluster has agreed on.
    pub(crate) reader: StateReader,
    /// What this node alone was told.
    pub(crate) local: LocalProfile,
    /// Somebody has told it.
    pub(crate) local_changed: Notify,
    /// Raft's timers on a LAN.
    pub(crate) lan: Timings,
    /// Connections have the profile's limits.
    pub(crate) peers: Peers,
    /// Raft has its timers.
    pub(crate) raft: Arc<RaftHandle>,
    /// Which peers have it.
    pub(crate) serving: Arc<Serving>,
    /// A node without Raft does not serve.
    pub(crate) blockers: Arc<Blockers>,
    /// One that cannot start Raft again never does.
    pub(crate) gate: Arc<ServiceGate>,
    /// A leader has another one lead first.
    pub(crate) leadership: Arc<LeadershipTransfer>,
    /// What would fit.
    pub(crate) latency: Arc<Latency>,
}

/// Takes profiles over until the node stops.
pub(crate) async fn run(takeover: Arc<Takeover>) {
    let mut applied = takeover.reader.marks();
    let mut waiting_since = None;
    loop {
        applied.borrow_and_update();
        let limits = takeover.limits.now();
        let wanted = wanted(&takeover.reader, &takeover.local);
        let next = wanted.map(|profile| Limits::of(profile, takeover.lan));
        let next = next.filter(|next| *next != limits);
        let Some(next) = next else {
            waiting_since = None;
            tokio::select! {
                changed = applied.changed() => if changed.is_err() { return },
                () = takeover.local_changed.notified() => {}
            }
            continue;
        };
        if next.timings == limits.timings {
            takeover.set_limits(next);
            continue;
        }
        let since = *waiting_since.get_or_insert_with(Instant::now);
        if since.elapsed() < TURN && !takeover.is_our_turn(next.profile).await {
            // The time's end and the news mean the same: look again.
            drop(timeout(LOOK, applied.changed()).await);
            continue;
        }
        takeover.use_other_timers(next).await;
        waiting_since = None;
    }
}

impl Takeover {
    /// Whether this node may be without Raft for a moment, for the sake of `profile`. A leader hands over
    /// first.
    async fn is_our_turn(&self, profile: Profile) -> bool {
        if !self.serving.status().has_quorum || !self.view.has_other_voters() {
            return true;
        }
        let here = self.identity.node;
        let leader = self.view.leader().map(|(leader, _)| leader);
        let peers = self.serving.peers_heard();
        let voters = self.view.voters();
        let before_us = |node: NodeId| leader == Some(here) || node < here;
        let waits_for = |(node, peer): &(&NodeId, &PeerView)| {
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
        if let Err(error) = self.leadership.transfer(*heir).await {
            tracing::warn!(%heir, "{error}");
        }
        // Once it follows, it is its turn.
        false
    }

    fn set_limits(&self, limits: Limits) {
        self.limits.set(limits);
        self.peers.forget_channels();
    }

    async fn use_other_timers(&self, limits: Limits) {
        let profile = limits.profile;
        tracing::info!(%profile, "this node takes over the timers of another profile");
        self.blockers.set(
            PART,
            Some(format!(
                "it takes profile {profile} over: it comes back by itself within seconds"
            )),
        );
        self.set_limits(limits);
        match self.raft.restart(limits.timings).await {
            Ok(()) => self.blockers.set(PART, None),
            Err(error) => self.gate.fail(format!(
                "it could not take profile {profile} over ({error}): check the disk, and restart gatewayd"
            )),
        }
    }

    /// Has this node alone go by `profile` until the cluster's is next set: for a cluster that has no
    /// quorum because of its profile.
    pub(crate) async fn set_local(&self, profile: Profile) -> Result<(), String> {
        let agreed = self.reader.with(|applied| applied.state.profile());
        let told = ProfileSetting {
            profile,
            revision: agreed.revision,
        };
        self.local.set(told).await?;
        self.local_changed.notify_one();
        Ok(())
    }

    /// Lets go of the data directory.
    pub(crate) fn release(&self) {
        self.local.release();
    }

    /// The profile, and what would fit.
    pub(crate) fn status(&self) -> ProfileStatus {
        let agreed = self.reader.with(|applied| applied.state.profile());
        ProfileStatus {
            agreed: agreed.profile,
            used: self.limits.now().profile,
            local: self.local.beside(agreed),
            fitting: self.latency.fitting(),
            round_trips: self.latency.known(),
        }
    }
}
