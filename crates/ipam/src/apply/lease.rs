//! What DHCP clients ask. Allocation is decided here, after commit, and nowhere else.
//!
//! Sources: RFC 2131 §4.3; contract S1, S3, S4, S7, L5, L6, T4; ADR 0003 (an OFFER is replicated).

use super::Verdict;
use crate::{
    ClientIdentity, ClientKey, ClusterTime, DeclineAddress, Event, GrantLease, GrantRef, Granted,
    Lease, LeaseState, LeaseTimes, OfferLease, Offered, Outcome, QuarantineAddress, Refusal,
    ReleaseLease, RequestKind, Span, State, Subnet, SubnetId,
};
use alloc::vec::Vec;
use core::net::Ipv4Addr;

impl State {
    /// Holds an address for a client that discovers.
    pub(super) fn offer_lease(&mut self, offer: &OfferLease, events: &mut Vec<Event>) -> Verdict {
        let now = self.clock;
        let subnet = subnet_mut(&mut self.subnets, offer.subnet)?;
        let client = subnet.config.identity.key(&offer.client);
        let address = choose_address(subnet, &client, offer.requested, now)?;
        let previous = subnet
            .leases
            .get(address)
            .filter(|lease| lease.client == client);
        let bound = previous
            .filter(|lease| matches!(lease.state, LeaseState::Bound { .. }))
            .cloned();
        // An offer that was never taken says nothing about who is on the address.
        let returning = previous.is_some_and(|lease| match lease.state {
            LeaseState::Offered { returning, .. } => returning,
            _ => true,
        });
        let until = now + subnet.config.times.offer;
        if crate::mutated!("l4_offer_not_held") {
            // L4: nobody else must be offered it.
        } else if let Some(lease) = bound {
            subnet.leases.put(address, held_until(lease, until));
        } else {
            subnet.forget_offers(&client);
            let lease = Lease {
                client: client.clone(),
                hardware: offer.client.hardware.clone(),
                hostname: offer.hostname.clone(),
                node: offer.node,
                state: LeaseState::Offered { until, returning },
            };
            subnet.leases.put(address, lease);
            events.push(Event::LeaseOffered {
                subnet: offer.subnet,
                address,
                client,
            });
        }
        let lease_time = subnet.config.times.grant(None);
        Ok(Outcome::Offered(Offered {
            address,
            lease_time,
            returning,
        }))
    }

    /// Binds an address for a client that requests.
    pub(super) fn grant_lease(&mut self, grant: &GrantLease, events: &mut Vec<Event>) -> Verdict {
        let now = self.clock;
        let node_at = self.node_at(grant.address);
        let subnet = subnet_mut(&mut self.subnets, grant.subnet)?;
        let client = subnet.config.identity.key(&grant.client);
        if let Some(node) = node_at {
            return Err(Refusal::NodeAddress {
                address: grant.address,
                node,
            });
        }
        check_grant(subnet, &client, grant)?;
        let renewed = subnet.leases.get(grant.address).is_some_and(|lease| {
            lease.client == client && matches!(lease.state, LeaseState::Bound { .. })
        });
        subnet.forget_unheld(&client, grant.address);
        let duration = subnet.config.times.grant(grant.lease_time);
        #[cfg(gatewayd_mutations)]
        let duration = crate::mutation::differing(duration);
        subnet
            .leases
            .put(grant.address, bound(subnet, &client, grant, now, duration));
        events.push(Event::LeaseGranted {
            subnet: grant.subnet,
            address: grant.address,
            client,
            renewed,
            expires: now + duration,
        });
        Ok(Outcome::Granted(Granted {
            address: grant.address,
            lease_time: duration,
        }))
    }

    /// Only the holder gives up (S7).
    pub(super) fn release_lease(
        &mut self,
        release: &ReleaseLease,
        events: &mut Vec<Event>,
    ) -> Verdict {
        let now = self.clock;
        let subnet = subnet_mut(&mut self.subnets, release.subnet)?;
        let lease = held_by(subnet, &release.client, release.address, release.grant)?;
        let client = lease.client.clone();
        subnet.leases.put(
            release.address,
            Lease {
                state: LeaseState::Released { at: now },
                ..lease
            },
        );
        events.push(Event::LeaseReleased {
            subnet: release.subnet,
            address: release.address,
            client,
        });
        Ok(Outcome::Done)
    }

    /// The holder found somebody else on the address (S7).
    pub(super) fn decline_address(
        &mut self,
        decline: &DeclineAddress,
        events: &mut Vec<Event>,
    ) -> Verdict {
        let now = self.clock;
        let subnet = subnet_mut(&mut self.subnets, decline.subnet)?;
        let lease = held_by(subnet, &decline.client, decline.address, decline.grant)?;
        quarantine(subnet, decline.address, lease, now, events);
        Ok(Outcome::Done)
    }

    /// A node's probe found somebody on an address that no client is bound to (L6).
    pub(super) fn quarantine_address(
        &mut self,
        found: &QuarantineAddress,
        events: &mut Vec<Event>,
    ) -> Verdict {
        let now = self.clock;
        let subnet = subnet_mut(&mut self.subnets, found.subnet)?;
        let lease = subnet.leases.get(found.address).cloned();
        let lease = lease.ok_or(Refusal::NotAvailable(found.address))?;
        match lease.state {
            LeaseState::Offered { .. } => quarantine(subnet, found.address, lease, now, events),
            LeaseState::Quarantined { .. } => {}
            LeaseState::Bound { .. } => {
                return Err(Refusal::HeldByAnother {
                    address: found.address,
                    holder: lease.client,
                });
            }
            LeaseState::Released { .. } | LeaseState::Expired { .. } => {
                return Err(Refusal::NotAvailable(found.address));
            }
        }
        Ok(Outcome::Done)
    }

    /// An operator takes an address back. The address is free at once: the operator answers for
    /// the client being gone (S1 "until it releases").
    pub(super) fn revoke_lease(
        &mut self,
        id: SubnetId,
        address: Ipv4Addr,
        events: &mut Vec<Event>,
    ) -> Verdict {
        let now = self.clock;
        let subnet = subnet_mut(&mut self.subnets, id)?;
        let lease = subnet
            .leases
            .get(address)
            .cloned()
            .ok_or(Refusal::NotFound("lease"))?;
        match lease.state {
            LeaseState::Offered { .. } | LeaseState::Bound { .. } => {
                let client = lease.client.clone();
                let state = LeaseState::Released { at: now };
                subnet.leases.put(address, Lease { state, ..lease });
                events.push(Event::LeaseReleased {
                    subnet: id,
                    address,
                    client,
                });
            }
            LeaseState::Quarantined { .. } => {
                subnet.leases.remove(address);
            }
            LeaseState::Released { .. } | LeaseState::Expired { .. } => {
                return Err(Refusal::NotFound("lease"));
            }
        }
        Ok(Outcome::Done)
    }
}

impl Subnet {
    /// Whether this client, and by its identity alone, may have `address` (S4). A node's own
    /// address is refused before.
    #[must_use]
    pub fn may_have(&self, client: &ClientKey, address: Ipv4Addr) -> bool {
        match self.reservations.address_of(client) {
            _ if crate::mutated!("s4_out_of_bounds") => true,
            Some(reserved) => address == reserved,
            None => self.leases.is_allocatable(address),
        }
    }

    /// The one address that the client may renew (S3): the record of its that matters most, among
    /// those that it may still have. Others may run on until they end, after an operator has moved
    /// the client or changed the pool.
    fn own_address(&self, client: &ClientKey) -> Option<Ipv4Addr> {
        let own = self
            .leases
            .best_of(client, |address| self.may_have(client, address));
        own.map(|(address, _)| address)
    }

    /// Drops every offer to `client`: it gets a new one.
    fn forget_offers(&mut self, client: &ClientKey) {
        self.forget(client, |_, state| {
            matches!(state, LeaseState::Offered { .. })
        });
    }

    /// Drops what is remembered of `client` elsewhere than at `address`; bound leases stay until
    /// they end, because a client may still be using them.
    fn forget_unheld(&mut self, client: &ClientKey, address: Ipv4Addr) {
        self.forget(client, |at, state| {
            at != address && !matches!(state, LeaseState::Bound { .. })
        });
    }

    fn forget(&mut self, client: &ClientKey, which: impl Fn(Ipv4Addr, &LeaseState) -> bool) {
        let records = self.leases.of_client(client);
        let matching = records.filter(|(address, lease)| which(*address, &lease.state));
        let addresses: Vec<_> = matching.map(|(address, _)| address).collect();
        for address in addresses {
            self.leases.remove(address);
        }
    }
}

/// A bound lease that is offered to its client again is not reclaimed before the offer lapses (L4).
fn held_until(mut lease: Lease, until: ClusterTime) -> Lease {
    if let LeaseState::Bound { reclaim, .. } = &mut lease.state {
        *reclaim = until.max(*reclaim);
    }
    lease
}

/// RFC 2131 §4.3.1: the client's own address, else the one it asks for, else a new one.
fn choose_address(
    subnet: &Subnet,
    client: &ClientKey,
    requested: Option<Ipv4Addr>,
    now: ClusterTime,
) -> Result<Ipv4Addr, Refusal> {
    if let Some(reserved) = subnet.reservations.address_of(client) {
        return check_unheld(subnet, client, reserved).map(|()| reserved);
    }
    let own = subnet.own_address(client).filter(|address| {
        let held = subnet.leases.get(*address);
        held.is_some_and(|lease| lease.state.is_held())
            || !crate::mutated!("l5_own_address_not_looked_for")
    });
    if let Some(address) = own {
        return Ok(address);
    }
    // An address that somebody else is remembered at is not given away on a whim (L5).
    let never_used = |address: &Ipv4Addr| subnet.leases.get(*address).is_none();
    let wish =
        requested.filter(|address| subnet.leases.is_allocatable(*address) && never_used(address));
    let next = || subnet.leases.free_candidates(1).next();
    let abandoned = || subnet.abandoned_offer(now);
    let found = wish.or_else(next).or_else(abandoned);
    found.ok_or(Refusal::PoolExhausted)
}

/// Every reason not to grant, in the order in which a client should hear them.
fn check_grant(subnet: &Subnet, client: &ClientKey, grant: &GrantLease) -> Result<(), Refusal> {
    let address = grant.address;
    if !subnet.config.is_host_address(address) {
        return Err(Refusal::NotInSubnet(address));
    }
    check_unheld(subnet, client, address)?;
    if !subnet.may_have(client, address) {
        return Err(Refusal::NotAvailable(address));
    }
    let held = |other: &Ipv4Addr| {
        let lease = subnet.leases.get(*other);
        lease.is_some_and(|lease| lease.state.is_held())
    };
    let elsewhere = subnet.own_address(client).filter(held);
    let elsewhere = elsewhere.filter(|other| *other != address);
    if let Some(other) = elsewhere.filter(|_| !crate::mutated!("s3_two_addresses")) {
        return Err(Refusal::HasOtherAddress(other));
    }
    let known = subnet
        .leases
        .get(address)
        .is_some_and(|lease| lease.client == *client);
    // "If the DHCP server has no record of this client, then it MUST remain silent" (RFC 2131
    // §4.3.2, INIT-REBOOT). A client that is selecting has chosen us: it is given what is free.
    let reserved = subnet.reservations.address_of(client).is_some();
    if known || reserved || grant.kind == RequestKind::Selecting {
        Ok(())
    } else {
        Err(Refusal::UnknownClient)
    }
}

/// Refuses an address that somebody else holds, or that is quarantined.
fn check_unheld(subnet: &Subnet, client: &ClientKey, address: Ipv4Addr) -> Result<(), Refusal> {
    match subnet.leases.get(address) {
        Some(Lease {
            state: LeaseState::Quarantined { .. },
            ..
        }) => Err(Refusal::Quarantined(address)),
        Some(_) if crate::mutated!("s1_holder_ignored") => Ok(()),
        Some(lease) if lease.state.is_held() && lease.client != *client => {
            Err(Refusal::HeldByAnother {
                address,
                holder: lease.client.clone(),
            })
        }
        _ => Ok(()),
    }
}

fn bound(
    subnet: &Subnet,
    client: &ClientKey,
    grant: &GrantLease,
    now: ClusterTime,
    duration: Span,
) -> Lease {
    let previous = subnet.leases.get(grant.address);
    // A renewal may only ever lengthen what the client was promised before (S5): a copy of an
    // older request that asked for less must not cut a lease short.
    let grace = if crate::mutated!("s1_no_reclaim_grace") {
        Span::default()
    } else {
        LeaseTimes::reclaim_grace(duration)
    };
    let promised = previous.and_then(|lease| match lease.state {
        LeaseState::Bound { reclaim, .. } if lease.client == *client => Some(reclaim),
        _ => None,
    });
    let reclaim = (now + duration + grace).max(
        promised
            .filter(|_| !crate::mutated!("s5_cut_short"))
            .unwrap_or_default(),
    );
    let hostname = grant.hostname.clone();
    Lease {
        client: client.clone(),
        hardware: grant.client.hardware.clone(),
        hostname: hostname.or_else(|| previous.and_then(|lease| lease.hostname.clone())),
        node: grant.node,
        state: LeaseState::Bound {
            granted: now,
            duration,
            reclaim,
        },
    }
}

/// The lease at `address`, if it is this very grant of this very client (S7).
fn held_by(
    subnet: &Subnet,
    identity: &ClientIdentity,
    address: Ipv4Addr,
    grant: GrantRef,
) -> Result<Lease, Refusal> {
    let client = subnet.config.identity.key(identity);
    let is_holder =
        |lease: &&Lease| lease.client == client || crate::mutated!("s7_anybody_gives_up");
    let is_grant = |lease: &&Lease| match lease.state {
        LeaseState::Bound { granted, .. } => {
            crate::mutated!("s7_late_release")
                || grant
                    == GrantRef {
                        granted,
                        node: lease.node,
                    }
        }
        _ => false,
    };
    let lease = subnet
        .leases
        .get(address)
        .filter(is_holder)
        .filter(is_grant);
    lease.cloned().ok_or(Refusal::NotTheHolder(address))
}

fn quarantine(
    subnet: &mut Subnet,
    address: Ipv4Addr,
    lease: Lease,
    now: ClusterTime,
    events: &mut Vec<Event>,
) {
    let until = now + subnet.config.times.quarantine;
    subnet.leases.put(
        address,
        Lease {
            state: LeaseState::Quarantined { until },
            ..lease
        },
    );
    events.push(Event::AddressQuarantined {
        subnet: subnet.config.id,
        address,
    });
}

pub(super) fn subnet_mut(
    subnets: &mut alloc::collections::BTreeMap<SubnetId, Subnet>,
    id: SubnetId,
) -> Result<&mut Subnet, Refusal> {
    subnets.get_mut(&id).ok_or(Refusal::UnknownSubnet(id))
}
