//! How long this node waits for its peers before it draws conclusions, in one place, so that slow links
//! can stretch all of it (contract L7, ADR 0022).
//!
//! What is left out on purpose: how long a command may take ([`crate::propose::PROPOSE_DEADLINE`]). Behind it
//! a DHCP client waits, which knows nothing of profiles, and what is answered later than it waits is
//! dropped (T6).

mod patience;

pub(crate) use patience::Patience;

use crate::config::Timings;
use crate::limits::{REQUEST_BEGINS, REQUEST_BEGINS_METRO, REQUEST_BEGINS_WAN};
use ipam::Profile;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

const fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// The limits of one profile.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Limits {
    pub(crate) profile: Profile,
    /// Raft's timers. openraft gives every call of replication as long as a heartbeat takes to come
    /// round, and takes a leader for alive as long as the longest election timeout.
    pub(crate) timings: Timings,
    /// How long a call may take that carries entries. A lost segment is sent again by TCP meanwhile; to
    /// give the call up would only send the entries a second time.
    pub(crate) append: Duration,
    /// How often each peer is asked for its health.
    pub(crate) health_interval: Duration,
    /// How long its answer is awaited.
    pub(crate) health_timeout: Duration,
    /// How long its answer counts: a peer may miss three rounds on a busy host.
    pub(crate) health_valid: Duration,
    /// How long a node may be behind without applying anything. A follower hears of a commit with the
    /// next entry or heartbeat, a few times in this.
    pub(crate) stalled: Duration,
    /// How long a connection may take to be made: three round trips with TLS.
    pub(crate) connect: Duration,
    /// How often an idle connection is tried, and how long that may take, so that a dead peer is
    /// noticed and dialled again.
    pub(crate) keep_alive: Duration,
    /// How long the kernel goes on sending what a peer does not acknowledge (TCP_USER_TIMEOUT, tcp(7)).
    /// Its own limit is minutes, and a socket that we have closed goes on too: a change that its asker
    /// was told is "unknown" would be made long after a partition has healed.
    pub(crate) unacknowledged: Duration,
    /// How long a node may take to say who it is, or whether it has a cluster.
    pub(crate) introduction: Duration,
    /// How long nothing may come of a peer's request that was begun.
    pub(crate) request_begins: Duration,
    /// How long a change of members may take to be committed.
    pub(crate) change: Duration,
    /// How long those who stay may take to write an entry that a quorum has written already.
    pub(crate) keeps_up: Duration,
    /// The longest round trip with which this profile works well: a heartbeat has half its time left.
    pub(crate) round_trip: Duration,
}

impl Limits {
    /// Those of a profile; `lan` says what Raft's timers are on a LAN.
    pub(crate) fn of(profile: Profile, lan: Timings) -> Self {
        match profile {
            Profile::Lan => Self {
                profile,
                timings: lan,
                append: lan.heartbeat,
                health_interval: millis(200),
                health_timeout: millis(400),
                health_valid: millis(1000),
                stalled: millis(1000),
                connect: millis(500),
                keep_alive: millis(2000),
                unacknowledged: millis(4000),
                introduction: millis(1000),
                request_begins: REQUEST_BEGINS,
                change: millis(5000),
                keeps_up: millis(1000),
                round_trip: millis(66),
            },
            Profile::Metro => Self {
                profile,
                timings: Timings {
                    heartbeat: millis(250),
                    election_min: millis(700),
                    election_max: millis(1300),
                },
                append: millis(600),
                health_interval: millis(300),
                health_timeout: millis(800),
                health_valid: millis(1800),
                stalled: millis(1500),
                connect: millis(1500),
                keep_alive: millis(3000),
                unacknowledged: millis(6000),
                introduction: millis(2000),
                request_begins: REQUEST_BEGINS_METRO,
                change: millis(8000),
                keeps_up: millis(2000),
                round_trip: millis(166),
            },
            Profile::Wan => Self {
                profile,
                timings: Timings {
                    heartbeat: millis(600),
                    election_min: millis(1200),
                    election_max: millis(2500),
                },
                append: millis(1800),
                health_interval: millis(500),
                health_timeout: millis(1500),
                health_valid: millis(3000),
                stalled: millis(3000),
                connect: millis(3000),
                keep_alive: millis(4000),
                unacknowledged: millis(8000),
                introduction: millis(3000),
                request_begins: REQUEST_BEGINS_WAN,
                change: millis(12_000),
                keeps_up: millis(4000),
                round_trip: millis(420),
            },
        }
    }

    /// For a node that does not know its cluster yet: as patient as any, on a LAN's timers, which do
    /// not matter before it is a member.
    pub(crate) fn of_newcomer(lan: Timings) -> Self {
        Self {
            profile: Profile::Lan,
            timings: lan,
            ..Self::of(Profile::Wan, lan)
        }
    }
}

/// The most impatient profile that round trips of this length allow; the most patient one if none does.
pub(crate) fn fitting(round_trip: Duration, lan: Timings) -> Profile {
    let fits = |profile: &Profile| round_trip <= Limits::of(*profile, lan).round_trip;
    Profile::ALL.into_iter().find(fits).unwrap_or(Profile::Wan)
}

/// The limits as they are now. Clones share them.
#[derive(Clone, Debug)]
pub(crate) struct SharedLimits(Arc<Mutex<Limits>>);

impl SharedLimits {
    pub(crate) fn new(limits: Limits) -> Self {
        Self(Arc::new(Mutex::new(limits)))
    }

    pub(crate) fn now(&self) -> Limits {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What this node concludes from how long its peers are silent, now.
    pub(crate) fn patience(&self) -> Patience {
        Patience::of(self.now().profile)
    }

    pub(crate) fn set(&self, limits: Limits) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = limits;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each profile against the longest round trip that it is for.
    #[test]
    fn every_limit_leaves_room_for_the_round_trips_that_it_is_for() {
        for profile in Profile::ALL {
            let limits = Limits::of(profile, Timings::default());
            let (trip, timings) = (limits.round_trip, limits.timings);
            assert!(trip * 7 / 5 <= timings.heartbeat, "{profile}: a heartbeat");
            assert!(timings.heartbeat * 2 <= timings.election_min, "{profile}");
            // Two that stand for election at random must mostly be further apart than a vote travels, or each
            // votes for itself, again and again.
            let spread = timings.election_max - timings.election_min;
            assert!(spread >= trip * 3, "{profile}: votes are split");
            assert!(limits.append >= timings.heartbeat, "{profile}");
            assert!(limits.health_timeout >= trip * 3, "{profile}: health");
            let worst = limits.health_interval + limits.health_timeout;
            assert!(limits.health_valid > worst, "{profile}: one lost answer");
            assert!(limits.connect >= trip * 4, "{profile}: TCP, TLS, HTTP/2");
            assert!(limits.introduction >= trip * 4, "{profile}");
            assert!(limits.change >= trip * 12, "{profile}: two entries");
        }
    }

    #[test]
    fn the_profile_that_fits_is_the_most_impatient_one() {
        let fits = |trip| fitting(millis(trip), Timings::default());
        assert_eq!(fits(1), Profile::Lan);
        assert_eq!(fits(66), Profile::Lan);
        assert_eq!(fits(110), Profile::Metro);
        assert_eq!(fits(180), Profile::Wan);
        assert_eq!(fits(1600), Profile::Wan);
    }
}
