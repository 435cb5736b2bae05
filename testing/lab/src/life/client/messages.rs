//! The messages of each phase (RFC 2131 table 5), and when they are repeated.

use std::net::Ipv4Addr;
use std::time::Duration;

use dhcproto::v4::{DhcpOption, Message, MessageType};

use super::{Client, Phase};
use crate::life::event::Event;
use crate::wire::dhcp;

/// The delay stops doubling at this many times the first one.
const LONGEST_DELAY_FACTOR: u64 = 4;
/// The jitter is this part of the first delay, either way.
const JITTER_DIVISOR: u64 = 4;
/// Between two copies of a renewal, at least.
const SHORTEST_RENEWAL_GAP: Duration = Duration::from_secs(2);

/// A message to be sent.
#[derive(Debug, Clone)]
pub struct Outgoing {
    /// What.
    pub message: Message,
    /// From which address.
    pub source: Ipv4Addr,
    /// To which server; to everybody if none.
    pub server: Option<Ipv4Addr>,
    /// What is for everybody is handed to this host alone.
    pub only: Option<u8>,
}

impl Client {
    pub(super) fn send_discover(&mut self, now: Duration) {
        let mut message = self.message(MessageType::Discover, now);
        if let Some(address) = self.remembered {
            let option = DhcpOption::RequestedIpAddress(address);
            message.opts_mut().insert(option);
        }
        self.send(message, Ipv4Addr::UNSPECIFIED, None);
        let (xid, copies) = (self.xid, self.attempts);
        self.events.push(Event::Discovered { xid, copies });
        self.due = now + self.backoff();
    }

    /// The DHCPREQUEST of the present phase (RFC 2131 table 4).
    pub(super) fn send_request(&mut self, now: Duration) {
        self.requested_at = now;
        let mut message = self.message(MessageType::Request, now);
        let mut source = Ipv4Addr::UNSPECIFIED;
        let mut to = None;
        match (self.phase, self.lease) {
            (Phase::Requesting { address, server }, _) => {
                self.asked = Some(address);
                let options = message.opts_mut();
                options.insert(DhcpOption::RequestedIpAddress(address));
                options.insert(DhcpOption::ServerIdentifier(server));
            }
            (Phase::Rebooting { address } | Phase::Confirming { address, .. }, _) => {
                self.asked = Some(address);
                let option = DhcpOption::RequestedIpAddress(address);
                message.opts_mut().insert(option);
            }
            (phase, Some(lease)) => {
                self.asked = Some(lease.address);
                message.set_ciaddr(lease.address);
                source = lease.address;
                to = (phase == Phase::Renewing).then_some(lease.server);
            }
            (_, None) => return,
        }
        self.send(message, source, to);
        self.due = match (self.phase, self.lease) {
            (Phase::Renewing, Some(lease)) => repeat_at(now, lease.rebind_at()),
            (Phase::Rebinding, Some(lease)) => repeat_at(now, lease.end()),
            _ => now + self.backoff(),
        };
    }

    fn send(&mut self, message: Message, source: Ipv4Addr, server: Option<Ipv4Addr>) {
        self.attempts += 1;
        self.sent += 1;
        let only = match self.phase {
            Phase::Confirming { node, .. } => Some(node),
            _ => None,
        };
        self.outbox.push(Outgoing {
            message,
            source,
            server,
            only,
        });
    }

    pub(super) fn message(&self, kind: MessageType, now: Duration) -> Message {
        let mut message = dhcp::client_message(kind, self.mac, self.xid, false);
        let seconds = now.saturating_sub(self.began).as_secs();
        message.set_secs(u16::try_from(seconds).unwrap_or(u16::MAX));
        message
    }

    /// §4.1: doubling, with a jitter. Of one node alone there is nothing to spare.
    fn backoff(&mut self) -> Duration {
        let doublings = match self.phase {
            Phase::Confirming { .. } => 0,
            _ => self.attempts.saturating_sub(1).min(16),
        };
        let factor = (1_u64 << doublings).min(LONGEST_DELAY_FACTOR);
        let jitter = self.retransmit_ms / JITTER_DIVISOR;
        let base = self.retransmit_ms * factor - jitter;
        Duration::from_millis(base + self.rng.u64(0..=2 * jitter))
    }
}

/// When a renewal is repeated: at half of what is left, but not at once.
fn repeat_at(now: Duration, end: Duration) -> Duration {
    let half = end.saturating_sub(now) / 2;
    (now + half.max(SHORTEST_RENEWAL_GAP)).min(end.max(now))
}
