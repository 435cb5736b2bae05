//! How operators write things, and how they are written for them.

use api::proto::admin as wire;
use ipam::{ClientKey, ClusterTime, Lease, LeaseState, SubnetId};
use std::net::Ipv4Addr;
use tonic::Status;

/// A dotted decimal.
pub fn parse_address(text: &str) -> Result<Ipv4Addr, Status> {
    text.parse().map_err(|_| {
        Status::invalid_argument(format!("address {text:?}: expected one such as 10.15.3.20"))
    })
}

/// A client, as `lease list` prints it or in any common notation.
pub fn parse_client(text: &str) -> Result<ClientKey, Status> {
    text.parse()
        .map_err(|error| Status::invalid_argument(format!("client {text:?}: {error}")))
}

/// A lease as operators see it.
pub fn show_lease(
    subnet: SubnetId,
    address: Ipv4Addr,
    lease: &Lease,
    now: ClusterTime,
) -> wire::Lease {
    wire::Lease {
        address: address.to_string(),
        client: lease.client.to_string(),
        hardware: lease.hardware.to_string(),
        state: state_name(&lease.state).to_owned(),
        expires_in_seconds: expiry(&lease.state).map(|at| (at - now).as_secs()),
        hostname: lease
            .hostname
            .as_ref()
            .map(|name| name.as_str().to_owned())
            .unwrap_or_default(),
        node_id: lease.node.0,
        subnet_id: subnet.0,
    }
}

const fn state_name(state: &LeaseState) -> &'static str {
    match state {
        LeaseState::Offered { .. } => "offered",
        LeaseState::Bound { .. } => "bound",
        LeaseState::Released { .. } => "released",
        LeaseState::Expired { .. } => "expired",
        LeaseState::Quarantined { .. } => "quarantined",
    }
}

/// When a lease ends for its client: without the reclaim grace.
fn expiry(state: &LeaseState) -> Option<ClusterTime> {
    match state {
        LeaseState::Bound {
            granted, duration, ..
        } => Some(*granted + *duration),
        other => other.deadline(),
    }
}
