//! The segment: who is where, and what is under way.

use crate::network::{Fate, Host, Paths};
use bytes::Bytes;
use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::time::Duration;

/// Who a frame is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Station {
    /// Every client on this host.
    ClientsOn(Host),
    /// The node on this host, by a frame to everybody.
    NodeByBroadcast(Host),
    /// The node on this host, by a frame to it alone.
    Node(Host),
    /// The client with this hardware address.
    Client([u8; 6]),
}

/// What has arrived.
#[derive(Clone, Debug)]
pub enum Arrived {
    /// A DHCP message.
    Datagram {
        /// Where it is.
        at: Station,
        /// The sender's IP address; unspecified if it has none.
        source: Ipv4Addr,
        /// The Ethernet address that the frame is from; none for a node's.
        hardware: Option<[u8; 6]>,
        /// What.
        payload: Bytes,
    },
    /// A question: who has this address?
    ArpProbe {
        /// Who asks, and so hears the answer.
        asker: Station,
        /// Where the question has arrived.
        at: Host,
        /// Which address.
        address: Ipv4Addr,
    },
    /// The answer, back at who asked.
    ArpAnswer {
        /// Who asked.
        at: Station,
        /// Which address.
        address: Ipv4Addr,
        /// Whose it is.
        hardware: [u8; 6],
    },
}

/// The segment.
pub struct Segment {
    /// What the paths between hosts do to frames.
    pub paths: Paths,
    now: Duration,
    queue: BTreeMap<(Duration, u64), Arrived>,
    next: u64,
}

impl Segment {
    /// A segment with randomness of its own.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self {
            paths: Paths::new(seed),
            now: Duration::ZERO,
            queue: BTreeMap::new(),
            next: 0,
        }
    }

    /// Sends something from one host to another.
    pub fn send(&mut self, from: Host, to: Host, what: Arrived) {
        match self.paths.fate(from, to) {
            Fate::Lost => {}
            Fate::Arrives(after) => self.enqueue(after, what),
            Fate::ArrivesTwice(first, second) => {
                self.enqueue(first, what.clone());
                self.enqueue(second, what);
            }
        }
    }

    /// Has something arrive so much later.
    pub fn send_later(&mut self, after: Duration, what: Arrived) {
        self.enqueue(after, what);
    }

    /// Moves the time at which things are sent.
    pub const fn set_now(&mut self, now: Duration) {
        self.now = now;
    }

    /// When the next thing arrives.
    #[must_use]
    pub fn next_arrival(&self) -> Option<Duration> {
        self.queue.first_key_value().map(|((at, _), _)| *at)
    }

    /// Moves the time, and takes what has arrived by now, in order.
    pub fn advance(&mut self, now: Duration) -> Vec<Arrived> {
        self.now = now;
        let mut arrived = Vec::new();
        while let Some(entry) = self.queue.first_entry() {
            if entry.key().0 > now {
                break;
            }
            arrived.push(entry.remove());
        }
        arrived
    }

    fn enqueue(&mut self, after: Duration, what: Arrived) {
        self.next += 1;
        self.queue.insert((self.now + after, self.next), what);
    }
}
