//! Clients, objects, commands and refusals, made in few words.

use super::{NODE, SUBNET};
use ipam::*;
use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;

pub fn ip(last: u8) -> Ipv4Addr {
    Ipv4Addr::new(10, 15, 3, last)
}

pub fn client(number: u8) -> ClientIdentity {
    ClientIdentity {
        hardware: HardwareAddress::ethernet([2, 0xaa, 0, 0, 0, number]),
        identifier: None,
    }
}

pub fn key(number: u8) -> ClientKey {
    ClientKey::Hardware(client(number).hardware)
}

pub fn config(pool: (u8, u8)) -> SubnetConfig {
    SubnetConfig::new(
        SUBNET,
        Ipv4Network::new(ip(0), 24).unwrap(),
        ip(1),
        AddressRange::new(ip(pool.0), ip(pool.1)).unwrap(),
    )
}

/// Who asks for every change of an object here.
pub fn operator() -> Operator {
    Operator {
        node: NODE,
        from: "root (admin) at 192.0.2.9".to_owned(),
    }
}

pub fn object_command(change: Change, force: bool) -> Command {
    let operator = operator();
    Command::from(ObjectCommand {
        operator,
        change,
        force,
    })
}

pub fn create(object: impl Into<AnyObject>) -> Command {
    object_command(Change::Create(object.into()), false)
}

pub fn replace(object: impl Into<AnyObject>, expected: Option<u64>) -> Command {
    let object = object.into();
    object_command(Change::Replace { object, expected }, false)
}

pub fn delete(key: AnyKey, expected: Option<u64>) -> Command {
    object_command(Change::Delete { key, expected }, false)
}

pub fn reservation(client: ClientKey, address: Ipv4Addr) -> Reservation {
    Reservation {
        subnet: SUBNET,
        client,
        address,
    }
}

pub fn reservation_key(number: u8) -> AnyKey {
    AnyKey::Reservation(ReservationKey {
        subnet: SUBNET,
        client: key(number),
    })
}

pub fn tcp(port: u16) -> ForwardKey {
    let protocol = Protocol::Tcp;
    ForwardKey { protocol, port }
}

pub fn udp(port: u16) -> ForwardKey {
    let protocol = Protocol::Udp;
    ForwardKey { protocol, port }
}

/// A node that announces nothing but where it listens and where its peers reach it.
pub fn registration(node: u64, listen: BTreeMap<SubnetId, Ipv4Addr>) -> NodeRegistration {
    NodeRegistration {
        node: NodeId(node),
        listen,
        peer_address: format!("172.31.0.{node}:7066"),
        listeners: BTreeMap::new(),
        addresses: BTreeSet::new(),
    }
}

/// A second subnet, where clients are known by their identifiers.
pub fn second_subnet() -> SubnetConfig {
    let at = |last| Ipv4Addr::new(10, 16, 0, last);
    SubnetConfig {
        id: SubnetId(2),
        network: Ipv4Network::new(at(0), 24).unwrap(),
        router: at(1),
        pool: AddressRange::new(at(20), at(254)).unwrap(),
        identity: IdentityPolicy::ClientIdentifier,
        ..config((20, 254))
    }
}

/// Another subnet, one of up to 65536 that do not overlap: the pool has ten addresses.
pub fn other_subnet(number: u16) -> SubnetConfig {
    let [high, low] = number.to_be_bytes();
    let at = |last| Ipv4Addr::new(11, high, low, last);
    SubnetConfig {
        id: SubnetId(1000 + u32::from(number)),
        network: Ipv4Network::new(at(0), 24).unwrap(),
        router: at(1),
        pool: AddressRange::new(at(20), at(29)).unwrap(),
        ..config((20, 254))
    }
}

pub fn forward_to(key: ForwardKey, last: u8) -> Forward {
    Forward {
        key,
        target: ForwardTarget::Address(ip(last)),
        target_port: 80,
    }
}

/// Refused for what an address is, as an object's.
pub fn object_address_refused(refusal: AddressRefusal) -> Outcome {
    Outcome::refused(ObjectRefusal::from(refusal))
}

/// Refused for what an address is, as a node's.
pub fn listen_ip_refused(refusal: AddressRefusal) -> Outcome {
    Outcome::refused(ClusterRefusal::from(refusal))
}

pub fn granted(address: Ipv4Addr) -> Outcome {
    Outcome::Granted(Granted {
        address,
        lease_time: LeaseTimes::default().default,
    })
}
