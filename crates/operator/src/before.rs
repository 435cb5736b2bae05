//! How things are, in a few words: for the audit line of a change.

use cluster::ClusterStatus;
use ipam::{AnyKey, LeaseState, NodeId, State};
use std::net::Ipv4Addr;

/// Whose lease is on the address.
pub(crate) fn lease(state: &State, address: Ipv4Addr) -> String {
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

/// What the object is.
pub(crate) fn object(state: &State, key: &AnyKey) -> String {
    let stored = state.objects().get(key);
    stored.map_or_else(|| "none".to_owned(), |stored| stored.object.to_string())
}

/// What the node is in the cluster.
pub(crate) fn member(status: &ClusterStatus, node: NodeId) -> String {
    let member = status.members.iter().find(|member| member.node == node);
    member.map_or_else(
        || "no member".to_owned(),
        |member| format!("{} at {}", member.role.name(), member.peer_address),
    )
}
