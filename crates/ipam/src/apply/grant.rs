//! DHCPREQUEST: who is bound to an address, and every reason not to. Decided here, after commit, and
//! nowhere else.
//!
//! Sources: RFC 2131 §4.3.2; contract S1, S3, S4, S5, S6, T4.

use super::Verdict;
use super::lease::{check_unheld, subnet_mut};
use crate::{
    ClientKey, ClusterTime, Event, GrantLease, Granted, Lease, LeaseState, LeaseTimes, Outcome,
    Refusal, RequestKind, Span, State, Subnet,
};
use alloc::vec::Vec;
use core::net::Ipv4Addr;

impl State {
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
