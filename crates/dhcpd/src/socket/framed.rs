//! Broadcast RELEASEs and DECLINEs, for which the frame's Ethernet source matters.
//!
//! Only that source distinguishes a client from a neighbour (contract S7) when the client has no IP address: one that
//! declines has none, and one that releases may have removed it already (Kubernetes' CNI plugin does). UDP sockets do
//! not report the Ethernet source. So these few datagrams are taken from a packet socket, and ignored when the UDP
//! socket receives them too. [`needs_frame`] and the kernel's filter select the same datagrams. Pure, except for that
//! filter.

use socket2::SockFilter;
use std::net::Ipv4Addr;
use std::ops::Range;

const ETHERNET_BYTES: usize = 14;
const UDP_BYTES: usize = 8;
/// The IP source's place behind the Ethernet header.
const IP_SOURCE: Range<usize> = 12..16;
/// Places in a message.
const CIADDR: Range<usize> = 12..16;
const GIADDR: Range<usize> = 24..28;
const FIRST_OPTION: Range<usize> = 240..242;
const MESSAGE_TYPE: usize = 242;
/// Option 53's code and length.
const TYPE_OPTION: [u8; 2] = [53, 1];
const DISCOVER: u8 = 1;
const REQUEST: u8 = 3;

/// A datagram in its frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Framed<'a> {
    /// The frame's Ethernet source.
    pub hardware: [u8; 6],
    /// The IP source.
    pub source: Ipv4Addr,
    /// The UDP payload.
    pub payload: &'a [u8],
}

/// Whether a broadcast datagram is one of those: it comes from 0.0.0.0 though its client says that it has an address,
/// or no relay has sent it and it may be something else than a DHCPDISCOVER or a DHCPREQUEST. Of these almost all have
/// their type as the first option, and the first one holds.
#[must_use]
pub fn needs_frame(source: Ipv4Addr, datagram: &[u8]) -> bool {
    let is_set = |field| datagram.get(field).is_some_and(|octets| octets != [0; 4]);
    let is_from_nowhere = source.is_unspecified() && is_set(CIADDR);
    is_from_nowhere || (!is_set(GIADDR) && may_give_up(datagram))
}

fn may_give_up(datagram: &[u8]) -> bool {
    let first = datagram.get(FIRST_OPTION);
    if first != Some(&TYPE_OPTION) {
        return first.is_some();
    }
    let message_type = datagram.get(MESSAGE_TYPE);
    message_type.is_some_and(|code| ![DISCOVER, REQUEST].contains(code))
}

/// What the kernel hands over (classic BPF over the whole frame): whole UDP datagrams over IPv4 to 255.255.255.255,
/// port 67, of which [`needs_frame`] is true.
pub(super) const FILTER: [SockFilter; 24] = {
    const LOAD_BYTE: u16 = 0x30;
    const LOAD_HALF: u16 = 0x28;
    const LOAD_WORD: u16 = 0x20;
    const LOAD_BYTE_AFTER_IP: u16 = 0x50;
    const LOAD_HALF_AFTER_IP: u16 = 0x48;
    const LOAD_WORD_AFTER_IP: u16 = 0x40;
    const IP_HEADER_BYTES: u16 = 0xb1;
    const IF_EQUAL: u16 = 0x15;
    const IF_ANY_BIT: u16 = 0x45;
    const RETURN: u16 = 0x06;
    [
        SockFilter::new(LOAD_HALF, 0, 0, 12),
        SockFilter::new(IF_EQUAL, 0, 21, 0x0800),
        SockFilter::new(LOAD_BYTE, 0, 0, 23),
        SockFilter::new(IF_EQUAL, 0, 19, 17),
        SockFilter::new(LOAD_WORD, 0, 0, 30),
        SockFilter::new(IF_EQUAL, 0, 17, 0xffff_ffff),
        SockFilter::new(LOAD_HALF, 0, 0, 20),
        SockFilter::new(IF_ANY_BIT, 15, 0, 0x3fff),
        SockFilter::new(IP_HEADER_BYTES, 0, 0, 14),
        SockFilter::new(LOAD_HALF_AFTER_IP, 0, 0, 16),
        SockFilter::new(IF_EQUAL, 0, 12, 67),
        // From 0.0.0.0, with a `ciaddr`.
        SockFilter::new(LOAD_WORD, 0, 0, 26),
        SockFilter::new(IF_EQUAL, 0, 2, 0),
        SockFilter::new(LOAD_WORD_AFTER_IP, 0, 0, 34),
        SockFilter::new(IF_EQUAL, 0, 7, 0),
        // Of no relay, and not with DISCOVER or REQUEST as the first option.
        SockFilter::new(LOAD_WORD_AFTER_IP, 0, 0, 46),
        SockFilter::new(IF_EQUAL, 0, 6, 0),
        SockFilter::new(LOAD_HALF_AFTER_IP, 0, 0, 262),
        SockFilter::new(IF_EQUAL, 0, 3, 0x3501),
        SockFilter::new(LOAD_BYTE_AFTER_IP, 0, 0, 264),
        SockFilter::new(IF_EQUAL, 2, 0, DISCOVER as u32),
        SockFilter::new(IF_EQUAL, 1, 0, REQUEST as u32),
        SockFilter::new(RETURN, 0, 0, u32::MAX),
        SockFilter::new(RETURN, 0, 0, 0),
    ]
};

/// Reads a frame that passed the socket's filter; nothing if it is cut short.
#[must_use]
pub fn datagram(frame: &[u8]) -> Option<Framed<'_>> {
    let hardware = *frame.get(6..12)?.first_chunk()?;
    let packet = frame.get(ETHERNET_BYTES..)?;
    let ip_bytes = usize::from(packet.first()? & 0x0f) * 4;
    let source: [u8; 4] = *packet.get(IP_SOURCE)?.first_chunk()?;
    let udp = packet.get(ip_bytes..)?;
    let length = usize::from(u16::from_be_bytes(*udp.get(4..6)?.first_chunk()?));
    let payload = udp.get(UDP_BYTES..length)?;
    Some(Framed {
        hardware,
        source: source.into(),
        payload,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::MessageType;
    use crate::socket::frame::{End, server_to_client};
    use crate::testing::PacketBuilder;
    use proptest::prelude::*;
    use socket2::SockRef;
    use std::os::unix::net::UnixDatagram;

    const MAC: [u8; 6] = [2, 0, 0, 0, 0, 1];
    const CLIENT: Ipv4Addr = Ipv4Addr::new(10, 15, 3, 20);
    const NOWHERE: Ipv4Addr = Ipv4Addr::UNSPECIFIED;

    /// A client's broadcast to port 67.
    fn broadcast(source: Ipv4Addr, payload: &[u8]) -> Vec<u8> {
        let from = End {
            hardware: MAC,
            ip: source,
        };
        let to = End {
            hardware: [0xff; 6],
            ip: Ipv4Addr::BROADCAST,
        };
        let mut frame = server_to_client(from, to, payload).expect("fits");
        frame[34..38].copy_from_slice(&[0, 68, 0, 67]);
        frame
    }

    /// Two ends of a socket of which the kernel runs the filter.
    struct Kernel(UnixDatagram, UnixDatagram);

    impl Kernel {
        fn new() -> Self {
            let (near, far) = UnixDatagram::pair().expect("a pair");
            far.set_nonblocking(true).expect("set");
            let attached = SockRef::from(&far).attach_filter(&FILTER);
            attached.expect("the kernel takes the filter");
            Self(near, far)
        }

        fn passes(&self, frame: &[u8]) -> bool {
            self.0.send(frame).expect("sent");
            self.1.recv(&mut [0; 2048]).is_ok()
        }
    }

    #[test]
    fn datagram_of_whole_frame_only() {
        let frame = broadcast(CLIENT, &[7; 300]);
        let expected = Framed {
            hardware: MAC,
            source: CLIENT,
            payload: &[7; 300],
        };
        assert_eq!(datagram(&frame), Some(expected));
        for length in 0..frame.len() {
            assert_eq!(datagram(&frame[..length]), None, "{length} bytes");
        }
    }

    #[test]
    fn needs_frame_for_release_and_decline_only() {
        let kernel = Kernel::new();
        let of = |message_type| PacketBuilder::new(message_type, MAC);
        let late_type = PacketBuilder::bare(MAC).requested(CLIENT).option(53, &[4]);
        for (needs, source, packet) in [
            (false, NOWHERE, of(MessageType::Discover)),
            (false, NOWHERE, of(MessageType::Request).requested(CLIENT)),
            (false, CLIENT, of(MessageType::Request).ciaddr(CLIENT)),
            (true, NOWHERE, of(MessageType::Request).ciaddr(CLIENT)),
            (true, NOWHERE, of(MessageType::Release).ciaddr(CLIENT)),
            (true, NOWHERE, of(MessageType::Decline).requested(CLIENT)),
            (true, CLIENT, of(MessageType::Decline).requested(CLIENT)),
            (true, NOWHERE, late_type),
            (false, CLIENT, of(MessageType::Decline).giaddr(CLIENT)),
        ] {
            let datagram = packet.datagram();
            assert_eq!(needs_frame(source, &datagram), needs, "{packet:?}");
            let frame = broadcast(source, &datagram);
            assert_eq!(kernel.passes(&frame), needs, "{packet:?}");
        }
    }

    #[test]
    fn filter_takes_whole_datagrams_for_this_server_only() {
        let kernel = Kernel::new();
        let decline = PacketBuilder::new(MessageType::Decline, MAC).requested(CLIENT);
        let frame = broadcast(NOWHERE, &decline.datagram());
        assert!(kernel.passes(&frame));
        // EtherType, the fragment's offset, the protocol, the destination and its port.
        for place in [12, 21, 23, 33, 37] {
            let mut other = frame.clone();
            other[place] ^= 1;
            assert!(!kernel.passes(&other), "byte {place}");
        }
    }

    proptest! {
        /// Either socket takes a datagram, and never both.
        #[test]
        fn filter_agrees_with_needs_frame(
            from_nowhere in any::<bool>(),
            head in proptest::collection::vec(0_u8..2, 28),
            first in prop_oneof![Just(vec![53, 1, 1]), proptest::collection::vec(0_u8..60, 0..4)],
            length in 0_usize..250,
        ) {
            let mut payload = head;
            payload.resize(240, 0);
            payload.extend(first);
            payload.truncate(length);
            let source = if from_nowhere { NOWHERE } else { CLIENT };
            let passes = Kernel::new().passes(&broadcast(source, &payload));
            prop_assert_eq!(passes, needs_frame(source, &payload));
        }
    }
}
