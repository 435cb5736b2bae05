//! What happened to a client, for the history that the checkers judge.

use super::{MessageKind, TrueTime};
use ipam::ClientKey;
use std::fmt;
use std::net::Ipv4Addr;
use std::time::Duration;

/// One machine. Two machines may be one client, if they share the name that the subnet goes by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ClientNumber(pub u32);

/// What happened to a client, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// In true time.
    pub at: TrueTime,
    /// To which machine.
    pub number: ClientNumber,
    /// Its Ethernet address.
    pub hardware: [u8; 6],
    /// The client that it is to the subnet.
    pub client: ClientKey,
    /// What.
    pub what: What,
}

/// What happened to a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// It began to want an address.
    Began,
    /// It sent a message.
    Sent {
        /// Which.
        kind: MessageKind,
        /// The transaction.
        xid: u32,
        /// The address that it is about.
        address: Option<Ipv4Addr>,
        /// The server that it names.
        server: Option<Ipv4Addr>,
        /// How often it had sent this before.
        copies: u32,
    },
    /// It got a DHCPOFFER.
    Offered {
        /// Of which address.
        address: Ipv4Addr,
        /// By whom.
        server: Ipv4Addr,
    },
    /// It got a DHCPACK: from now on it holds the address.
    Bound {
        /// Which address.
        address: Ipv4Addr,
        /// From whom.
        server: Ipv4Addr,
        /// When it sent the DHCPREQUEST that it counts from.
        requested: TrueTime,
        /// The lease time that it was told.
        lease_time: Duration,
        /// When its own clock will show that the lease time has passed since then.
        until: TrueTime,
    },
    /// It got a DHCPNAK, and uses no address any more.
    Refused {
        /// From whom.
        server: Ipv4Addr,
        /// The address that it had asked for.
        address: Ipv4Addr,
    },
    /// It gave its address back.
    Released(Ipv4Addr),
    /// It found somebody else on the address, said so, and uses it no more.
    Declined(Ipv4Addr),
    /// Its lease ran out by its own clock.
    Expired(Ipv4Addr),
    /// Nobody answered: it pauses or starts over.
    GaveUp,
    /// It was switched off; what it holds it may come back to.
    SwitchedOff,
}

impl fmt::Display for ClientNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "client {}", self.0)
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            at,
            number,
            client,
            what,
            ..
        } = self;
        write!(f, "{at} {number} ({client}) {what:?}")
    }
}
