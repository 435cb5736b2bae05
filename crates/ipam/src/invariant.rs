//! The promises of the lease contract that one state can keep or break, one function each.
//!
//! They stay on: a snapshot that breaks one is refused, and the tests check them after every step.

use crate::{Lease, LeaseState, State, Subnet};
use alloc::format;
use alloc::string::String;
use core::net::Ipv4Addr;

/// Checks every invariant; the error names the promise and the address.
pub fn check(state: &State) -> Result<(), String> {
    for subnet in state.subnets().values() {
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
        if state.node_at(node.listen_ip) != Some(node.node) {
            return Err(format!(
                "S9: {} is the address of two nodes",
                node.listen_ip
            ));
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

fn bound(subnet: &Subnet) -> impl Iterator<Item = (Ipv4Addr, &Lease)> {
    subnet.leases().iter().filter(|(_, lease)| is_bound(lease))
}

const fn is_bound(lease: &Lease) -> bool {
    matches!(lease.state, LeaseState::Bound { .. })
}
