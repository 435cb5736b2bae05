//! Since when nothing is wrong, and the one node that is lost in the middle of it: what the liveness
//! rules (L1, L3, L4, L6) are judged by.

use super::facts::Step;
use crate::client::TrueTime;
use std::net::Ipv4Addr;
use std::time::Duration;

/// After the last fault: elections, nodes that start and catch up, and requests and offers that were
/// made before it.
pub const SETTLED_AFTER: Duration = Duration::from_secs(10);

/// How long service may be gone with a leader: its lease, an election, and another one if two nodes
/// stood at once (`cluster::Timings`).
const ELECTION: Duration = Duration::from_secs(4);

/// Since when nothing is wrong, and when no address was free last.
#[derive(Clone, Debug, Default)]
pub(super) struct Peace {
    healed: Option<TrueTime>,
    exhausted: Option<TrueTime>,
    lost: Option<Lost>,
}

/// A node that was lost while nothing else was wrong.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lost {
    pub(super) server: Ipv4Addr,
    at: TrueTime,
    led: bool,
}

impl Lost {
    /// From when on the others must serve: at once, or after an election.
    pub(super) fn bridged_at(&self) -> TrueTime {
        self.at + if self.led { ELECTION } else { Duration::ZERO }
    }
}

impl Peace {
    pub(super) fn healed(&mut self, at: TrueTime) {
        self.healed = Some(at);
    }

    pub(super) fn disturbed(&mut self) {
        self.healed = None;
        self.lost = None;
    }

    /// One node is gone, which led or did not; nothing else is wrong.
    pub(super) fn lost(&mut self, at: TrueTime, server: Ipv4Addr, led: bool) {
        self.lost = Some(Lost { server, at, led });
    }

    pub(super) fn step(&mut self, step: &Step<'_>) {
        let mut subnets = step.after.subnets().values();
        if subnets.any(|subnet| subnet.leases().free_count() == 0) {
            self.exhausted = Some(step.at);
        }
    }

    /// When the last fault was healed, if none has come since.
    pub(super) const fn since(&self) -> Option<TrueTime> {
        self.healed
    }

    /// The same, if that is so long ago that nothing of the fault is left at `at`.
    pub(super) fn settled_since(&self, at: TrueTime) -> Option<TrueTime> {
        self.healed
            .filter(|healed| at.since(*healed) > SETTLED_AFTER)
    }

    /// The one node that is gone in this peace, if one is.
    pub(super) const fn lost_node(&self) -> Option<&Lost> {
        self.lost.as_ref()
    }

    /// Whether at some time from `since` on no address was free.
    pub(super) fn was_exhausted(&self, since: TrueTime) -> bool {
        self.exhausted.is_some_and(|exhausted| exhausted >= since)
    }
}
