//! Sets and maps, as the kernel holds them.
//!
//! In: a [`Ruleset`]. Out: [`SetImage`]s. Pure.

use crate::image::{SetImage, TableImage};
use crate::ruleset::{Family, ForwardMap, Hosts, PortSet, Ruleset, Targets, capacity};
use ipam::Protocol;
use std::net::{IpAddr, SocketAddrV4};

const PORT_LEN: u32 = 2;
/// A map's value: an address and a port, each padded to a register's word.
const TARGET_LEN: u32 = 8;
const TARGETS_KEY_LEN: u32 = 4 + TARGET_LEN;

/// nft's numbers for the types of keys and values (`datatype.h`); 6 bits each in a concatenation.
const TYPE_IPV4_ADDR: u32 = 7;
const TYPE_IPV6_ADDR: u32 = 8;
const TYPE_INET_SERVICE: u32 = 13;
const TYPE_TARGET: u32 = TYPE_IPV4_ADDR << 6 | TYPE_INET_SERVICE;
const TYPE_PUBLIC_AND_TARGET: u32 = TYPE_INET_SERVICE << 12 | TYPE_TARGET;

/// All of them, in the order of their creation.
pub(super) fn images(rules: &Ruleset) -> Vec<SetImage> {
    let maps = rules.maps.iter();
    let maps = maps.flat_map(|forwards| [map(forwards), targets(forwards)]);
    let families = [Family::V4, Family::V6];
    maps.chain(rules.ports.iter().map(ports))
        .chain(families.map(|family| addresses(&rules.hosts, family)))
        .chain(families.map(|family| host_ports(&rules.hosts, family)))
        .collect()
}

fn map(map: &ForwardMap) -> SetImage {
    let element = |(port, target): (&u16, &SocketAddrV4)| {
        (
            Box::from(port.to_be_bytes()),
            Box::from(target_value(*target)),
        )
    };
    SetImage {
        name: ForwardMap::name(map.protocol).to_owned(),
        flags: libc::NFT_SET_MAP as u32,
        key_type: TYPE_INET_SERVICE,
        key_len: PORT_LEN,
        data_type: TYPE_TARGET,
        data_len: TARGET_LEN,
        capacity: capacity(map.targets.len()),
        elements: map.targets.iter().map(element).collect(),
    }
}

fn target_value(target: SocketAddrV4) -> [u8; TARGET_LEN as usize] {
    let mut value = [0; TARGET_LEN as usize];
    value[..4].copy_from_slice(&target.ip().octets());
    value[4..6].copy_from_slice(&target.port().to_be_bytes());
    value
}

fn targets(map: &ForwardMap) -> SetImage {
    let key = |(port, target): (&u16, &SocketAddrV4)| {
        let mut key = port.to_be_bytes().to_vec();
        key.extend([0; 2]);
        key.extend(target_value(*target));
        key
    };
    let kind = (TYPE_PUBLIC_AND_TARGET, TARGETS_KEY_LEN);
    let name = ForwardMap::targets_name(map.protocol);
    plain_set(name, kind, map.targets.iter().map(key))
}

fn ports(set: &PortSet) -> SetImage {
    let keys = set.ports.iter().map(|port| port.to_be_bytes().to_vec());
    let name = PortSet::name(set.role, set.protocol);
    plain_set(name, (TYPE_INET_SERVICE, PORT_LEN), keys)
}

fn addresses(hosts: &Hosts, family: Family) -> SetImage {
    let mine = hosts.addresses.iter().filter(|one| family.has(one));
    plain_set(Hosts::name(family), address(family), mine.map(octets))
}

fn host_ports(hosts: &Hosts, family: Family) -> SetImage {
    let mine = hosts.ports.iter().filter(|(one, _)| family.has(one));
    // The port is padded to a register's word.
    let keys = mine.map(|(address, port)| {
        let mut key = octets(address);
        key.extend(port.to_be_bytes());
        key.extend([0; 2]);
        key
    });
    let (kind, len) = address(family);
    let kind = (kind << 6 | TYPE_INET_SERVICE, len + 4);
    plain_set(Hosts::ports_name(family), kind, keys)
}

/// nft's number of the type, and its length in bytes.
const fn address(family: Family) -> (u32, u32) {
    match family {
        Family::V4 => (TYPE_IPV4_ADDR, 4),
        Family::V6 => (TYPE_IPV6_ADDR, 16),
    }
}

fn octets(address: &IpAddr) -> Vec<u8> {
    match address {
        IpAddr::V4(address) => address.octets().into(),
        IpAddr::V6(address) => address.octets().into(),
    }
}

/// A set whose elements are all that there is to them.
fn plain_set(
    name: &str,
    (key_type, key_len): (u32, u32),
    keys: impl Iterator<Item = Vec<u8>>,
) -> SetImage {
    let elements = keys.map(|key| (key.into_boxed_slice(), Box::default()));
    let elements: std::collections::BTreeMap<_, _> = elements.collect();
    SetImage {
        name: name.to_owned(),
        flags: 0,
        key_type,
        key_len,
        data_type: 0,
        data_len: 0,
        capacity: capacity(elements.len()),
        elements,
    }
}

impl TableImage {
    /// Where the table's maps lead, as far as they are ours.
    #[must_use]
    pub fn targets(&self) -> Targets {
        let of_map = |protocol| {
            let elements = self
                .set(ForwardMap::name(protocol))
                .map(|map| &map.elements);
            let elements = elements.into_iter().flatten();
            elements.filter_map(move |(port, value)| {
                let port = u16::from_be_bytes(port[..].try_into().ok()?);
                let (address, to) = value.split_first_chunk::<4>()?;
                let to = u16::from_be_bytes(*to.first_chunk()?);
                Some(((protocol, port), SocketAddrV4::new((*address).into(), to)))
            })
        };
        [Protocol::Tcp, Protocol::Udp]
            .into_iter()
            .flat_map(of_map)
            .collect()
    }
}
