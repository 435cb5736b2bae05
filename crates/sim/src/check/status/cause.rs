//! What must have happened for a node to name a blocker. A reason that is not in this table is one of which
//! nobody has said what its cause is.

use super::Trouble::{
    self, DiskFails, DiskSlow, DiskWentBack, Down, Election, Network, NoMember, Paused, Removal,
};

/// How long ago it may have been.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum When {
    /// So long that its traces are not gone yet.
    Lately,
    /// At any time.
    Ever,
}

/// A blocker's cause.
#[derive(Clone, Copy, Debug)]
pub struct Cause {
    /// What its text has in it.
    pub says: &'static str,
    /// One of these, at the node itself.
    pub(super) own: &'static [Trouble],
    /// Or one of these, at any node.
    pub(super) anybodys: &'static [Trouble],
    pub(super) when: When,
}

/// What can cost a quorum, or hold it up.
const ANYTHING: &[Trouble] = &[
    Down, Paused, DiskFails, DiskSlow, Network, NoMember, Election,
];

const fn own(says: &'static str, own: &'static [Trouble], when: When) -> Cause {
    Cause {
        says,
        own,
        anybodys: &[],
        when,
    }
}

const fn anybodys(says: &'static str) -> Cause {
    Cause {
        says,
        own: &[],
        anybodys: ANYTHING,
        when: When::Lately,
    }
}

/// The cause of what a node says.
#[must_use]
pub fn cause_of(reason: &str) -> Option<&'static Cause> {
    CAUSES.iter().find(|cause| reason.contains(cause.says))
}

/// The first that fits counts.
pub const CAUSES: &[Cause] = &[
    own("its storage failed", &[DiskFails], When::Ever),
    own(
        "its storage has not finished",
        &[DiskSlow, DiskFails],
        When::Lately,
    ),
    // No fault makes states differ: whoever says so is wrong.
    own("its state differs", &[], When::Ever),
    own("its disk went back", &[DiskWentBack], When::Ever),
    own("it could not take profile", &[DiskFails], When::Ever),
    own("it takes profile", &[Down, NoMember], When::Lately),
    own("it has been removed", &[Removal], When::Ever),
    own(
        "it is not a voting member",
        &[Down, NoMember, Network, Paused],
        When::Lately,
    ),
    own("is not bootstrapped", &[Down, NoMember], When::Lately),
    own("the node is starting", &[Down], When::Lately),
    own("it has stood still", &[Down, Paused], When::Lately),
    Cause {
        says: "round trips are too long",
        own: &[],
        anybodys: &[Network],
        when: When::Lately,
    },
    anybodys("no quorum"),
    anybodys("it is catching up"),
    anybodys("the cluster decides nothing"),
    anybodys("first asks the other voters"),
    anybodys("its log names it the only voter"),
    anybodys("it founds no cluster before"),
];
