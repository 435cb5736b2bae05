//! How long this node waits for its peers before it draws conclusions, in one place, so that slow
//! links can stretch all of it.

use ipam::Profile;
use std::time::Duration;

/// How patient one node is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    /// How long a command may wait for its outcome while the node serves (S11).
    pub(crate) commit: Duration,
    /// How long the answer of a quorum counts, at least; three round trips if that is longer (S11).
    pub(crate) quorum: Duration,
    /// How long a voter that starts waits for the notes of more than it needs.
    pub(crate) notes: Duration,
    /// How long nodes that this one does not know are heard while no leader is in sight: several elections, since
    /// one of them may need this node's vote, and then has to fill it. Then they are refused for as long as
    /// `notes`: longer than an election (S12).
    pub(crate) unknown: Duration,
    /// How long a node that is of another cluster is named after it was last heard.
    pub(crate) stranger: Duration,
}

impl Patience {
    /// Those of nodes that are on one LAN.
    pub(crate) const LAN: Self = Self {
        commit: Duration::from_secs(2),
        quorum: Duration::from_secs(1),
        notes: Duration::from_secs(5),
        unknown: Duration::from_secs(6),
        stranger: Duration::from_secs(10),
    };

    /// Those of a profile. A quorum's answer counts no longer than a follower waits for a leader, and
    /// longer than two heartbeats: one that is lost is no lost quorum.
    pub(crate) const fn of(profile: Profile) -> Self {
        let (commit, quorum, notes, unknown) = match profile {
            Profile::Lan => return Self::LAN,
            Profile::Metro => (2200, 1300, 10_000, 12_000),
            Profile::Wan => (2400, 1800, 20_000, 24_000),
        };
        Self {
            commit: Duration::from_millis(commit),
            quorum: Duration::from_millis(quorum),
            notes: Duration::from_millis(notes),
            unknown: Duration::from_millis(unknown),
            ..Self::LAN
        }
    }

    /// How long a quorum's answer counts where a round trip takes `round_trip`.
    pub(crate) fn quorum_counts(&self, round_trip: Duration) -> Duration {
        self.quorum.max(3 * round_trip)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_round_trips_or_a_second() {
        let counts = |millis| Patience::LAN.quorum_counts(Duration::from_millis(millis));
        assert_eq!(counts(2), Duration::from_secs(1));
        assert_eq!(counts(400), Duration::from_millis(1200));
    }
}
