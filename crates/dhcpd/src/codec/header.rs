//! The fixed fields (RFC 2131 §2), checked before anything trusts a length in them.

use super::DropReason;
use dhcproto::v4::borrowed::Message;
use ipam::HardwareAddress;
use std::net::Ipv4Addr;

/// RFC 2131 §3.
const MAGIC_COOKIE: [u8; 4] = [99, 130, 83, 99];
const OP_BOOTREQUEST: u8 = 1;
const ETHERNET_BYTES: u8 = 6;

/// The fixed fields that we use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub xid: u32,
    pub secs: u16,
    pub broadcast: bool,
    pub ciaddr: Ipv4Addr,
    pub giaddr: Ipv4Addr,
    pub hardware: HardwareAddress,
}

/// Decodes the fixed fields of a datagram of at least 240 bytes.
pub(super) fn decode(datagram: &[u8]) -> Result<Header, DropReason> {
    // Checks that the buffer has 240 bytes; its accessors index below that only.
    let message = Message::new(datagram).map_err(|_| DropReason::TooShort)?;
    if u8::from(message.opcode()) != OP_BOOTREQUEST {
        return Err(DropReason::NotARequest);
    }
    if datagram.get(236..240) != Some(&MAGIC_COOKIE) {
        return Err(DropReason::MagicCookie);
    }
    let hardware = hardware(u8::from(message.htype()), message.hlen(), datagram)?;
    let (ciaddr, giaddr) = (message.ciaddr(), message.giaddr());
    if !is_unicast_or_zero(giaddr) {
        return Err(DropReason::FixedAddress);
    }
    // What is nobody's address says as much as none.
    let ciaddr = if is_unicast_or_zero(ciaddr) {
        ciaddr
    } else {
        Ipv4Addr::UNSPECIFIED
    };
    let (xid, secs) = (message.xid(), message.secs());
    Ok(Header {
        xid,
        secs,
        broadcast: message.flags().broadcast(),
        ciaddr,
        giaddr,
        hardware,
    })
}

/// `chaddr`, cut to a length that the packet may not choose freely: dhcproto's own accessor
/// panics on an `hlen` above 16.
fn hardware(htype: u8, hlen: u8, datagram: &[u8]) -> Result<HardwareAddress, DropReason> {
    if htype == HardwareAddress::ETHERNET && hlen != ETHERNET_BYTES {
        return Err(DropReason::HardwareLength);
    }
    let length = usize::from(hlen);
    if length == 0 || length > HardwareAddress::MAX_BYTES {
        return Err(DropReason::HardwareLength);
    }
    let bytes = datagram.get(28..28 + length).ok_or(DropReason::TooShort)?;
    let is_group = htype == HardwareAddress::ETHERNET && bytes[0] & 1 == 1;
    if is_group || bytes.iter().all(|byte| *byte == 0) {
        return Err(DropReason::HardwareAddress);
    }
    HardwareAddress::new(htype, bytes).map_err(|_| DropReason::HardwareLength)
}

/// An address we would send to: a multicast or broadcast one would make us a reflector.
fn is_unicast_or_zero(address: Ipv4Addr) -> bool {
    !address.is_multicast() && !address.is_broadcast() && !address.is_loopback()
}

/// The sender that a malformed datagram names, even if `hlen` and `chaddr` are wrong as well. Used only to show an
/// operator a client's packets.
pub(super) fn sender(datagram: &[u8]) -> Option<(HardwareAddress, u32)> {
    let fixed: &[u8; 44] = datagram.first_chunk()?;
    let (htype, hlen) = (fixed[1], usize::from(fixed[2]));
    let is_usable = htype != HardwareAddress::ETHERNET && (1..=16).contains(&hlen);
    let length = if is_usable {
        hlen
    } else {
        usize::from(ETHERNET_BYTES)
    };
    let hardware = HardwareAddress::new(htype, fixed.get(28..28 + length)?).ok()?;
    Some((hardware, u32::from_be_bytes(*fixed[4..8].first_chunk()?)))
}
