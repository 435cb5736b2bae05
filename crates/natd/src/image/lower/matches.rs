//! Conditions: which packets a rule is about.

use super::Expression;
use super::steps::{
    DESTINATION_PORT_OFFSET, NETWORK, PORT_LEN, REGISTER, SECOND_WORD, TRANSPORT, compare,
    conntrack, family, lookup, masked, number, payload, transport, transport_is, way_number,
};
use crate::context::InterfaceName;
use crate::ruleset::{Direction, Family, ForwardMap, Hosts, IcmpType, Match, PortRole, PortSet};
use ipam::{Ipv4Network, Protocol};

/// The register behind [`REGISTER`], which an IPv6 address fills.
const SECOND_REGISTER: u32 = libc::NFT_REG_2 as u32;
/// The third 32-bit word of [`REGISTER`].
const THIRD_WORD: u32 = libc::NFT_REG32_02 as u32;

/// Offsets in the IPv4 and the TCP/UDP header, and the lengths there, in bytes.
const SOURCE_OFFSET: u32 = 12;
const DESTINATION_OFFSET: u32 = 16;
const ADDRESS_LEN: u32 = 4;
/// The same in the IPv6 header.
const DESTINATION_OFFSET6: u32 = 24;
const ADDRESS_LEN6: u32 = 16;
const SOURCE_PORT_OFFSET: u32 = 0;
const TCP_FLAGS_OFFSET: u32 = 13;
const TCP_SYN: u8 = 1 << 1;
/// RFC 2131.
const DHCP_SERVER_PORT: u16 = 67;
/// The kernel compares interface names as 16 bytes.
const INTERFACE_NAME_LEN: usize = libc::IFNAMSIZ;

/// `NF_CT_STATE_BIT` and `IPS_DST_NAT` (`nf_conntrack_common.h`).
const STATE_INVALID: u32 = 1;
const STATE_ESTABLISHED: u32 = 1 << 1;
const STATE_RELATED: u32 = 1 << 2;
const STATE_NEW: u32 = 1 << 3;
const STATUS_DNAT: u32 = 1 << 5;

/// `NFT_FIB_RESULT_OIF`, and `NFTA_FIB_F_SADDR`, `_IIF`, `_PRESENT`: 1 if there is such a route, else 0.
const FIB_RESULT_OUT: u32 = 1;
const FIB_BACK_IS_THERE: u32 = 1 | 1 << 3 | 1 << 5;
/// `NFT_FIB_RESULT_ADDRTYPE`, `NFTA_FIB_F_SADDR`, `_DADDR` and `RTN_LOCAL`.
const FIB_RESULT_TYPE: u32 = 3;
const FIB_BY_SOURCE: u32 = 1;
const FIB_BY_DESTINATION: u32 = 1 << 1;
const ROUTE_LOCAL: u32 = 2;

/// What hosts speak with clients; tunnels are what is left.
const PLAIN_PROTOCOLS: [libc::c_int; 4] = [
    libc::IPPROTO_TCP,
    libc::IPPROTO_UDP,
    libc::IPPROTO_ICMP,
    libc::IPPROTO_ICMPV6,
];

/// The steps that let a packet pass which `part` describes.
pub(super) fn condition(part: &Match) -> Vec<Expression> {
    match part {
        Match::InInterface(name) => interface(libc::NFT_META_IIFNAME, libc::NFT_CMP_EQ, name),
        Match::OutInterface(name) => interface(libc::NFT_META_OIFNAME, libc::NFT_CMP_EQ, name),
        Match::NotOutInterface(name) => interface(libc::NFT_META_OIFNAME, libc::NFT_CMP_NEQ, name),
        Match::Ipv6 => family(libc::NFPROTO_IPV6),
        Match::SourceIn(network) => address_in(SOURCE_OFFSET, *network),
        Match::DestinationIn(network) => address_in(DESTINATION_OFFSET, *network),
        Match::DestinationNotLocal => vec![
            fib(FIB_RESULT_TYPE, FIB_BY_DESTINATION),
            compare(libc::NFT_CMP_NEQ, ROUTE_LOCAL.to_ne_bytes()),
        ],
        Match::SpoofedSource => vec![
            fib(FIB_RESULT_OUT, FIB_BACK_IS_THERE),
            compare(libc::NFT_CMP_EQ, 0_u32.to_ne_bytes()),
        ],
        Match::SourceLocal => vec![
            fib(FIB_RESULT_TYPE, FIB_BY_SOURCE),
            compare(libc::NFT_CMP_EQ, ROUTE_LOCAL.to_ne_bytes()),
        ],
        Match::Known => any_bit(libc::NFT_CT_STATE, STATE_ESTABLISHED | STATE_RELATED),
        Match::New => any_bit(libc::NFT_CT_STATE, STATE_NEW),
        Match::Related => any_bit(libc::NFT_CT_STATE, STATE_RELATED),
        Match::Invalid => any_bit(libc::NFT_CT_STATE, STATE_INVALID),
        Match::DestinationTranslated => any_bit(libc::NFT_CT_STATUS, STATUS_DNAT),
        Match::Original => direction(Direction::Original),
        Match::AnswersTo(address) => vec![
            conntrack(libc::NFT_CT_DST_IP, Some(Direction::Reply), REGISTER),
            compare(libc::NFT_CMP_EQ, address.octets()),
        ],
        Match::LedByMap(protocol, way) => led_by_map(*protocol, *way),
        Match::PortIn(role, protocol) => {
            let set = PortSet::name(*role, *protocol);
            port_in(*protocol, DESTINATION_PORT_OFFSET, set)
        }
        Match::FromProtected(protocol) => {
            let set = PortSet::name(PortRole::Protected, *protocol);
            port_in(*protocol, SOURCE_PORT_OFFSET, set)
        }
        Match::OtherProtocol => PLAIN_PROTOCOLS.into_iter().flat_map(no_transport).collect(),
        Match::ToHost(of) => to_host(*of),
        Match::ToHostPort(of) => to_host_port(*of),
        Match::Dhcp => dhcp(),
        Match::Icmp(kind) => icmp(*kind),
        Match::Syn => syn(),
    }
}

fn to_host(of: Family) -> Vec<Expression> {
    let mut steps = destination(of);
    steps.push(lookup(Hosts::name(of)));
    steps
}

fn to_host_port(of: Family) -> Vec<Expression> {
    let mut steps = transport(libc::IPPROTO_TCP);
    steps.extend(destination(of));
    let behind = match of {
        Family::V4 => SECOND_WORD,
        Family::V6 => SECOND_REGISTER,
    };
    steps.extend([
        payload(TRANSPORT, DESTINATION_PORT_OFFSET, PORT_LEN, behind),
        lookup(Hosts::ports_name(of)),
    ]);
    steps
}

fn dhcp() -> Vec<Expression> {
    let mut steps = transport(libc::IPPROTO_UDP);
    steps.extend([
        payload(TRANSPORT, DESTINATION_PORT_OFFSET, PORT_LEN, REGISTER),
        compare(libc::NFT_CMP_EQ, DHCP_SERVER_PORT.to_be_bytes()),
    ]);
    steps
}

fn syn() -> Vec<Expression> {
    let mut steps = transport(libc::IPPROTO_TCP);
    steps.extend([
        payload(TRANSPORT, TCP_FLAGS_OFFSET, 1, REGISTER),
        masked([TCP_SYN]),
        compare(libc::NFT_CMP_NEQ, [0]),
    ]);
    steps
}

fn icmp(kind: IcmpType) -> Vec<Expression> {
    let (network, protocol, number) = match kind {
        IcmpType::Echo4 => (libc::NFPROTO_IPV4, libc::IPPROTO_ICMP, 8),
        IcmpType::Echo6 => (libc::NFPROTO_IPV6, libc::IPPROTO_ICMPV6, 128),
        IcmpType::RouterSolicit => (libc::NFPROTO_IPV6, libc::IPPROTO_ICMPV6, 133),
        IcmpType::NeighborSolicit => (libc::NFPROTO_IPV6, libc::IPPROTO_ICMPV6, 135),
        IcmpType::NeighborAdvert => (libc::NFPROTO_IPV6, libc::IPPROTO_ICMPV6, 136),
    };
    let mut steps = family(network);
    steps.extend(transport(protocol));
    steps.push(payload(TRANSPORT, 0, 1, REGISTER));
    steps.push(compare(libc::NFT_CMP_EQ, [number]));
    steps
}

/// Public port, address and port of the way that goes to the target, as one key of three words.
fn led_by_map(protocol: Protocol, way: Direction) -> Vec<Expression> {
    let (address, port) = match way {
        Direction::Original => (DESTINATION_OFFSET, DESTINATION_PORT_OFFSET),
        Direction::Reply => (SOURCE_OFFSET, SOURCE_PORT_OFFSET),
    };
    let mut steps = direction(way);
    steps.extend(family(libc::NFPROTO_IPV4));
    steps.extend(transport(number(protocol)));
    steps.extend([
        conntrack(libc::NFT_CT_PROTO_DST, Some(Direction::Original), REGISTER),
        payload(NETWORK, address, ADDRESS_LEN, SECOND_WORD),
        payload(TRANSPORT, port, PORT_LEN, THIRD_WORD),
        lookup(ForwardMap::targets_name(protocol)),
    ]);
    steps
}

/// The destination's address, of a packet of this IP version.
fn destination(of: Family) -> Vec<Expression> {
    let (number, offset, len) = match of {
        Family::V4 => (libc::NFPROTO_IPV4, DESTINATION_OFFSET, ADDRESS_LEN),
        Family::V6 => (libc::NFPROTO_IPV6, DESTINATION_OFFSET6, ADDRESS_LEN6),
    };
    let mut steps = family(number);
    steps.push(payload(NETWORK, offset, len, REGISTER));
    steps
}

fn port_in(protocol: Protocol, offset: u32, set: &str) -> Vec<Expression> {
    let mut steps = transport(number(protocol));
    steps.push(payload(TRANSPORT, offset, PORT_LEN, REGISTER));
    steps.push(lookup(set));
    steps
}

fn direction(way: Direction) -> Vec<Expression> {
    vec![
        conntrack(libc::NFT_CT_DIRECTION, None, REGISTER),
        compare(libc::NFT_CMP_EQ, [way_number(way)]),
    ]
}

fn no_transport(number: libc::c_int) -> Vec<Expression> {
    transport_is(libc::NFT_CMP_NEQ, number)
}

const fn fib(result: u32, flags: u32) -> Expression {
    Expression::Fib {
        result,
        flags,
        to: REGISTER,
    }
}

fn interface(key: libc::c_int, op: libc::c_int, name: &InterfaceName) -> Vec<Expression> {
    let mut padded = [0; INTERFACE_NAME_LEN];
    padded[..name.as_str().len()].copy_from_slice(name.as_str().as_bytes());
    vec![
        Expression::Meta {
            key: key as u32,
            to: REGISTER,
        },
        compare(op, padded),
    ]
}

fn address_in(offset: u32, network: Ipv4Network) -> Vec<Expression> {
    let mut steps = family(libc::NFPROTO_IPV4);
    steps.extend([
        payload(NETWORK, offset, ADDRESS_LEN, REGISTER),
        masked(network.mask().octets()),
        compare(libc::NFT_CMP_EQ, network.address().octets()),
    ]);
    steps
}

fn any_bit(key: libc::c_int, bits: u32) -> Vec<Expression> {
    vec![
        conntrack(key, None, REGISTER),
        masked(bits.to_ne_bytes()),
        compare(libc::NFT_CMP_NEQ, 0_u32.to_ne_bytes()),
    ]
}
