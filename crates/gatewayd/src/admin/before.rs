//! How things are, in a few words: for the audit line of a change.

use cluster::ClusterStatus;
use ipam::{ClientKey, Forward, ForwardKey, ForwardTarget, LeaseState, NodeId, State, SubnetId};
use std::net::Ipv4Addr;

/// Whose lease is on the address.
pub fn lease(state: &State, address: Ipv4Addr) -> String {
    let subnet = state.subnet_containing(address);
    let lease = subnet.and_then(|subnet| subnet.leases().get(address));
    let Some(lease) = lease else {
        return "none".to_owned();
    };
    let what = match lease.state {
        LeaseState::Offered { .. } => "offered to",
        LeaseState::Bound { .. } => "bound to",
        LeaseState::Released { .. } => "released by",
        LeaseState::Expired { .. } => "expired, last of",
        LeaseState::Quarantined { .. } => "quarantined, last of",
    };
    format!("{what} {}", lease.client)
}

/// Which address is kept for the client.
pub fn reservation(state: &State, subnet: SubnetId, client: &ClientKey) -> String {
    let subnet = state.subnets().get(&subnet);
    let address = subnet.and_then(|subnet| subnet.reservations().address_of(client));
    address.map_or_else(|| "none".to_owned(), |address| address.to_string())
}

/// Where the port leads.
pub fn forward(state: &State, key: ForwardKey) -> String {
    let forward = state.nat().forwards.get(&key);
    forward.map_or_else(|| "none".to_owned(), target)
}

/// A forward's target and its port.
pub fn target(forward: &Forward) -> String {
    let port = forward.target_port;
    match &forward.target {
        ForwardTarget::Address(address) => format!("{address}:{port}"),
        ForwardTarget::Client { client, .. } => format!("client {client} port {port}"),
    }
}

/// What the node is in the cluster.
pub fn member(status: &ClusterStatus, node: NodeId) -> String {
    let member = status.members.iter().find(|member| member.node == node);
    member.map_or_else(
        || "no member".to_owned(),
        |member| format!("{} at {}", member.role.name(), member.peer_address),
    )
}
