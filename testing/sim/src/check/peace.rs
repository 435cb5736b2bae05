//! Since when nothing is wrong, and the minority that is lost or broken in the middle of it, for as long as
//! it likes: what the liveness rules (L1, L3, L4, L6, L7) are judged by.

use super::facts::Step;
use super::pace::Pace;
use crate::client::{ClientNumber, TrueTime};
use ipam::{ClientKey, LeaseState};
use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;

/// Since when nothing is wrong, and when there was no room for clients last.
#[derive(Clone, Debug, Default)]
pub(super) struct Peace {
    pub(super) pace: Pace,
    healed: Option<TrueTime>,
    exhausted: Option<TrueTime>,
    /// When the address that is reserved for a client was last another's, or quarantined.
    blocked: BTreeMap<ClientKey, TrueTime>,
    lost: Option<Lost>,
}

/// Who is lost, and whom that leaves alone.
#[derive(Clone, Debug, Default)]
pub struct Loss {
    /// The listen IPs of the nodes.
    pub servers: Vec<Ipv4Addr>,
    /// Clients that reach no other node: their relay agent knows none.
    pub cut_off: BTreeSet<ClientNumber>,
}

/// The nodes that are lost, or broken, while nothing is wrong with the others: a core is whole.
#[derive(Clone, Debug)]
pub(super) struct Lost {
    loss: Loss,
    /// From when on those who are left must serve.
    bridged: TrueTime,
}

impl Lost {
    /// Whether this is one of them.
    pub(super) fn is(&self, server: Ipv4Addr) -> bool {
        self.loss.servers.contains(&server)
    }

    /// Whether the client reaches none of those who are left.
    pub(super) fn cuts_off(&self, client: ClientNumber) -> bool {
        self.loss.cut_off.contains(&client)
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

    /// These are gone or broken from `at` on, and it takes so many elections until the others serve; nothing
    /// is wrong with those.
    pub(super) fn lost(&mut self, at: TrueTime, loss: Loss, elections: u32) {
        let bridged = at + self.pace.election * elections;
        self.lost = Some(Lost { loss, bridged });
    }

    /// Whether those who are left must have served at `at`.
    pub(super) fn is_bridged(&self, at: TrueTime) -> bool {
        self.lost.as_ref().is_none_or(|lost| at >= lost.bridged)
    }

    /// Whether a node that is not lost hears this client.
    pub(super) fn reaches(&self, client: ClientNumber) -> bool {
        self.lost.as_ref().is_none_or(|lost| !lost.cuts_off(client))
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
            .filter(|healed| at.since(*healed) > self.pace.settled_after)
    }

    /// The nodes that are gone in this peace, if any are.
    pub(super) const fn lost_nodes(&self) -> Option<&Lost> {
        self.lost.as_ref()
    }

    /// Whether since `since` there has always been an address for `client`: a free one, or the one that is
    /// reserved for it, which may be another's still, or in use by somebody unknown.
    pub(super) fn had_room(&self, client: &ClientKey, since: TrueTime) -> bool {
        let was = |time: Option<&TrueTime>| time.is_some_and(|time| *time >= since);
        !was(self.exhausted.as_ref()) && !was(self.blocked.get(client))
    }
}
