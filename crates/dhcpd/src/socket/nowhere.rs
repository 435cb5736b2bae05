//! The frames of broadcasts from 0.0.0.0 by clients that say they have an address.
//!
//! A client that has taken its address off its interface gives it up so (Kubernetes' CNI plugin), and only
//! the frame's Ethernet source then tells it from a neighbour (contract S7). UDP sockets do not say that
//! source. So these few datagrams are taken from a packet socket, and left alone where the UDP socket
//! hears them too ([`is_from_nowhere`] and the filter say the same). Pure, but for what the kernel runs.

use socket2::SockFilter;
use std::net::Ipv4Addr;

const ETHERNET_BYTES: usize = 14;
const UDP_BYTES: usize = 8;
/// `ciaddr`'s place in a message.
const CIADDR: std::ops::Range<usize> = 12..16;

/// A datagram in its frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Framed<'a> {
    /// The frame's Ethernet source.
    pub hardware: [u8; 6],
    /// The UDP payload.
    pub payload: &'a [u8],
}

/// Whether a broadcast datagram is one of those.
#[must_use]
pub fn is_from_nowhere(source: Ipv4Addr, datagram: &[u8]) -> bool {
    let ciaddr = datagram.get(CIADDR);
    source.is_unspecified() && ciaddr.is_some_and(|octets| octets != [0; 4])
}

/// What the kernel hands over (classic BPF over the whole frame): whole UDP datagrams over IPv4, from
/// 0.0.0.0 to 255.255.255.255, to port 67, whose `ciaddr` is not 0.
pub(super) const FILTER: [SockFilter; 17] = {
    const LOAD_BYTE: u16 = 0x30;
    const LOAD_HALF: u16 = 0x28;
    const LOAD_WORD: u16 = 0x20;
    const LOAD_HALF_AFTER_IP: u16 = 0x48;
    const LOAD_WORD_AFTER_IP: u16 = 0x40;
    const IP_HEADER_BYTES: u16 = 0xb1;
    const IF_EQUAL: u16 = 0x15;
    const IF_ANY_BIT: u16 = 0x45;
    const RETURN: u16 = 0x06;
    [
        SockFilter::new(LOAD_HALF, 0, 0, 12),
        SockFilter::new(IF_EQUAL, 0, 14, 0x0800),
        SockFilter::new(LOAD_BYTE, 0, 0, 23),
        SockFilter::new(IF_EQUAL, 0, 12, 17),
        SockFilter::new(LOAD_WORD, 0, 0, 26),
        SockFilter::new(IF_EQUAL, 0, 10, 0),
        SockFilter::new(LOAD_WORD, 0, 0, 30),
        SockFilter::new(IF_EQUAL, 0, 8, 0xffff_ffff),
        SockFilter::new(LOAD_HALF, 0, 0, 20),
        SockFilter::new(IF_ANY_BIT, 6, 0, 0x3fff),
        SockFilter::new(IP_HEADER_BYTES, 0, 0, 14),
        SockFilter::new(LOAD_HALF_AFTER_IP, 0, 0, 16),
        SockFilter::new(IF_EQUAL, 0, 3, 67),
        SockFilter::new(LOAD_WORD_AFTER_IP, 0, 0, 34),
        SockFilter::new(IF_EQUAL, 1, 0, 0),
        SockFilter::new(RETURN, 0, 0, u32::MAX),
        SockFilter::new(RETURN, 0, 0, 0),
    ]
};

/// Reads a frame that passed the socket's filter; nothing if it is cut short.
#[must_use]
pub fn datagram(frame: &[u8]) -> Option<Framed<'_>> {
    let hardware = *frame.get(6..12)?.first_chunk()?;
    let ip_bytes = usize::from(frame.get(ETHERNET_BYTES)? & 0x0f) * 4;
    let udp = frame.get(ETHERNET_BYTES + ip_bytes..)?;
    let length = usize::from(u16::from_be_bytes(*udp.get(4..6)?.first_chunk()?));
    let payload = udp.get(UDP_BYTES..length)?;
    Some(Framed { hardware, payload })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::socket::frame::{End, server_to_client};

    const MAC: [u8; 6] = [2, 0, 0, 0, 0, 1];

    #[test]
    fn a_frame_is_read_and_a_cut_one_is_not() {
        let from = End {
            hardware: MAC,
            ip: Ipv4Addr::UNSPECIFIED,
        };
        let to = End {
            hardware: [0xff; 6],
            ip: Ipv4Addr::BROADCAST,
        };
        let frame = server_to_client(from, to, &[7; 300]).expect("fits");
        let expected = Framed {
            hardware: MAC,
            payload: &[7; 300],
        };
        assert_eq!(datagram(&frame), Some(expected));
        for length in 0..frame.len() {
            assert_eq!(datagram(&frame[..length]), None, "{length} bytes");
        }
    }

    #[test]
    fn who_says_that_it_has_an_address_and_sends_from_none() {
        let mut message = [0; 240];
        assert!(!is_from_nowhere(Ipv4Addr::UNSPECIFIED, &message));
        message[15] = 1;
        assert!(is_from_nowhere(Ipv4Addr::UNSPECIFIED, &message));
        assert!(!is_from_nowhere(Ipv4Addr::new(10, 15, 3, 20), &message));
        assert!(!is_from_nowhere(Ipv4Addr::UNSPECIFIED, &message[..15]));
    }
}
