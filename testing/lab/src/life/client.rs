//! One client's state machine (RFC 2131 §4.4, figure 5), all of it.
//!
//! Pure: time comes in as the time since the caller's origin; messages and events are collected until
//! they are taken. The first OFFER is taken. A copy of a DHCPREQUEST moves the start of the lease that
//! it may bring: real clients count from the last one that they sent. Renewals are repeated at half of
//! what is left, as §4.4.5 says, but down to two seconds and not to sixty: leases here are short.

mod deeds;
mod lease;
mod messages;

use std::net::Ipv4Addr;
use std::time::Duration;

use dhcproto::v4::{Message, MessageType};
use fastrand::Rng;

use lease::Lease;
pub use messages::Outgoing;

use super::event::{Event, Purpose, ReplyType};
use super::habits::{Deed, Habits};
use crate::wire::{MacAddr, dhcp};

/// Unanswered REQUESTs after an OFFER before the client starts over (§4.4.1 leaves the number open).
const REQUEST_ATTEMPTS: u32 = 4;
/// Unanswered REQUESTs after a reboot before the client asks for any address (§3.2).
const REBOOT_ATTEMPTS: u32 = 4;
/// Unanswered REQUESTs to one node for an address that is held, each after the first delay: a node answers
/// the second or the third where the others have their turns before it.
const CONFIRM_ATTEMPTS: u32 = 8;

/// How long a client waits after a DHCPNAK, in milliseconds.
const AFTER_REFUSAL_MS: std::ops::Range<u64> = 50..500;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Switched off, or between two attempts.
    Away {
        reboot: bool,
    },
    Selecting,
    Requesting {
        address: Ipv4Addr,
        server: Ipv4Addr,
    },
    Rebooting {
        address: Ipv4Addr,
    },
    /// The same, of one node alone.
    Confirming {
        address: Ipv4Addr,
        node: u8,
    },
    Bound,
    Renewing,
    Rebinding,
    /// For good.
    Gone,
}

/// A DHCP client.
#[derive(Debug)]
pub struct Client {
    mac: MacAddr,
    rng: Rng,
    deaf: bool,
    retransmit_ms: u64,
    phase: Phase,
    xid: u32,
    /// When it began to pursue its purpose; `secs` counts from here.
    began: Duration,
    /// Copies of the present message.
    attempts: u32,
    /// Messages for the present purpose.
    sent: u32,
    due: Duration,
    requested_at: Duration,
    /// The address in its last DHCPREQUEST.
    asked: Option<Ipv4Addr>,
    lease: Option<Lease>,
    remembered: Option<Ipv4Addr>,
    deed: Option<(Duration, Deed)>,
    outbox: Vec<Outgoing>,
    events: Vec<Event>,
}

impl Client {
    /// A client that has never had an address and begins at `start`.
    pub fn new(mac: MacAddr, start: Duration, habits: &Habits, mut rng: Rng) -> Self {
        Self {
            mac,
            deaf: habits.is_deaf(&mut rng),
            retransmit_ms: habits.retransmit_ms,
            rng,
            phase: Phase::Away { reboot: false },
            xid: 0,
            began: start,
            attempts: 0,
            sent: 0,
            due: start,
            requested_at: start,
            asked: None,
            lease: None,
            remembered: None,
            deed: None,
            outbox: Vec::new(),
            events: Vec::new(),
        }
    }

    /// Its hardware address.
    pub fn mac(&self) -> MacAddr {
        self.mac
    }

    /// When it wants [`Client::on_timer`].
    pub fn due(&self) -> Duration {
        self.due
    }

    /// Whether another client is to take its place.
    pub fn is_gone(&self) -> bool {
        self.phase == Phase::Gone
    }

    /// Whether it uses `address` at `now`: then it answers for it.
    pub fn answers_for(&self, address: Ipv4Addr, now: Duration) -> bool {
        let configured = matches!(
            self.phase,
            Phase::Bound | Phase::Renewing | Phase::Rebinding
        );
        let holds = |lease: &Lease| lease.address == address && now < lease.end();
        configured && self.lease.as_ref().is_some_and(holds)
    }

    /// What it has to send, and what happened to it, since this was last asked.
    pub fn take(&mut self) -> (Vec<Outgoing>, Vec<Event>) {
        (
            std::mem::take(&mut self.outbox),
            std::mem::take(&mut self.events),
        )
    }

    /// No more deeds: a client that is away comes back now.
    pub fn settle(&mut self, now: Duration) {
        self.deed = None;
        match self.phase {
            Phase::Away { .. } => self.due = self.due.min(now),
            Phase::Bound => self.sleep_until_renewal(),
            _ => {}
        }
    }

    /// If it holds an address, it reboots and asks `node` alone for it.
    pub fn confirm(&mut self, node: u8, now: Duration) {
        let configured = matches!(
            self.phase,
            Phase::Bound | Phase::Renewing | Phase::Rebinding | Phase::Confirming { .. }
        );
        let held = self.lease.filter(|lease| configured && now < lease.end());
        if let Some(Lease { address, .. }) = held {
            self.unanswered();
            self.phase = Phase::Confirming { address, node };
            self.begin(now);
            self.send_request(now);
        }
    }

    /// Whether it waits for the answer to that.
    pub fn is_confirming(&self) -> bool {
        matches!(self.phase, Phase::Confirming { .. })
    }

    /// The observation ends.
    pub fn leave(&mut self, now: Duration) {
        if let Some(purpose) = self.purpose() {
            let sent = self.sent;
            self.events.push(Event::Unanswered { purpose, sent });
        }
        let lease = self.lease.filter(|lease| now < lease.end());
        let held = lease.map(|lease| (lease.address, lease.end()));
        self.events.push(Event::Left { held });
        self.phase = Phase::Gone;
    }

    /// Its time has come.
    pub fn on_timer(&mut self, now: Duration, habits: &Habits) {
        if self.due > now {
            return;
        }
        match self.phase {
            Phase::Gone => {}
            Phase::Away { reboot } => self.come_back(reboot, now),
            Phase::Selecting => self.send_discover(now),
            Phase::Requesting { .. } if self.attempts >= REQUEST_ATTEMPTS => self.select(now),
            Phase::Requesting { .. } => self.send_request(now),
            Phase::Rebooting { .. } if self.attempts >= REBOOT_ATTEMPTS => {
                self.unanswered();
                self.acquire(now);
            }
            // It may go on using it (§3.2).
            Phase::Confirming { .. } if self.attempts >= CONFIRM_ATTEMPTS => {
                self.unanswered();
                self.phase = Phase::Bound;
                self.sleep_until_renewal();
            }
            Phase::Rebooting { .. } | Phase::Confirming { .. } => self.send_request(now),
            Phase::Bound | Phase::Renewing | Phase::Rebinding => self.tend_lease(now, habits),
        }
    }

    /// A server's message for this hardware address arrived.
    pub fn on_reply(&mut self, reply: &Message, now: Duration, habits: &Habits) {
        let kind = match dhcp::message_type(reply) {
            Some(MessageType::Offer) => ReplyType::Offer,
            Some(MessageType::Ack) => ReplyType::Ack,
            Some(MessageType::Nak) => ReplyType::Nak,
            _ => return,
        };
        let server = dhcp::server_id(reply);
        self.events.push(Event::Received {
            kind,
            xid: reply.xid(),
            address: match kind {
                ReplyType::Nak => self.asked,
                ReplyType::Offer | ReplyType::Ack => Some(reply.yiaddr()),
            },
            server,
        });
        if reply.xid() != self.xid {
            return;
        }
        match (kind, self.phase, server) {
            (ReplyType::Offer, Phase::Selecting, Some(server)) => {
                let address = reply.yiaddr();
                self.phase = Phase::Requesting { address, server };
                self.attempts = 0;
                self.send_request(now);
            }
            (ReplyType::Ack, phase, _) if phase != Phase::Selecting => {
                self.acknowledged(reply, now, habits);
            }
            (ReplyType::Nak, phase, _) if phase != Phase::Selecting => self.refused(server, now),
            _ => {}
        }
    }

    /// What it is after, while it waits for an answer.
    fn purpose(&self) -> Option<Purpose> {
        let held = self.lease.map(|lease| lease.address);
        match self.phase {
            Phase::Selecting | Phase::Requesting { .. } => Some(Purpose::Acquire),
            Phase::Rebooting { address } => Some(Purpose::Reboot(address)),
            Phase::Confirming { address, node } => Some(Purpose::Confirm(address, node)),
            Phase::Renewing => held.map(Purpose::Renew),
            Phase::Rebinding => held.map(Purpose::Rebind),
            Phase::Away { .. } | Phase::Bound | Phase::Gone => None,
        }
    }

    fn unanswered(&mut self) {
        if let Some(purpose) = self.purpose() {
            let sent = self.sent;
            self.events.push(Event::Unanswered { purpose, sent });
        }
    }

    fn acknowledged(&mut self, ack: &Message, now: Duration, habits: &Habits) {
        // An ACK without a lease time answers a DHCPINFORM, which nobody here sends.
        let (Some(purpose), Some(seconds)) = (self.purpose(), dhcp::lease_time(ack)) else {
            return;
        };
        let server = dhcp::server_id(ack);
        let lease = Lease {
            address: ack.yiaddr(),
            server: server.unwrap_or(Ipv4Addr::UNSPECIFIED),
            requested_at: self.requested_at,
            lifetime: Duration::from_secs(seconds.into()),
        };
        self.events.push(Event::Acknowledged {
            purpose,
            address: lease.address,
            server,
            requested_at: lease.requested_at,
            lifetime: lease.lifetime,
            sent: self.sent,
        });
        self.lease = Some(lease);
        self.remembered = Some(lease.address);
        self.phase = Phase::Bound;
        if self.deed.is_none() {
            self.deed = Some(habits.next_deed(now, &mut self.rng));
        }
        self.sleep_until_renewal();
    }

    fn refused(&mut self, server: Option<Ipv4Addr>, now: Duration) {
        let (Some(purpose), Some(address)) = (self.purpose(), self.asked) else {
            return;
        };
        self.events.push(Event::Refused {
            purpose,
            address,
            server,
        });
        self.lease = None;
        self.remembered = None;
        self.deed = None;
        // Not at once: two that refuse each other's clients would otherwise keep them busy for ever.
        self.phase = Phase::Away { reboot: false };
        self.due = now + Duration::from_millis(self.rng.u64(AFTER_REFUSAL_MS));
    }

    /// BOUND: until the next deed, or until the lease wants to be extended.
    fn sleep_until_renewal(&mut self) {
        let Some(lease) = self.lease else { return };
        let extend = if self.deaf {
            lease.rebind_at()
        } else {
            lease.renew_at()
        };
        let deed = self.deed.map(|(at, _)| at);
        self.due = deed.map_or(extend, |at| at.min(extend));
    }

    /// BOUND, RENEWING, REBINDING: something is due.
    fn tend_lease(&mut self, now: Duration, habits: &Habits) {
        let Some(lease) = self.lease else {
            return self.acquire(now);
        };
        if now >= lease.end() {
            self.unanswered();
            self.lease = None;
            self.deed = None;
            return self.acquire(now);
        }
        if self.phase == Phase::Bound
            && let Some((at, deed)) = self.deed
            && at <= now
        {
            self.deed = None;
            return self.perform(deed, lease, now, habits);
        }
        let next = if now >= lease.rebind_at() {
            Phase::Rebinding
        } else {
            Phase::Renewing
        };
        if self.phase != next {
            self.unanswered();
            self.phase = next;
            self.begin(now);
        }
        self.send_request(now);
    }

    fn come_back(&mut self, reboot: bool, now: Duration) {
        match self.remembered.filter(|_| reboot) {
            Some(address) => {
                self.phase = Phase::Rebooting { address };
                self.begin(now);
                self.send_request(now);
            }
            None => {
                // It does not use what it may still hold, and asks anew.
                self.acquire(now);
            }
        }
    }

    fn acquire(&mut self, now: Duration) {
        self.phase = Phase::Selecting;
        self.begin(now);
        self.select(now);
    }

    /// A new purpose: its beginning is noted, its messages are counted from here.
    fn begin(&mut self, now: Duration) {
        self.began = now;
        self.sent = 0;
        self.attempts = 0;
        self.xid = self.rng.u32(..);
        if let Some(purpose) = self.purpose() {
            self.events.push(Event::Began(purpose));
        }
    }

    fn select(&mut self, now: Duration) {
        self.phase = Phase::Selecting;
        self.attempts = 0;
        self.xid = self.rng.u32(..);
        self.send_discover(now);
    }
}

#[cfg(test)]
mod tests;
