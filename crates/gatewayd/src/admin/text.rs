//! How operators write things, and how they are written for them. Clients: see `client_text`.

pub use super::client_text::parse_client;

use api::proto::admin as wire;
use ipam::{
    ClusterTime, Forward, ForwardKey, ForwardTarget, Lease, LeaseState, Protocol, SubnetId,
};
use std::net::Ipv4Addr;
use tonic::Status;

/// A dotted decimal.
pub fn parse_address(text: &str) -> Result<Ipv4Addr, Status> {
    text.parse().map_err(|_| {
        Status::invalid_argument(format!("address {text:?}: expected one such as 10.15.3.20"))
    })
}

/// `tcp` or `udp`, and a port.
pub fn parse_forward_key(protocol: &str, port: u32) -> Result<ForwardKey, Status> {
    let protocol = match protocol {
        "tcp" => Protocol::Tcp,
        "udp" => Protocol::Udp,
        other => {
            return Err(Status::invalid_argument(format!(
                "protocol {other:?}: expected tcp or udp"
            )));
        }
    };
    Ok(ForwardKey {
        protocol,
        port: parse_port(port)?,
    })
}

fn parse_port(port: u32) -> Result<u16, Status> {
    let small = u16::try_from(port).ok().filter(|port| *port > 0);
    small.ok_or_else(|| Status::invalid_argument(format!("port {port}: expected 1 to 65535")))
}

/// What a forward matches and where it leads.
pub fn parse_forward(
    forward: &wire::Forward,
    subnet: SubnetId,
) -> Result<(ForwardKey, Forward), Status> {
    let key = parse_forward_key(&forward.protocol, forward.port)?;
    let target = match &forward.target {
        Some(wire::forward::Target::Address(address)) => {
            ForwardTarget::Address(parse_address(address)?)
        }
        Some(wire::forward::Target::Client(client)) => ForwardTarget::Client {
            subnet,
            client: parse_client(client)?,
        },
        None => return Err(Status::invalid_argument("the forward has no target")),
    };
    Ok((
        key,
        Forward {
            target,
            target_port: parse_port(forward.target_port)?,
        },
    ))
}

/// A forward as operators see it.
pub fn show_forward(
    key: ForwardKey,
    forward: &Forward,
    resolved: Option<Ipv4Addr>,
) -> wire::Forward {
    wire::Forward {
        protocol: key.protocol.name().to_owned(),
        port: key.port.into(),
        target: Some(match &forward.target {
            ForwardTarget::Address(address) => wire::forward::Target::Address(address.to_string()),
            ForwardTarget::Client { client, .. } => {
                wire::forward::Target::Client(client.to_string())
            }
        }),
        target_port: forward.target_port.into(),
        resolved: resolved.map(|address| format!("{address}:{}", forward.target_port)),
    }
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
