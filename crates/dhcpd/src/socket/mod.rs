//! Sockets: the only part of this crate that talks to the kernel.
//!
//! * A UDP socket bound to the listen IP hears unicast (renewals, relays) and sends to clients that
//!   have an address and to relays. A socket bound to one address never hears broadcasts, so
//! * a second UDP socket, bound to 255.255.255.255 on the interface, hears those. It never sends.
//! * A packet socket sends to clients that have no address yet and cannot answer ARP, and sends
//!   broadcasts: the routing table need not know a way to 255.255.255.255.
//! * A second packet socket sends ARP probes and hears ARP.
//! * A third hears the few broadcasts of which the Ethernet source matters ([`framed`]).
//! * A netlink socket asks for the interface's MTU and the ways to relays.
//!
//! [`KernelLink`] is all of them together, behind the port that the server states.
//!
//! Frames are built in [`frame`] and [`arp`], which are pure. There is no unsafe code: a packet
//! socket's address is never made by hand but taken from `getifaddrs`.

pub mod arp;
mod bridge;
mod error;
pub mod frame;
pub mod framed;
mod interface;
mod kernel_link;
mod netlink;
mod own_addresses;
mod packet_socket;
mod relays;
mod udp;

pub use error::SocketError;
pub use interface::Interface;
pub use kernel_link::KernelLink;
pub use packet_socket::PacketSocket;
pub use udp::{bind_broadcast, bind_unicast};

/// The server's port (RFC 2131 §4.1).
pub const SERVER_PORT: u16 = 67;
/// The client's port.
pub const CLIENT_PORT: u16 = 68;
