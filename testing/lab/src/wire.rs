//! Frames as they are on the wire: just enough Ethernet, ARP, IPv4, UDP, TCP, gRPC and DHCP to play a
//! client, or an attacker.
//!
//! Written apart from the product's own code on purpose, so that the two cannot agree on a mistake.

pub mod arp;
pub mod bootp;
pub mod checksum;
pub mod dhcp;
pub mod grpc;
pub mod ipv4;
mod mac;
pub mod socket;
pub mod tcp;
pub mod udp;

pub use bootp::Bootp;
pub use mac::MacAddr;
pub use socket::PacketSocket;
pub use udp::UdpFrame;

/// EtherType of IPv4.
pub const ETHERTYPE_IPV4: [u8; 2] = [0x08, 0x00];
/// EtherType of ARP.
pub const ETHERTYPE_ARP: [u8; 2] = [0x08, 0x06];
/// Length of an Ethernet header.
pub const ETHERNET_HEADER: usize = 14;

/// Puts an Ethernet header before `payload`.
pub fn ethernet(
    destination: MacAddr,
    source: MacAddr,
    ethertype: [u8; 2],
    payload: &[u8],
) -> Vec<u8> {
    [&destination.0[..], &source.0, &ethertype, payload].concat()
}
