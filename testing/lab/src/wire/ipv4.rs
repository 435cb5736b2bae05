//! The header of an IPv4 packet without options (RFC 791).

use std::net::Ipv4Addr;

use super::checksum;

/// Its length.
pub const HEADER: usize = 20;
const TTL: u8 = 64;

/// The header for `length` bytes of `protocol`, with its checksum. `None` if that is too long for a packet.
pub fn header(
    protocol: u8,
    source: Ipv4Addr,
    destination: Ipv4Addr,
    length: usize,
) -> Option<[u8; HEADER]> {
    let total = u16::try_from(HEADER + length).ok()?;
    let mut header = [0; HEADER];
    header[0] = 0x45;
    header[2..4].copy_from_slice(&total.to_be_bytes());
    header[8] = TTL;
    header[9] = protocol;
    header[12..16].copy_from_slice(&source.octets());
    header[16..20].copy_from_slice(&destination.octets());
    let sum = checksum::internet(&[&header]);
    header[10..12].copy_from_slice(&sum.to_be_bytes());
    Some(header)
}
