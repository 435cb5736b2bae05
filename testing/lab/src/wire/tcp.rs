//! A TCP segment without payload in an IPv4 packet in an Ethernet frame, from whomever it likes to be.

use std::net::SocketAddrV4;

use super::{ETHERTYPE_IPV4, MacAddr, checksum, ethernet, ipv4};

const HEADER: usize = 20;
const PROTOCOL: u8 = 6;
const WINDOW: [u8; 2] = [0xff, 0xff];

/// Opens a connection.
pub const SYN: u8 = 0x02;
/// Ends one.
pub const RST: u8 = 0x04;

/// The frame, with correct checksums.
pub fn segment(
    macs: (MacAddr, MacAddr),
    source: SocketAddrV4,
    destination: SocketAddrV4,
    flags: u8,
) -> Option<Vec<u8>> {
    let mut header = [0; HEADER];
    header[0..2].copy_from_slice(&source.port().to_be_bytes());
    header[2..4].copy_from_slice(&destination.port().to_be_bytes());
    header[4..8].copy_from_slice(&0x1234_5678_u32.to_be_bytes());
    header[12] = 5 << 4;
    header[13] = flags;
    header[14..16].copy_from_slice(&WINDOW);
    let pseudo = [
        &source.ip().octets()[..],
        &destination.ip().octets(),
        &[0, PROTOCOL, 0, HEADER as u8],
    ]
    .concat();
    let sum = checksum::internet(&[&pseudo, &header]);
    header[16..18].copy_from_slice(&sum.to_be_bytes());
    let ip = ipv4::header(PROTOCOL, *source.ip(), *destination.ip(), HEADER)?;
    let (from, to) = macs;
    Some(ethernet(
        to,
        from,
        ETHERTYPE_IPV4,
        &[&ip[..], &header].concat(),
    ))
}
