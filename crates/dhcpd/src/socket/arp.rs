//! ARP for IPv4 over Ethernet (RFC 826), as conflict probes need it (RFC 5227). Pure.

use super::frame::ETHERNET_BROADCAST;
use std::net::Ipv4Addr;

/// Ethernet header and ARP packet. In bytes.
pub const ARP_FRAME_BYTES: usize = 42;

/// EtherType ARP; Ethernet, IPv4, addresses of 6 and 4 bytes.
const HEAD: [u8; 8] = [0x08, 0x06, 0, 1, 8, 0, 6, 4];
const REQUEST: u8 = 1;
const REPLY: u8 = 2;

/// A host that claims an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sender {
    /// Its Ethernet address.
    pub hardware: [u8; 6],
    /// Its IP address.
    pub ip: Ipv4Addr,
}

/// An ARP probe: "who has `target`?", from nobody, so that no cache learns anything from it
/// (RFC 5227 §2.1.1).
#[must_use]
pub fn probe(own: [u8; 6], target: Ipv4Addr) -> [u8; ARP_FRAME_BYTES] {
    let mut frame = [0; ARP_FRAME_BYTES];
    frame[..6].copy_from_slice(&ETHERNET_BROADCAST);
    frame[6..12].copy_from_slice(&own);
    frame[12..20].copy_from_slice(&HEAD);
    frame[20..22].copy_from_slice(&[0, REQUEST]);
    frame[22..28].copy_from_slice(&own);
    frame[38..42].copy_from_slice(&target.octets());
    frame
}

/// Who claims an address by this frame, request or reply (RFC 5227 §2.4: either shows use). A probe
/// claims none: other nodes of ours, and careful hosts, probe the same addresses.
#[must_use]
pub fn sender(frame: &[u8]) -> Option<Sender> {
    let frame: &[u8; ARP_FRAME_BYTES] = frame.first_chunk()?;
    let is_arp = frame[12..20] == HEAD && matches!(frame[20..22], [0, REQUEST | REPLY]);
    let hardware = frame[22..28].try_into().ok()?;
    let ip = Ipv4Addr::from_octets(frame[28..32].try_into().ok()?);
    (is_arp && !ip.is_unspecified()).then_some(Sender { hardware, ip })
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: [u8; 6] = [2, 0, 0, 0, 0, 0x10];
    const TARGET: Ipv4Addr = Ipv4Addr::new(10, 15, 3, 20);

    #[test]
    fn golden_probe() {
        let expected: [&[u8]; 4] = [
            &[
                0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, 0x10, 8, 6,
            ],
            &[0, 1, 8, 0, 6, 4, 0, 1],
            &[2, 0, 0, 0, 0, 0x10, 0, 0, 0, 0],
            &[0, 0, 0, 0, 0, 0, 10, 15, 3, 20],
        ];
        assert_eq!(probe(OWN, TARGET).to_vec(), expected.concat());
    }

    #[test]
    fn sender_of_reply_but_not_of_probe() {
        let mut frame = probe(OWN, TARGET);
        assert_eq!(sender(&frame), None);
        frame[28..32].copy_from_slice(&TARGET.octets());
        let claim = Some(Sender {
            hardware: OWN,
            ip: TARGET,
        });
        assert_eq!(sender(&frame), claim, "a request from an address in use");
        frame[21] = REPLY;
        assert_eq!(sender(&frame), claim);
        frame[21] = 3;
        assert_eq!(sender(&frame), None, "neither a request nor a reply");
    }

    #[test]
    fn sender_of_short_or_foreign_frame_is_none() {
        let frame = probe(OWN, TARGET);
        for length in 0..ARP_FRAME_BYTES {
            assert_eq!(sender(&frame[..length]), None);
        }
        let mut foreign = frame;
        foreign[12] = 0x86;
        assert_eq!(sender(&foreign), None);
    }
}
