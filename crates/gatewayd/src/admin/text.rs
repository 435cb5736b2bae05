//! How operators write things, and how they are written for them.

use api::proto::admin as wire;
use ipam::{
    ClientIdentifier, ClientKey, ClusterTime, Forward, ForwardKey, ForwardTarget, HardwareAddress,
    Lease, LeaseState, Protocol, SubnetId,
};
use std::net::Ipv4Addr;
use tonic::Status;

/// `02:aa:00:00:00:01`, or `id:` and a client identifier in hexadecimal.
pub fn parse_client(text: &str) -> Result<ClientKey, Status> {
    let expected = || {
        Status::invalid_argument(format!(
            "client {text:?}: expected a hardware address such as 02:aa:00:00:00:01, \
             or id: and a client identifier such as id:ff:00:01"
        ))
    };
    let identifier = text.strip_prefix("id:");
    let digits = identifier.unwrap_or(text).split([':', '-']);
    let bytes: Result<Vec<u8>, _> = digits.map(|byte| u8::from_str_radix(byte, 16)).collect();
    let bytes = bytes.map_err(|_| expected())?;
    if identifier.is_some() {
        return Ok(ClientKey::Identifier(
            ClientIdentifier::new(&bytes).map_err(|_| expected())?,
        ));
    }
    let mac: [u8; 6] = bytes.try_into().map_err(|_| expected())?;
    Ok(ClientKey::Hardware(HardwareAddress::ethernet(mac)))
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_is_read_as_it_is_written() -> Result<(), Status> {
        for text in ["02:aa:00:00:00:01", "id:ff:00:01"] {
            assert_eq!(parse_client(text)?.to_string(), text);
        }
        for text in ["", "02:aa", "id:", "02:aa:00:00:00:0g", "10.15.3.20"] {
            assert!(parse_client(text).is_err(), "{text}");
        }
        Ok(())
    }
}
