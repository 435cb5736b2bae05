//! The port: what the server needs of the link that its clients are on (house rule 7).
//!
//! * **What it is.** One trait, [`ClientLink`]. [`crate::socket::KernelLink`] is the kernel's; the
//!   simulation has one of its own.
//! * **What it is not.** A place where anything is decided, and no bytes of IP or Ethernet: those
//!   are the implementation's.
//! * **Cancel safety.** Dropping [`ClientLink::receive`] loses no datagram. Dropping [`ClientLink::send`] sends
//!   the reply whole or not at all. Dropping [`ClientLink::probe`] ends the probe.

use crate::addressing::Destination;
use crate::decide::Arrival;
use crate::limits::MAX_MAX_MESSAGE_SIZE;
use crate::probe::{Answers, ProbeError, ProbeResult};
use crate::socket::SocketError;
use async_trait::async_trait;
use std::io;
use std::net::Ipv4Addr;

/// A datagram that has arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecvMeta {
    /// How many bytes of the buffer it fills.
    pub length: usize,
    /// How it arrived.
    pub arrival: Arrival,
}

/// One interface on the clients' link, with the server's address on it.
#[async_trait]
pub trait ClientLink: Send + Sync + 'static {
    /// The interface's name, for people.
    fn name(&self) -> &str;

    /// Whether the interface is still the one that the server was started on. Asked about every
    /// second, and cheap.
    fn check(&self) -> Result<(), SocketError>;

    /// The longest IP datagram that the link carries, in bytes, as it was at the last [`Self::check`].
    fn mtu(&self) -> u16 {
        MAX_MAX_MESSAGE_SIZE
    }

    /// Waits for a datagram to the server's port and puts it into `buffer`, cut to its length.
    ///
    /// An error is one failed call, not the end: the server counts it and asks again. The
    /// implementation also receives answers to probes in here, so this must be awaited all the
    /// while.
    async fn receive(&self, buffer: &mut [u8]) -> io::Result<RecvMeta>;

    /// Sends a reply from the server's address and port.
    async fn send(&self, to: Destination, reply: &[u8]) -> io::Result<()>;

    /// Asks by ARP whether anybody uses `address` (contract L6). The answers of `except` do not count, and hide no
    /// other's. Takes at most about [`crate::limits::PROBE_WAIT`].
    async fn probe(&self, address: Ipv4Addr, except: &[[u8; 6]]) -> Result<Answers, ProbeError>;

    /// The bridge's port behind which a hardware address was seen last, where the interface is a bridge and knows it.
    /// Cheap; asked about those that have addresses quarantined.
    fn port_of(&self, _hardware: [u8; 6]) -> Option<u32> {
        None
    }

    /// Asks by ICMP echo whether anybody uses `address`, behind a relay, where ARP does not reach (contract L6). Takes
    /// at most about [`crate::limits::PROBE_WAIT`].
    async fn echo(&self, address: Ipv4Addr) -> Result<ProbeResult, ProbeError>;
}
