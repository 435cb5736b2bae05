//! Since when nothing is wrong, and the one node that is lost in the middle of it: what the liveness
//! rules (L1, L3, L4, L6) are judged by.

use super::facts::Step;
use crate::client::TrueTime;
use ipam::{ClientKey, LeaseState};
use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::time::Duration;

/// After the last fault: elections, nodes that start and catch up, and requests and offers that were
/// made before it.
pub const SETTLED_AFTER: Duration = Duration::from_secs(10);

/// How long service may be gone with a leader: its lease, an election, and another one if two nodes
/// stood at once (`cluster::Timings`).
const ELECTION: Duration = Duration::from_secs(4);

/// Since when nothing is wrong, and when there was no room for clients last.
#[derive(Clone, Debug, Default)]
pub(super) struct Peace {
    healed: Option<TrueTime>,
    exhausted: Option<TrueTime>,
    /// When the address that is reserved for a client was last another's, or quarantined.
    blocked: BTreeMap<ClientKey, TrueTime>,
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
        let subnets = step.after.subnets().values();
        let reserved = subnets.flat_map(|subnet| {
            let reservations = subnet.reservations().iter();
            reservations
                .filter_map(|(client, address)| Some((client, subnet.leases().get(address)?)))
        });
        for (client, lease) in reserved {
            let is_anothers = lease.client != *client && lease.state.is_held();
            if is_anothers || matches!(lease.state, LeaseState::Quarantined { .. }) {
                self.blocked.insert(client.clone(), step.at);
            }
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

    /// Whether since `since` there has always been an address for `client`: a free one, or the one that is
    /// reserved for it, which may be another's still, or in use by somebody unknown.
    pub(super) fn had_room(&self, client: &ClientKey, since: TrueTime) -> bool {
        let was = |time: Option<&TrueTime>| time.is_some_and(|time| *time >= since);
        !was(self.exhausted.as_ref()) && !was(self.blocked.get(client))
    }
}
