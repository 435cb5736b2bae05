//! What a client does.

use super::Event;
use std::net::Ipv4Addr;

/// What a client does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Sends a datagram to the servers' port.
    Send(Outgoing),
    /// Asks by ARP whether anybody else uses the address; the answer is for [`super::Client::probed`].
    Probe(Ipv4Addr),
    /// Is moved to another host: any, chosen by this number.
    Move(u32),
    /// Tells the history.
    Tell(Event),
}

/// A datagram to the servers' port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing {
    /// The sender's Ethernet address.
    pub hardware: [u8; 6],
    /// The IP source.
    pub source: Ipv4Addr,
    /// The IP destination: 255.255.255.255 reaches every server.
    pub destination: Ipv4Addr,
    /// The UDP payload.
    pub datagram: Vec<u8>,
}
