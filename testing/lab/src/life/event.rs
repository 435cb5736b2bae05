//! What clients tell an observer. Every time is since the origin of the caller's clock.

use std::net::Ipv4Addr;
use std::time::Duration;

use crate::wire::MacAddr;

/// What a client wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Any address: DHCPDISCOVER and what follows.
    Acquire,
    /// More time, from the node that granted.
    Renew(Ipv4Addr),
    /// More time, from any node.
    Rebind(Ipv4Addr),
    /// Its address of before (INIT-REBOOT).
    Reboot(Ipv4Addr),
    /// The address that it holds, asked of this one node (INIT-REBOOT).
    Confirm(Ipv4Addr, u8),
    /// To give the address back. Nobody answers.
    Release(Ipv4Addr),
    /// To say that somebody else uses the address. Nobody answers.
    Decline(Ipv4Addr),
}

/// A server's message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReplyType {
    /// A DHCPOFFER.
    Offer,
    /// A DHCPACK.
    Ack,
    /// A DHCPNAK.
    Nak,
}

/// Something that happened to a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// It sets out.
    Began(Purpose),
    /// It holds an address from now until `requested_at` + `lifetime`.
    Acknowledged {
        /// What it had asked for.
        purpose: Purpose,
        /// What it was given.
        address: Ipv4Addr,
        /// By whom (option 54).
        server: Option<Ipv4Addr>,
        /// When it sent the last copy of its DHCPREQUEST.
        requested_at: Duration,
        /// The lease time.
        lifetime: Duration,
        /// Messages that it sent for this purpose, copies included.
        sent: u32,
    },
    /// A DHCPNAK: it holds nothing from now on.
    Refused {
        /// What it had asked for.
        purpose: Purpose,
        /// The address that it had asked for.
        address: Ipv4Addr,
        /// By whom (option 54).
        server: Option<Ipv4Addr>,
    },
    /// It has its wish as far as it will ever know: a release or a decline was sent to `server`.
    GaveUp {
        /// What it wanted.
        purpose: Purpose,
        /// The server that it was sent to.
        server: Ipv4Addr,
    },
    /// No answer; it turns to something else.
    Unanswered {
        /// What it had asked for.
        purpose: Purpose,
        /// Messages that it sent for this purpose, copies included.
        sent: u32,
    },
    /// It sent a DHCPDISCOVER.
    Discovered {
        /// Its transaction.
        xid: u32,
        /// How many times by now.
        copies: u32,
    },
    /// A message of a server came in, whether the client acts upon it or not.
    Received {
        /// Which.
        kind: ReplyType,
        /// Its transaction.
        xid: u32,
        /// `yiaddr`; of a DHCPNAK, what the client had asked for last.
        address: Option<Ipv4Addr>,
        /// By whom (option 54).
        server: Option<Ipv4Addr>,
    },
    /// The observation ends: what it still holds, and until when.
    Left {
        /// The address and the end of its lease.
        held: Option<(Ipv4Addr, Duration)>,
    },
}

/// An event with its place and time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Which client. A number is never used again.
    pub client: u32,
    /// Its hardware address.
    pub mac: MacAddr,
    /// When.
    pub at: Duration,
    /// What.
    pub event: Event,
}
