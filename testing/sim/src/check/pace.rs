//! How long things may take, by how far apart the nodes are and how much is lost for ever (contract L7).

use ipam::Profile;
use std::time::Duration;

/// How long things may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// How long service may be gone with a leader: its lease, an election, and another one if two nodes
    /// stood at once (`cluster::Timings`).
    pub election: Duration,
    /// After the last fault: elections, nodes that start and catch up, and requests and offers that were
    /// made before it.
    pub settled_after: Duration,
    /// How many copies of a message may go unanswered, the first included: L3 owes an answer to a
    /// retransmission, L7 to the third of them.
    pub unanswered: u32,
    /// How long a newcomer may go without an address in settled peace.
    pub served_within: Duration,
    /// How long a client must have been asking to keep its lease, or nobody owes it an answer before the
    /// lease ends.
    pub extended_within: Duration,
    /// How long a node may take to notice that it has no quorum, and to send what was decided before.
    pub noticed_within: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self::of(Profile::Lan, false)
    }
}

impl Pace {
    /// On links that `profile` is made for, which lose something or nothing.
    #[must_use]
    pub const fn of(profile: Profile, lossy: bool) -> Self {
        let seconds = Duration::from_secs;
        match (profile, lossy) {
            (Profile::Lan, false) => Self {
                election: seconds(4),
                settled_after: seconds(10),
                unanswered: 2,
                served_within: seconds(30),
                extended_within: seconds(2),
                noticed_within: seconds(5),
            },
            (Profile::Lan, true) => Self {
                election: seconds(8),
                settled_after: seconds(15),
                unanswered: 4,
                served_within: seconds(70),
                extended_within: seconds(12),
                noticed_within: seconds(5),
            },
            (Profile::Metro, _) => Self {
                election: seconds(10),
                settled_after: seconds(15),
                unanswered: 4,
                served_within: seconds(70),
                extended_within: seconds(12),
                noticed_within: seconds(8),
            },
            (Profile::Wan, _) => Self {
                election: seconds(14),
                settled_after: seconds(20),
                unanswered: 4,
                served_within: seconds(80),
                extended_within: seconds(12),
                noticed_within: seconds(12),
            },
        }
    }
}
