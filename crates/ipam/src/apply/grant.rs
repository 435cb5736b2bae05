//! DHCPREQUEST: who is bound to an address, and every reason not to. Decided here, after commit, and
//! nowhere else.
//!
//! Sources: RFC 2131 §4.3.2; contract S1, S3, S4, S5, S6, L5, L6, T4; ADR 0025 (what we have a record of).

use super::lease::{Claimant, check_unheld, subnet_mut};
use super::{Events, Verdict};
use crate::{
    ClusterTime, ConflictProbe, EventKind, GrantLease, Granted, Lease, LeaseRefusal, LeaseState,
    LeaseTimes, NodeId, Outcome, RequestKind, Span, State, Subnet,
};
use core::net::Ipv4Addr;

impl State {
    /// Binds an address for a client that requests.
    pub(super) fn grant_lease(
        &mut self,
        grant: &GrantLease,
        events: &mut Events,
    ) -> Verdict<LeaseRefusal> {
        let now = self.clock;
        let node_at = self.node_at(grant.address);
        let subnet = subnet_mut(&mut self.subnets, grant.subnet)?;
        let claimant = Claimant::of(subnet, &grant.client);
        check_grant(subnet, node_at, &claimant, grant)?;
        let previous = subnet.record_of(grant.address, &claimant);
        let renewed = previous.is_some_and(|lease| lease.state.is_bound());
        subnet.forget_unheld(&claimant.key, grant.address);
        let duration = subnet.config.times.grant(grant.lease_time);
        //~ mutant s8_apply_differs:
        //~     let duration = Span(duration.0 + if mutants::every_fourth_time() { 1000 } else { 0 });
        //~ mutant s8_digests_not_compared:
        //~     let duration = Span(duration.0 + if mutants::every_fourth_time() { 1000 } else { 0 });
        let lease = bound(subnet, &claimant, grant, now, duration);
        subnet.leases.put(grant.address, lease);
        subnet.past_grants.make_room(grant.address, &claimant.key);
        events.push(EventKind::LeaseGranted {
            subnet: grant.subnet,
            address: grant.address,
            client: claimant.key,
            renewed,
            expires: now + duration,
        });
        Ok(Outcome::Granted(Granted {
            address: grant.address,
            lease_time: duration,
        }))
    }
}

/// Every reason not to grant, in the order in which a client should hear them.
///
/// Whoever is selecting has chosen us, and hears them all. Any other client hears one only if we have a record of
/// it: without, "it MUST remain silent" (RFC 2131 §4.3.2), for the client may be another server's (S6).
fn check_grant(
    subnet: &Subnet,
    node: Option<NodeId>,
    claimant: &Claimant,
    grant: &GrantLease,
) -> Result<(), LeaseRefusal> {
    let address = grant.address;
    if !subnet.config.network.contains(address) {
        return Err(LeaseRefusal::NotInSubnet(address));
    }
    let refusal = check_address(subnet, node, claimant, address).err();
    if grant.kind != RequestKind::Selecting {
        let may_hear = match refusal {
            None => is_remembered(subnet, claimant, address),
            Some(_) => subnet.has_record(&claimant.key) || is_ours(subnet, claimant, address),
        };
        //~ mutant s6_stranger_refused: let may_hear = may_hear || refusal.is_some();
        if !may_hear {
            return Err(LeaseRefusal::UnknownClient);
        }
    }
    refusal.map_or_else(|| check_probe(subnet, claimant, grant), Err)
}

/// Whether the client may have the address now.
fn check_address(
    subnet: &Subnet,
    node: Option<NodeId>,
    claimant: &Claimant,
    address: Ipv4Addr,
) -> Result<(), LeaseRefusal> {
    if !subnet.config.is_host_address(address) {
        return Err(LeaseRefusal::NotInSubnet(address));
    }
    if let Some(node) = node {
        return Err(LeaseRefusal::OfNode { address, node });
    }
    check_unheld(subnet, claimant, address)?;
    if !subnet.may_have(&claimant.key, &claimant.hardware, address) {
        return Err(LeaseRefusal::NotAvailable(address));
    }
    let held = |other: &Ipv4Addr| {
        let lease = subnet.leases.get(*other);
        lease.is_some_and(|lease| lease.state.is_held())
    };
    let elsewhere = subnet.own_address(claimant).filter(held);
    let elsewhere = elsewhere.filter(|other| *other != address);
    //~ mutant s3_two_addresses: let elsewhere = None;
    if let Some(other) = elsewhere {
        return Err(LeaseRefusal::HasOtherAddress(other));
    }
    Ok(())
}

/// Whether the address is, or was last, this client's, or is kept for it: then it is given back to a client that
/// does not select (L5).
fn is_remembered(subnet: &Subnet, claimant: &Claimant, address: Ipv4Addr) -> bool {
    let Claimant { key, hardware } = claimant;
    subnet.record_of(address, claimant).is_some()
        || subnet.past_grants.get(address, key).is_some()
        || subnet.reserved_for(key, hardware) == Some(address)
}

/// Whether an operator says that we are the only server here, and the address is bound to another client.
fn is_ours(subnet: &Subnet, claimant: &Claimant, address: Ipv4Addr) -> bool {
    let lease = subnet.leases.get(address);
    let is_bound = lease
        .is_some_and(|lease| lease.state.is_bound() && !subnet.is_of(lease, address, claimant));
    subnet.config.authoritative && is_bound
}

/// L6: what the client neither holds nor was offered is granted only after a probe found nobody there. What it
/// was offered was probed before; if somebody was found there since, it is not granted either.
fn check_probe(
    subnet: &Subnet,
    claimant: &Claimant,
    grant: &GrantLease,
) -> Result<(), LeaseRefusal> {
    //~ mutant l6_grant_without_probe: return Ok(());
    let address = grant.address;
    let own = subnet.record_of(address, claimant).map(|lease| lease.state);
    match grant.probe {
        ConflictProbe::NotMade if !own.is_some_and(|state| state.is_held()) => {
            Err(LeaseRefusal::NotProbed(address))
        }
        ConflictProbe::InUse if !own.is_some_and(|state| state.is_bound()) => {
            Err(LeaseRefusal::InUse(address))
        }
        _ => Ok(()),
    }
}

fn bound(
    subnet: &Subnet,
    claimant: &Claimant,
    grant: &GrantLease,
    now: ClusterTime,
    duration: Span,
) -> Lease {
    let previous = subnet.leases.get(grant.address);
    // A renewal may only ever lengthen what the client was promised before (S5): a copy of an
    // older request that asked for less must not cut a lease short.
    let grace = LeaseTimes::reclaim_grace(duration);
    //~ mutant s1_no_reclaim_grace: let grace = Span::default();
    let promised = previous.and_then(|lease| match lease.state {
        LeaseState::Bound { reclaim, .. } if subnet.is_of(lease, grant.address, claimant) => {
            Some(reclaim)
        }
        _ => None,
    });
    //~ mutant s5_cut_short: let promised = None;
    let reclaim = (now + duration + grace).max(promised.unwrap_or_default());
    let hostname = grant.hostname.clone();
    Lease {
        client: claimant.key.clone(),
        hardware: claimant.hardware.clone(),
        hostname: hostname.or_else(|| previous.and_then(|lease| lease.hostname.clone())),
        node: grant.node,
        state: LeaseState::Bound {
            granted: now,
            duration,
            reclaim,
        },
    }
}
