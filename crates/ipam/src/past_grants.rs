//! Grants that ended before the time that they promised: given back, declined, or taken back by an operator.
//!
//! * **What it is.** With the leases that are bound, the *records* of contract S6: a client that has one may be
//!   told that its address is no longer its own. It also keeps which RELEASEs ended a grant, so that a copy of
//!   one ends nothing (S7).
//! * **Invariants.** At most [`PastGrants::MAX_PER_ADDRESS`] an address, one a client, the oldest first and the
//!   first to be dropped. None outlives its promised time: the cluster clock drops it.

use crate::{ClientKey, ClusterTime};
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use core::net::Ipv4Addr;

/// A grant that ended early.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastGrant {
    /// Whose it was.
    pub client: ClientKey,
    /// Until when it was promised, reclaim grace included (T4).
    pub until: ClusterTime,
    /// The transaction ids of the last RELEASEs that ended grants of this address to this client, the oldest
    /// first; at most [`PastGrant::MAX_RELEASES`].
    pub releases: Vec<u32>,
}

/// Every such grant of one subnet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PastGrants {
    by_address: BTreeMap<Ipv4Addr, Vec<PastGrant>>,
    by_client: BTreeMap<ClientKey, BTreeSet<Ipv4Addr>>,
    ends: BTreeSet<(ClusterTime, Ipv4Addr)>,
}

impl PastGrant {
    /// An ordinary client gives back one grant of an address in the life of a datagram. One that comes and goes
    /// faster is known to each node by what it heard (ADR 0025).
    pub const MAX_RELEASES: usize = 4;
}

impl PastGrants {
    /// Records of one address, its holder's included (S6).
    pub const MAX_PER_ADDRESS: usize = 4;

    /// Whether `client` has any.
    #[must_use]
    pub fn has(&self, client: &ClientKey) -> bool {
        self.by_client.contains_key(client)
    }

    /// The one of `address` to `client`.
    #[must_use]
    pub fn get(&self, address: Ipv4Addr, client: &ClientKey) -> Option<&PastGrant> {
        let grants = self.by_address.get(&address)?;
        grants.iter().find(|grant| grant.client == *client)
    }

    /// All, by address.
    pub fn iter(&self) -> impl Iterator<Item = (Ipv4Addr, &[PastGrant])> {
        self.by_address
            .iter()
            .map(|(address, grants)| (*address, grants.as_slice()))
    }

    /// Notes that a grant of `address` to `client`, promised until `until`, has ended; `xid` is that of the
    /// RELEASE that ended it.
    pub(crate) fn note(
        &mut self,
        address: Ipv4Addr,
        client: &ClientKey,
        until: ClusterTime,
        xid: Option<u32>,
    ) {
        let mut grants = self.take(address);
        let known = grants.iter().position(|grant| grant.client == *client);
        let mut grant = known.map_or_else(
            || PastGrant {
                client: client.clone(),
                until,
                releases: Vec::new(),
            },
            |place| grants.remove(place),
        );
        grant.until = grant.until.max(until);
        grant.releases.extend(xid);
        let surplus = grant.releases.len().saturating_sub(PastGrant::MAX_RELEASES);
        grant.releases.drain(..surplus);
        grants.push(grant);
        self.put(address, grants, Self::MAX_PER_ADDRESS);
    }

    /// Makes room for the record of `holder`, to which the address is granted now.
    pub(crate) fn make_room(&mut self, address: Ipv4Addr, holder: &ClientKey) {
        if self.by_address.contains_key(&address) {
            let is_among_them = self.get(address, holder).is_some();
            let grants = self.take(address);
            let limit = Self::MAX_PER_ADDRESS - usize::from(!is_among_them);
            self.put(address, grants, limit);
        }
    }

    /// Drops those whose promised time has passed.
    pub(crate) fn expire(&mut self, now: ClusterTime) {
        while let Some((_, address)) = self.ends.first().filter(|(end, _)| *end <= now).copied() {
            let mut grants = self.take(address);
            grants.retain(|grant| grant.until > now);
            self.put(address, grants, Self::MAX_PER_ADDRESS);
        }
    }

    /// Puts back what a snapshot has of `address`; `false`, and nothing changed, if that cannot be.
    pub(crate) fn restore(&mut self, address: Ipv4Addr, grants: Vec<PastGrant>) -> bool {
        let clients: BTreeSet<_> = grants.iter().map(|grant| &grant.client).collect();
        let is_sound = (1..=Self::MAX_PER_ADDRESS).contains(&grants.len())
            && clients.len() == grants.len()
            && grants
                .iter()
                .all(|grant| grant.releases.len() <= PastGrant::MAX_RELEASES)
            && !self.by_address.contains_key(&address);
        if is_sound {
            self.put(address, grants, Self::MAX_PER_ADDRESS);
        }
        is_sound
    }

    fn take(&mut self, address: Ipv4Addr) -> Vec<PastGrant> {
        let grants = self.by_address.remove(&address).unwrap_or_default();
        for grant in &grants {
            self.ends.remove(&(grant.until, address));
            if let Some(addresses) = self.by_client.get_mut(&grant.client) {
                addresses.remove(&address);
                if addresses.is_empty() {
                    self.by_client.remove(&grant.client);
                }
            }
        }
        grants
    }

    /// Keeps the last `limit` of them.
    fn put(&mut self, address: Ipv4Addr, mut grants: Vec<PastGrant>, limit: usize) {
        let surplus = grants.len().saturating_sub(limit);
        grants.drain(..surplus);
        for grant in &grants {
            self.ends.insert((grant.until, address));
            let addresses = self.by_client.entry(grant.client.clone()).or_default();
            addresses.insert(address);
        }
        if !grants.is_empty() {
            self.by_address.insert(address, grants);
        }
    }
}
