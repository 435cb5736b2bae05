//! Every address of a subnet that has a history, and the indexes over them.
//!
//! The records are the truth; the indexes are derived from them and from the set of
//! allocatable addresses, so a snapshot carries the records alone and a restored table is equal to
//! the one it was taken from (contract S8). Every change goes through [`LeaseTable::put`] or
//! [`LeaseTable::remove`], which keep the indexes true.

use crate::{ClientKey, ClusterTime, HardwareAddress, Lease, LeaseState};
use alloc::collections::{BTreeMap, BTreeSet};
use core::net::Ipv4Addr;

/// The leases of one subnet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LeaseTable {
    records: BTreeMap<Ipv4Addr, Lease>,
    /// Every address whose record names the client. Quarantined records name nobody's address.
    by_client: BTreeMap<ClientKey, BTreeSet<Ipv4Addr>>,
    /// Every address that is bound to a client known by another name than its hardware address.
    by_hardware: BTreeMap<HardwareAddress, BTreeSet<Ipv4Addr>>,
    /// What the cluster clock has to look at, soonest first.
    deadlines: BTreeSet<(ClusterTime, Ipv4Addr)>,
    /// Addresses that a client without a history may get (S4), held or not.
    allocatable: BTreeSet<Ipv4Addr>,
    /// The allocatable ones that nobody holds: never used first, then the longest free.
    free: BTreeSet<(Option<ClusterTime>, Ipv4Addr)>,
    /// The quarantined ones, the oldest first.
    quarantined: BTreeSet<(ClusterTime, Ipv4Addr)>,
}

impl LeaseTable {
    /// The record of `address`.
    #[must_use]
    pub fn get(&self, address: Ipv4Addr) -> Option<&Lease> {
        self.records.get(&address)
    }

    /// Every record, by address.
    pub fn iter(&self) -> impl Iterator<Item = (Ipv4Addr, &Lease)> {
        self.records
            .iter()
            .map(|(address, lease)| (*address, lease))
    }

    /// Every record that names `client`, quarantined ones aside.
    pub fn of_client<'a>(
        &'a self,
        client: &ClientKey,
    ) -> impl Iterator<Item = (Ipv4Addr, &'a Lease)> + use<'a> {
        let addresses = self.by_client.get(client).into_iter().flatten();
        addresses.filter_map(|address| Some((*address, self.records.get(address)?)))
    }

    /// The record that matters most to `client`: bound before offered before remembered, and among
    /// equals the one that lasts, or was given up, last.
    #[must_use]
    pub fn by_client(&self, client: &ClientKey) -> Option<(Ipv4Addr, &Lease)> {
        self.best_of(client, |_, _| true)
    }

    /// The same among the addresses that `which` allows.
    pub fn best_of(
        &self,
        client: &ClientKey,
        which: impl Fn(Ipv4Addr, &Lease) -> bool,
    ) -> Option<(Ipv4Addr, &Lease)> {
        let records = self
            .of_client(client)
            .filter(|(address, lease)| which(*address, lease));
        records.max_by_key(|(address, lease)| (weight(&lease.state), *address))
    }

    /// What is bound to a machine whose client is known by another name, the one that lasts longest.
    #[must_use]
    pub fn bound_by_hardware(&self, hardware: &HardwareAddress) -> Option<(Ipv4Addr, &Lease)> {
        let addresses = self.by_hardware.get(hardware).into_iter().flatten();
        let records = addresses.filter_map(|at| Some((*at, self.records.get(at)?)));
        records.max_by_key(|(address, lease)| (weight(&lease.state), *address))
    }

    /// Up to `count` addresses in the order in which new clients will get them.
    pub fn free_candidates(&self, count: usize) -> impl Iterator<Item = Ipv4Addr> {
        self.free.iter().take(count).map(|(_, address)| *address)
    }

    /// How many addresses a new client could get.
    #[must_use]
    pub fn free_count(&self) -> usize {
        self.free.len()
    }

    /// The quarantined addresses, the oldest first.
    pub fn quarantined(&self) -> impl Iterator<Item = Ipv4Addr> {
        self.quarantined.iter().map(|(_, address)| *address)
    }

    /// The same, and when each quarantine ends.
    pub fn quarantined_until(&self) -> impl Iterator<Item = (Ipv4Addr, ClusterTime)> {
        let quarantined = self.quarantined.iter();
        quarantined.map(|(until, address)| (*address, *until))
    }

    /// How many addresses may be quarantined at once: a quarter of those that clients without a reservation may
    /// get, and one at least (S7).
    #[must_use]
    pub fn quarantine_limit(&self) -> usize {
        (self.allocatable.len() / 4).max(1)
    }

    /// The oldest quarantined one, if no more may be.
    #[must_use]
    pub(crate) fn surplus_quarantined(&self) -> Option<Ipv4Addr> {
        let is_full = self.quarantined.len() >= self.quarantine_limit();
        self.quarantined().next().filter(|_| is_full)
    }

    /// Whether a client without a reservation may get `address` at all (S4).
    #[must_use]
    pub fn is_allocatable(&self, address: Ipv4Addr) -> bool {
        self.allocatable.contains(&address)
    }

    /// When the cluster clock next has something to do.
    #[must_use]
    pub fn next_deadline(&self) -> Option<ClusterTime> {
        self.deadlines.first().map(|(time, _)| *time)
    }

    /// The allocatable address whose offer ends first, at `until` at the latest.
    pub(crate) fn offer_ending_by(&self, until: ClusterTime) -> Option<Ipv4Addr> {
        let is_offer = |lease: &Lease| matches!(lease.state, LeaseState::Offered { .. });
        let ending = self.deadlines.iter().take_while(|(time, _)| *time <= until);
        let mut addresses = ending.map(|(_, address)| *address);
        addresses.find(|address| {
            self.is_allocatable(*address) && self.records.get(address).is_some_and(is_offer)
        })
    }

    /// The first record whose deadline has come.
    pub(crate) fn due(&self, now: ClusterTime) -> Option<Ipv4Addr> {
        self.deadlines
            .first()
            .filter(|(time, _)| *time <= now)
            .map(|(_, address)| *address)
    }

    pub(crate) fn put(&mut self, address: Ipv4Addr, lease: Lease) {
        self.remove(address);
        if !matches!(lease.state, LeaseState::Quarantined { .. }) {
            self.by_client
                .entry(lease.client.clone())
                .or_default()
                .insert(address);
        }
        if let Some(hardware) = named_otherwise(&lease) {
            let addresses = self.by_hardware.entry(hardware.clone()).or_default();
            addresses.insert(address);
        }
        if let Some(deadline) = lease.state.deadline() {
            self.deadlines.insert((deadline, address));
        }
        self.free.remove(&(None, address));
        if lease.state.is_free() && self.is_allocatable(address) {
            self.free.insert((freed_at(Some(&lease)), address));
        }
        if let LeaseState::Quarantined { until } = lease.state {
            self.quarantined.insert((until, address));
        }
        self.records.insert(address, lease);
    }

    /// Forgets `address`: it counts as never used.
    pub(crate) fn remove(&mut self, address: Ipv4Addr) -> Option<Lease> {
        let lease = self.records.remove(&address)?;
        self.free.remove(&(freed_at(Some(&lease)), address));
        if let Some(deadline) = lease.state.deadline() {
            self.deadlines.remove(&(deadline, address));
        }
        if let LeaseState::Quarantined { until } = lease.state {
            self.quarantined.remove(&(until, address));
        }
        if let Some(addresses) = self.by_client.get_mut(&lease.client) {
            addresses.remove(&address);
            if addresses.is_empty() {
                self.by_client.remove(&lease.client);
            }
        }
        if let Some(hardware) = named_otherwise(&lease)
            && let Some(addresses) = self.by_hardware.get_mut(hardware)
        {
            addresses.remove(&address);
            if addresses.is_empty() {
                self.by_hardware.remove(hardware);
            }
        }
        if self.is_allocatable(address) {
            self.free.insert((None, address));
        }
        Some(lease)
    }

    pub(crate) fn set_allocatable(&mut self, address: Ipv4Addr, allocatable: bool) {
        let lease = self.records.get(&address);
        let is_free = lease.is_none_or(|lease| lease.state.is_free());
        let place = (freed_at(lease), address);
        if allocatable {
            self.allocatable.insert(address);
            if is_free {
                self.free.insert(place);
            }
        } else {
            self.allocatable.remove(&address);
            self.free.remove(&place);
        }
    }

    /// Makes exactly `allocatable` allocatable.
    pub(crate) fn reset_allocatable(&mut self, allocatable: BTreeSet<Ipv4Addr>) {
        let free = allocatable.iter().filter_map(|address| {
            let lease = self.records.get(address);
            lease
                .is_none_or(|lease| lease.state.is_free())
                .then(|| (freed_at(lease), *address))
        });
        self.free = free.collect();
        self.allocatable = allocatable;
    }
}

/// The hardware address of a bound client that is known by another name.
const fn named_otherwise(lease: &Lease) -> Option<&HardwareAddress> {
    match (&lease.client, lease.state) {
        (ClientKey::Identifier(_), LeaseState::Bound { .. }) => Some(&lease.hardware),
        _ => None,
    }
}

/// Where a free address stands in the order of reuse: `None`, first, where it was never used.
fn freed_at(lease: Option<&Lease>) -> Option<ClusterTime> {
    match lease?.state {
        LeaseState::Released { at } | LeaseState::Expired { at } => Some(at),
        _ => None,
    }
}

fn weight(state: &LeaseState) -> (u8, ClusterTime) {
    match state {
        LeaseState::Bound { reclaim, .. } => (3, *reclaim),
        LeaseState::Offered { until, .. } => (2, *until),
        LeaseState::Released { at } | LeaseState::Expired { at } => (1, *at),
        LeaseState::Quarantined { until } => (0, *until),
    }
}
