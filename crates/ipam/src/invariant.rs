//! The promises of the lease contract that one state can keep or break, one function each.
//!
//! They stay on: a snapshot that breaks one is refused, and the tests check them after every step.

use crate::{ClusterTime, Lease, LeaseState, LeaseTimes, PastGrant, State, Subnet};
use alloc::format;
use alloc::string::String;
use core::net::Ipv4Addr;

/// The largest that what is counted on from ever is, in a state: ADR 0015.
const LARGEST: u64 = 1 << 62;

/// Checks every invariant; the error names the promise and the address.
pub fn check(state: &State) -> Result<(), String> {
    numbers_have_room(state)?;
    for subnet in state.subnets().values() {
        times_are_near(state.clock(), subnet)?;
        one_client_one_address(subnet)?;
        in_bounds(state, subnet)?;
        reservations_exclusive(subnet)?;
        nothing_overdue(state, subnet)?;
    }
    nodes_exclusive(state)
}

/// S3: of all that a client is bound to, it may renew one address: the one that it is known by.
/// Another bound record of its is there only because an operator moved it, and never outranks it.
fn one_client_one_address(subnet: &Subnet) -> Result<(), String> {
    for (address, lease) in bound(subnet) {
        let known_by = subnet.lease_of(&lease.client).map(|(own, _)| own);
        if known_by.is_none() {
            return Err(format!(
                "S3: {} holds {address} and is not known",
                lease.client
            ));
        }
    }
    Ok(())
}

/// S4: nobody holds the network's, the broadcast, the router's or a node's address.
fn in_bounds(state: &State, subnet: &Subnet) -> Result<(), String> {
    for (address, lease) in bound(subnet) {
        let config = subnet.config();
        if !config.is_host_address(address) || state.node_at(address).is_some() {
            return Err(format!("S4: {} holds {address}", lease.client));
        }
    }
    Ok(())
}

/// S9: an address is reserved for one client.
fn reservations_exclusive(subnet: &Subnet) -> Result<(), String> {
    for (client, address) in subnet.reservations().iter() {
        if subnet.reservations().client_of(address) != Some(client) {
            return Err(format!("S9: {address} is reserved twice"));
        }
    }
    Ok(())
}

/// S9: a listen IP has one node.
fn nodes_exclusive(state: &State) -> Result<(), String> {
    for node in state.nodes().values() {
        let shared = |address: &&Ipv4Addr| state.node_at(**address) != Some(node.node);
        if let Some(address) = node.listen.values().find(shared) {
            return Err(format!("S9: {address} is the address of two nodes"));
        }
    }
    Ok(())
}

/// T5: what is due has been dealt with as soon as the clock says so.
fn nothing_overdue(state: &State, subnet: &Subnet) -> Result<(), String> {
    match subnet.next_deadline() {
        Some(deadline) if deadline <= state.clock() => {
            Err(format!("T5: a deadline of {deadline} at {}", state.clock()))
        }
        _ => Ok(()),
    }
}

/// S12: what is counted on from does not overflow.
fn numbers_have_room(state: &State) -> Result<(), String> {
    let (clock, revision) = (state.clock().0, state.profile().revision);
    match clock.max(revision) > LARGEST {
        true => Err(format!(
            "S12: the clock is at {clock} ms, and the profile was set {revision} times"
        )),
        false => Ok(()),
    }
}

/// S12: what has happened is not in the future, and what will end does so within the longest time that
/// anything is given for. Nothing is held for ever.
fn times_are_near(now: ClusterTime, subnet: &Subnet) -> Result<(), String> {
    let longest = LeaseTimes::LONGEST;
    let end = now + longest + LeaseTimes::reclaim_grace(longest);
    for (address, lease) in subnet.leases().iter() {
        let near = match lease.state {
            LeaseState::Bound {
                granted,
                duration,
                reclaim,
            } => granted <= now && duration <= longest && reclaim <= end,
            LeaseState::Offered { until, .. } | LeaseState::Quarantined { until } => until <= end,
            LeaseState::Released { at } | LeaseState::Expired { at } => at <= now,
        };
        if !near {
            return Err(format!(
                "S12: the times of {address} are out of reach of {now}"
            ));
        }
    }
    let ends_late = |grant: &PastGrant| grant.until > end;
    match subnet
        .past_grants()
        .iter()
        .find(|(_, grants)| grants.iter().any(ends_late))
    {
        Some((address, _)) => Err(format!("S12: a past grant of {address} ends after {end}")),
        None => Ok(()),
    }
}

fn bound(subnet: &Subnet) -> impl Iterator<Item = (Ipv4Addr, &Lease)> {
    subnet.leases().iter().filter(|(_, lease)| is_bound(lease))
}

const fn is_bound(lease: &Lease) -> bool {
    matches!(lease.state, LeaseState::Bound { .. })
}
