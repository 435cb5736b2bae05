//! The table of NAT: what a node says keeps traffic from flowing, and what makes it true.
//!
//! That NAT is out of sync, or that the host cannot be looked at, has no row: no fault of the tests does that.

use super::Trouble::{Address, Down, ForeignRules, Forwarding, NoMember, Removal, Uplink};
use super::table::own;
use super::{Cause, When};

/// The rows.
pub const NAT_CAUSES: &[Cause] = &[
    own("so clients have no way out", &[Uplink], When::Lately),
    own("is switched off: `ip link set", &[Uplink], When::Lately),
    own("is not forwarded: `sysctl", &[Forwarding], When::Lately),
    own("which is not gatewayd's", &[ForeignRules], When::Lately),
    own("the listen IP", &[Address], When::Lately),
    own(
        "has not been level with the cluster since it started",
        &[Down, NoMember],
        When::Lately,
    ),
    own(
        "the kernel does not have the rules yet",
        &[Down, NoMember],
        When::Lately,
    ),
    own("was removed from the cluster", &[Removal], When::Ever),
];
