//! The single steps that matches and actions are made of, and the numbers that both use.

use super::Expression;
use crate::ruleset::Direction;
use ipam::Protocol;

/// The register that everything is loaded into.
pub(super) const REGISTER: u32 = libc::NFT_REG_1 as u32;
/// The second 32-bit word of [`REGISTER`]: where a looked-up target has its port.
pub(super) const SECOND_WORD: u32 = libc::NFT_REG32_01 as u32;

/// Headers that offsets are counted from.
pub(super) const NETWORK: libc::c_int = libc::NFT_PAYLOAD_NETWORK_HEADER;
pub(super) const TRANSPORT: libc::c_int = libc::NFT_PAYLOAD_TRANSPORT_HEADER;

/// Where the TCP and the UDP header have the destination port, and its length, in bytes.
pub(super) const DESTINATION_PORT_OFFSET: u32 = 2;
pub(super) const PORT_LEN: u32 = 2;

pub(super) fn conntrack(key: libc::c_int, way: Option<Direction>, to: u32) -> Expression {
    Expression::Conntrack {
        key: key as u32,
        direction: way.map(way_number),
        to,
    }
}

pub(super) const fn way_number(way: Direction) -> u8 {
    match way {
        Direction::Original => 0,
        Direction::Reply => 1,
    }
}

pub(super) fn family(number: libc::c_int) -> Vec<Expression> {
    let key = libc::NFT_META_NFPROTO as u32;
    let load = Expression::Meta { key, to: REGISTER };
    vec![load, compare(libc::NFT_CMP_EQ, [number as u8])]
}

pub(super) fn transport(number: libc::c_int) -> Vec<Expression> {
    transport_is(libc::NFT_CMP_EQ, number)
}

pub(super) fn transport_is(op: libc::c_int, number: libc::c_int) -> Vec<Expression> {
    let key = libc::NFT_META_L4PROTO as u32;
    let load = Expression::Meta { key, to: REGISTER };
    vec![load, compare(op, [number as u8])]
}

pub(super) const fn number(protocol: Protocol) -> libc::c_int {
    match protocol {
        Protocol::Tcp => libc::IPPROTO_TCP,
        Protocol::Udp => libc::IPPROTO_UDP,
    }
}

pub(super) const fn payload(base: libc::c_int, offset: u32, len: u32, to: u32) -> Expression {
    Expression::Payload {
        base: base as u32,
        offset,
        len,
        to,
    }
}

pub(super) fn lookup(set: &str) -> Expression {
    Expression::Lookup {
        set: set.to_owned(),
        from: REGISTER,
        to: None,
    }
}

pub(super) fn masked<const N: usize>(mask: [u8; N]) -> Expression {
    Expression::Bitwise {
        from: REGISTER,
        to: REGISTER,
        mask: Box::from(mask),
        xor: Box::from([0; N]),
    }
}

pub(super) fn compare<const N: usize>(op: libc::c_int, value: [u8; N]) -> Expression {
    Expression::Compare {
        from: REGISTER,
        op: op as u32,
        value: Box::from(value),
    }
}
