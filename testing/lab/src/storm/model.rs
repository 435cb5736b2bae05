//! One client's state machine: INIT, SELECTING, REQUESTING, BOUND (RFC 2131 §4.4, figure 5).
//!
//! Pure: time comes in as milliseconds since the start, messages go out as values. The first OFFER is
//! taken. Retransmission is that of §4.1: 4 s, doubling to 64 s, each with a jitter of ±1 s.

use std::net::Ipv4Addr;

use dhcproto::v4::{DhcpOption, Message, MessageType};
use fastrand::Rng;

use super::history::ClientRecord;
use crate::wire::{MacAddr, dhcp};

/// The delay stops doubling at this many times the first one.
const LONGEST_DELAY_FACTOR: u64 = 16;
/// The jitter is this part of the first delay, either way.
const JITTER_DIVISOR: u64 = 4;
/// Unanswered REQUESTs before the client starts over (§4.4.1 leaves the number open).
const REQUEST_ATTEMPTS: u32 = 4;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Init,
    Selecting,
    Requesting { address: Ipv4Addr, server: Ipv4Addr },
    Bound,
}

/// A DHCP client.
#[derive(Debug)]
pub struct Client {
    record: ClientRecord,
    phase: Phase,
    xid: u32,
    /// When it began to look for an address; `secs` counts from here.
    started_ms: u64,
    /// Sends since the phase began.
    attempts: u32,
    /// When to act again without a reply.
    due_ms: u64,
    first_delay_ms: u64,
    broadcast: bool,
    rng: Rng,
}

impl Client {
    /// A client that starts at `start_ms`.
    pub fn new(
        mac: MacAddr,
        start_ms: u64,
        first_delay_ms: u64,
        broadcast: bool,
        rng: Rng,
    ) -> Self {
        Self {
            record: ClientRecord::new(mac, start_ms),
            phase: Phase::Init,
            xid: 0,
            started_ms: start_ms,
            attempts: 0,
            due_ms: start_ms,
            first_delay_ms,
            broadcast,
            rng,
        }
    }

    /// What happened so far.
    pub fn record(&self) -> &ClientRecord {
        &self.record
    }

    /// Whether it has its address.
    pub fn is_bound(&self) -> bool {
        self.phase == Phase::Bound
    }

    /// When it wants [`Client::on_timer`]; `None` when it wants nothing more.
    pub fn due_ms(&self) -> Option<u64> {
        (!self.is_bound()).then_some(self.due_ms)
    }

    /// Its time has come: start, or retransmit, or start over.
    pub fn on_timer(&mut self, now_ms: u64) -> Option<Message> {
        if self.due_ms()? > now_ms {
            return None;
        }
        match self.phase {
            Phase::Init => Some(self.start(now_ms)),
            Phase::Requesting { .. } if self.attempts >= REQUEST_ATTEMPTS => {
                Some(self.start(now_ms))
            }
            Phase::Selecting | Phase::Requesting { .. } => Some(self.send(now_ms)),
            Phase::Bound => None,
        }
    }

    /// A server's message for this hardware address arrived.
    pub fn on_reply(&mut self, reply: &Message, now_ms: u64) -> Option<Message> {
        if reply.xid() != self.xid {
            return None;
        }
        match (self.phase, dhcp::message_type(reply)?) {
            (Phase::Selecting, MessageType::Offer) => {
                self.phase = Phase::Requesting {
                    address: reply.yiaddr(),
                    server: dhcp::server_id(reply)?,
                };
                self.attempts = 0;
                Some(self.send(now_ms))
            }
            (Phase::Requesting { .. }, MessageType::Ack) => {
                self.phase = Phase::Bound;
                self.record.bound(reply, now_ms);
                None
            }
            (Phase::Bound, MessageType::Ack) => {
                self.record.acked(reply);
                None
            }
            (Phase::Requesting { .. }, MessageType::Nak) => {
                self.record.naks += 1;
                Some(self.start(now_ms))
            }
            _ => None,
        }
    }

    fn start(&mut self, now_ms: u64) -> Message {
        if self.phase == Phase::Init {
            self.started_ms = now_ms;
        }
        self.phase = Phase::Selecting;
        self.xid = self.rng.u32(..);
        self.attempts = 0;
        self.send(now_ms)
    }

    /// Sends the message of the current phase and sets the timer for the next.
    fn send(&mut self, now_ms: u64) -> Message {
        self.due_ms = now_ms + self.delay_ms();
        self.attempts += 1;
        let mut message = match self.phase {
            Phase::Requesting { address, server } => self.request(address, server),
            _ => self.discover(),
        };
        let seconds = now_ms.saturating_sub(self.started_ms) / 1000;
        message.set_secs(u16::try_from(seconds).unwrap_or(u16::MAX));
        message
    }

    fn discover(&mut self) -> Message {
        self.record.discovers += 1;
        self.message(MessageType::Discover)
    }

    fn request(&mut self, address: Ipv4Addr, server: Ipv4Addr) -> Message {
        self.record.requests += 1;
        let mut message = self.message(MessageType::Request);
        let options = message.opts_mut();
        options.insert(DhcpOption::RequestedIpAddress(address));
        options.insert(DhcpOption::ServerIdentifier(server));
        message
    }

    fn message(&self, kind: MessageType) -> Message {
        dhcp::client_message(kind, self.record.mac, self.xid, self.broadcast)
    }

    fn delay_ms(&mut self) -> u64 {
        let factor = 1_u64
            .checked_shl(self.attempts)
            .map_or(LONGEST_DELAY_FACTOR, |f| f.min(LONGEST_DELAY_FACTOR));
        let jitter = self.first_delay_ms / JITTER_DIVISOR;
        let base = self.first_delay_ms * factor - jitter;
        base + self.rng.u64(0..=2 * jitter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADDRESS: Ipv4Addr = Ipv4Addr::new(10, 15, 3, 20);
    const SERVER: Ipv4Addr = Ipv4Addr::new(10, 15, 3, 10);

    fn client() -> Client {
        let mac = MacAddr([2, 0xbb, 0, 0, 0, 1]);
        Client::new(mac, 0, 4000, false, Rng::with_seed(7))
    }

    fn reply(to: &Message, kind: MessageType) -> Message {
        let mut reply = to.clone();
        reply.set_yiaddr(ADDRESS);
        let options = reply.opts_mut();
        options.insert(DhcpOption::MessageType(kind));
        options.insert(DhcpOption::ServerIdentifier(SERVER));
        reply
    }

    #[test]
    fn four_messages_bind() {
        let mut client = client();
        let discover = client.on_timer(0).expect("a DISCOVER");
        let offer = reply(&discover, MessageType::Offer);
        let request = client.on_reply(&offer, 5).expect("a REQUEST");
        assert_eq!(dhcp::server_id(&request), Some(SERVER));
        let ack = reply(&request, MessageType::Ack);
        assert!(client.on_reply(&ack, 9).is_none());
        let record = client.record();
        assert_eq!(record.address, Some(ADDRESS));
        assert_eq!(record.acked_at_ms, Some(9));
        assert_eq!((record.discovers, record.requests), (1, 1));
        assert_eq!(client.due_ms(), None);
    }

    #[test]
    fn another_ack_is_noted_and_changes_nothing() {
        let mut client = client();
        let discover = client.on_timer(0).expect("a DISCOVER");
        let request = client
            .on_reply(&reply(&discover, MessageType::Offer), 1)
            .expect("a REQUEST");
        let mut ack = reply(&request, MessageType::Ack);
        client.on_reply(&ack, 2);
        ack.set_yiaddr(SERVER);
        client.on_reply(&ack, 3);
        let record = client.record();
        assert_eq!(record.address, Some(ADDRESS));
        assert_eq!(record.acked_addresses.len(), 2);
    }

    #[test]
    fn retransmission_doubles_within_the_jitter() {
        let mut client = client();
        let mut now = 0;
        for expected in [4000, 8000, 16000, 32000, 64000, 64000] {
            client.on_timer(now).expect("a DISCOVER");
            let due = client.due_ms().expect("still looking");
            assert!((due - now).abs_diff(expected) <= 1000, "{}", due - now);
            now = due;
        }
    }

    #[test]
    fn a_nak_starts_over_with_a_new_transaction() {
        let mut client = client();
        let discover = client.on_timer(0).expect("a DISCOVER");
        let offer = reply(&discover, MessageType::Offer);
        let request = client.on_reply(&offer, 1).expect("a REQUEST");
        let again = client
            .on_reply(&reply(&request, MessageType::Nak), 2)
            .expect("a DISCOVER");
        assert_eq!(dhcp::message_type(&again), Some(MessageType::Discover));
        assert_ne!(again.xid(), discover.xid());
        assert_eq!(client.record().naks, 1);
    }

    #[test]
    fn an_unanswered_request_starts_over() {
        let mut client = client();
        let discover = client.on_timer(0).expect("a DISCOVER");
        client.on_reply(&reply(&discover, MessageType::Offer), 1);
        let mut kinds = Vec::new();
        for _ in 0..REQUEST_ATTEMPTS {
            let due = client.due_ms().expect("unanswered");
            let message = client.on_timer(due).expect("due");
            kinds.extend(dhcp::message_type(&message));
        }
        let last = kinds.pop();
        assert!(kinds.iter().all(|kind| *kind == MessageType::Request));
        assert_eq!(last, Some(MessageType::Discover));
    }

    #[test]
    fn replies_to_others_are_ignored() {
        let mut client = client();
        let discover = client.on_timer(0).expect("a DISCOVER");
        let mut stray = reply(&discover, MessageType::Offer);
        stray.set_xid(discover.xid().wrapping_add(1));
        assert!(client.on_reply(&stray, 1).is_none());
    }
}
