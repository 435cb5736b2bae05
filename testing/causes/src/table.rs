//! The table: what a node says, and what makes it true.

use super::Trouble::{
    self, Address, DiskFails, DiskSlow, DiskWentBack, Down, Election, Late, Network, NoMember,
    Paused, Reconfigured, Removal, Stranger,
};
use super::{Cause, When};

/// What can cost a quorum, or hold it up.
const ANYTHING: &[Trouble] = &[
    Down, Paused, DiskFails, DiskSlow, Network, NoMember, Election,
];

pub(super) const fn own(says: &'static str, own: &'static [Trouble], when: When) -> Cause {
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

/// The rows.
pub const CAUSES: &[Cause] = &[
    own("its storage failed", &[DiskFails], When::Ever),
    own(
        "its storage has not finished",
        // A process that stood still finds the write that it was at, however old.
        &[DiskSlow, DiskFails, Paused],
        When::Lately,
    ),
    own("its listen IP", &[Address], When::Lately),
    own("its interface", &[Address], When::Lately),
    own("its DHCP server", &[Address], When::Lately),
    own(
        "its peer address is",
        &[Address, Reconfigured],
        When::Lately,
    ),
    // No fault makes states differ: whoever says so is wrong.
    own("its state differs", &[], When::Ever),
    own("its disk went back", &[DiskWentBack], When::Ever),
    own("it could not take profile", &[DiskFails], When::Ever),
    own("it takes profile", &[Down, NoMember], When::Lately),
    own("is heard from node", &[Stranger], When::Ever),
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
        anybodys: &[Network, Late],
        when: When::Lately,
    },
    anybodys("no quorum"),
    anybodys("it is catching up"),
    anybodys("the cluster decides nothing"),
    anybodys("first asks the other voters"),
    anybodys("its log names it the only voter"),
    anybodys("it founds no cluster before"),
];
