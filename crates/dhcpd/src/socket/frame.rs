//! An Ethernet frame with a UDP datagram from port 67 to port 68, by hand. Pure.
//!
//! RFC 894 (Ethernet), RFC 791 (IP), RFC 768 (UDP), RFC 1071 (checksums).

use super::{CLIENT_PORT, SERVER_PORT};
use crate::limits::MAX_MESSAGE_BYTES;
use std::net::Ipv4Addr;

/// The Ethernet broadcast address.
pub const ETHERNET_BROADCAST: [u8; 6] = [0xff; 6];

const ETHERTYPE_IPV4: [u8; 2] = [0x08, 0x00];
const IP_HEADER_BYTES: u16 = 20;
const UDP_HEADER_BYTES: u16 = 8;
const UDP: u8 = 17;
const TTL: u8 = 64;

/// Ends of a frame, by both their addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct End {
    /// Ethernet.
    pub hardware: [u8; 6],
    /// IP.
    pub ip: Ipv4Addr,
}

/// The datagram does not fit one frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a reply of {0} bytes does not fit a frame")]
pub struct TooLarge(pub usize);

/// A frame that carries `payload` from a server to a client.
pub fn server_to_client(from: End, to: End, payload: &[u8]) -> Result<Vec<u8>, TooLarge> {
    let too_large = TooLarge(payload.len());
    let length = u16::try_from(payload.len()).map_err(|_| too_large)?;
    if payload.len() > MAX_MESSAGE_BYTES {
        return Err(too_large);
    }
    let udp_length = length + UDP_HEADER_BYTES;
    let mut frame = Vec::with_capacity(usize::from(udp_length) + 34);
    frame.extend(to.hardware);
    frame.extend(from.hardware);
    frame.extend(ETHERTYPE_IPV4);
    frame.extend(ip_header(from.ip, to.ip, udp_length + IP_HEADER_BYTES));
    frame.extend(udp_header(from.ip, to.ip, udp_length, payload));
    frame.extend(payload);
    Ok(frame)
}

fn ip_header(from: Ipv4Addr, to: Ipv4Addr, total_length: u16) -> [u8; 20] {
    let [length_high, length_low] = total_length.to_be_bytes();
    let mut header = [0; 20];
    // Version 4, 5 words; don't fragment (so the identification may be 0, RFC 6864).
    header[..8].copy_from_slice(&[0x45, 0, length_high, length_low, 0, 0, 0x40, 0]);
    header[8..10].copy_from_slice(&[TTL, UDP]);
    header[12..16].copy_from_slice(&from.octets());
    header[16..20].copy_from_slice(&to.octets());
    let checksum = checksum(&[&header]);
    header[10..12].copy_from_slice(&checksum.to_be_bytes());
    header
}

fn udp_header(from: Ipv4Addr, to: Ipv4Addr, length: u16, payload: &[u8]) -> [u8; 8] {
    let mut header = [0; 8];
    header[..2].copy_from_slice(&SERVER_PORT.to_be_bytes());
    header[2..4].copy_from_slice(&CLIENT_PORT.to_be_bytes());
    header[4..6].copy_from_slice(&length.to_be_bytes());
    let [length_high, length_low] = length.to_be_bytes();
    let protocol = [0, UDP, length_high, length_low];
    let sum = checksum(&[&from.octets(), &to.octets(), &protocol, &header, payload]);
    // 0 would mean "no checksum" (RFC 768).
    let sum = if sum == 0 { u16::MAX } else { sum };
    header[6..8].copy_from_slice(&sum.to_be_bytes());
    header
}

/// RFC 1071 over parts of which all but the last have an even length.
fn checksum(parts: &[&[u8]]) -> u16 {
    let words = parts.iter().flat_map(|part| part.chunks(2));
    let word = |chunk: &[u8]| {
        let low = chunk.get(1).copied().unwrap_or(0);
        u32::from(u16::from_be_bytes([chunk[0], low]))
    };
    let mut sum: u32 = words.map(word).sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !u16::try_from(sum).unwrap_or(u16::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SERVER: End = End {
        hardware: [2, 0, 0, 0, 0, 0x10],
        ip: Ipv4Addr::new(10, 15, 3, 10),
    };
    const CLIENT: End = End {
        hardware: [2, 0, 0, 0, 0, 1],
        ip: Ipv4Addr::new(10, 15, 3, 20),
    };

    #[test]
    fn golden() {
        let frame = server_to_client(SERVER, CLIENT, &[0xab, 0xcd, 0xef]).expect("fits");
        let expected: [&[u8]; 5] = [
            &[2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 0x10, 8, 0],
            &[0x45, 0, 0, 31, 0, 0, 0x40, 0, 64, 17, 0x20, 0x93],
            &[10, 15, 3, 10, 10, 15, 3, 20],
            &[0, 67, 0, 68, 0, 11, 0x4a, 0x47],
            &[0xab, 0xcd, 0xef],
        ];
        assert_eq!(frame, expected.concat());
    }

    #[test]
    fn checksums_verify() {
        for length in [0, 1, 2, 299, 300, 1472] {
            let payload: Vec<u8> = (0..=255).cycle().take(length).collect();
            let frame = server_to_client(SERVER, CLIENT, &payload).expect("fits");
            assert_eq!(checksum(&[&frame[14..34]]), 0, "IP, {length} bytes");
            let udp = &frame[34..];
            let udp_length = u16::try_from(udp.len()).expect("fits").to_be_bytes();
            let pseudo = [0, UDP, udp_length[0], udp_length[1]];
            let addresses = &frame[26..34];
            assert_eq!(
                checksum(&[addresses, &pseudo, udp]),
                0,
                "UDP, {length} bytes"
            );
        }
    }

    #[test]
    fn server_to_client_refuses_too_large_payload() {
        assert_eq!(
            server_to_client(SERVER, CLIENT, &[0; 1473]),
            Err(TooLarge(1473))
        );
    }
}
