//! DHCPDISCOVER: which address is held for a client. Decided here, after commit, and nowhere else.
//!
//! Sources: RFC 2131 §4.3.1; contract S4, L4, L5; ADR 0003 (an OFFER is replicated).

use super::lease::{Claimant, check_unheld, subnet_mut};
use super::{Events, Verdict};
use crate::{
    ClusterTime, EventKind, Lease, LeaseRefusal, LeaseState, OfferLease, Offered, Outcome, State,
    Subnet,
};
use core::net::Ipv4Addr;

impl State {
    /// Holds an address for a client that discovers.
    pub(super) fn offer_lease(
        &mut self,
        offer: &OfferLease,
        events: &mut Events,
    ) -> Verdict<LeaseRefusal> {
        let now = self.clock;
        let subnet = subnet_mut(&mut self.subnets, offer.subnet)?;
        let claimant = Claimant::of(subnet, &offer.client);
        let address = choose_address(subnet, &claimant, offer, now)?;
        let previous = subnet.record_of(address, &claimant);
        let bound = previous.filter(|lease| lease.state.is_bound()).cloned();
        // An offer that was never taken says nothing about who is on the address.
        let returning = previous.is_some_and(|lease| match lease.state {
            LeaseState::Offered { returning, .. } => returning,
            _ => true,
        });
        let until = now + subnet.config.times.offer;
        let offered = Offered {
            address,
            lease_time: subnet.config.times.grant(offer.lease_time),
            returning,
        };
        // L4: nobody else must be offered it.
        //~ mutant l4_offer_not_held: return Ok(Outcome::Offered(offered));
        if let Some(lease) = bound {
            subnet.leases.put(address, held_until(lease, until));
        } else {
            let client = claimant.key;
            subnet.forget_offers(&client);
            let lease = Lease {
                client: client.clone(),
                hardware: claimant.hardware,
                hostname: offer.hostname.clone(),
                node: offer.node,
                state: LeaseState::Offered { until, returning },
            };
            subnet.leases.put(address, lease);
            events.push(EventKind::LeaseOffered {
                subnet: offer.subnet,
                address,
                client,
            });
        }
        Ok(Outcome::Offered(offered))
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
    claimant: &Claimant,
    offer: &OfferLease,
    now: ClusterTime,
) -> Result<Ipv4Addr, LeaseRefusal> {
    let is_bound = |address: &Ipv4Addr| {
        let lease = subnet.leases.get(*address);
        lease.is_some_and(|lease| lease.state.is_bound())
    };
    let is_avoided = |address: &Ipv4Addr| offer.avoid.contains(address) && !is_bound(address);
    if let Some(reserved) = subnet.reserved_for(&claimant.key, &claimant.hardware) {
        check_unheld(subnet, claimant, reserved)?;
        return if is_avoided(&reserved) {
            Err(LeaseRefusal::InUse(reserved))
        } else {
            Ok(reserved)
        };
    }
    let own = subnet.own_address(claimant);
    //~ mutant l5_own_address_not_looked_for: let own = own.filter(|address| {
    //~     subnet.leases.get(*address).is_some_and(|lease| lease.state.is_held())
    //~     });
    let own = own.filter(|address| !is_avoided(address));
    if let Some(address) = own {
        return Ok(address);
    }
    // An address that somebody else is remembered at is not given away on a whim (L5).
    let never_used = |address: &Ipv4Addr| subnet.leases.get(*address).is_none();
    let wish = offer.requested.filter(|address| {
        subnet.leases.is_allocatable(*address) && never_used(address) && !is_avoided(address)
    });
    let next = || {
        let mut candidates = subnet.leases.free_candidates(offer.avoid.len() + 1);
        candidates.find(|address| !is_avoided(address))
    };
    let abandoned = || {
        let abandoned = subnet.abandoned_offer(now);
        abandoned.filter(|address| !is_avoided(address))
    };
    let found = wish.or_else(next).or_else(abandoned);
    found.ok_or(LeaseRefusal::PoolExhausted)
}
