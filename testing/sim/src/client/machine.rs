//! One client: RFC 2131's state machine (figure 5).
//!
//! The states' own doings are in `acquire` (to an address), `extend` (keeping it) and `life` (what
//! its owner does with it).

use super::message::Message;
use super::{
    Action, ClientNumber, Event, Habits, LocalTime, MessageKind, Outgoing, RateClock, Reply,
    ReplyKind, TrueTime, What, read_reply,
};
use fastrand::Rng;
use ipam::{ClientIdentifier, ClientIdentity, ClientKey, HardwareAddress, IdentityPolicy};
use std::net::Ipv4Addr;
use std::time::Duration;

/// A DHCP client.
#[derive(Clone, Debug)]
pub struct Client {
    pub(super) number: ClientNumber,
    pub(super) hardware: [u8; 6],
    pub(super) key: ClientKey,
    pub(super) habits: Habits,
    pub(super) clock: RateClock,
    pub(super) rng: Rng,
    pub(super) state: State,
    /// What it holds, by its own counting, whether it is switched on or not.
    pub(super) lease: Option<Lease>,
    /// The address that it had last.
    pub(super) remembered: Option<Ipv4Addr>,
    /// When it began to want an address: what `secs` counts from.
    pub(super) began: LocalTime,
    /// The transaction under way.
    pub(super) exchange: Exchange,
    /// When the state has something to do.
    pub(super) wake: LocalTime,
    /// When its owner does something with it.
    pub(super) life: LocalTime,
    pub(super) now: TrueTime,
    pub(super) actions: Vec<Action>,
}

/// RFC 2131, figure 5, with the states in which nothing is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// Switched off until the alarm rings.
    Off,
    Init,
    Selecting {
        offers: Vec<Offer>,
    },
    Requesting(Offer),
    Rebooting(Ipv4Addr),
    /// It has an ACK and asks by ARP whether anybody else is on the address.
    Checking,
    Bound,
    Renewing,
    Rebinding,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Offer {
    pub(super) address: Ipv4Addr,
    pub(super) server: Ipv4Addr,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Lease {
    pub(super) address: Ipv4Addr,
    pub(super) server: Ipv4Addr,
    pub(super) renews: LocalTime,
    pub(super) rebinds: LocalTime,
    pub(super) ends: LocalTime,
}

/// A message and its copies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Exchange {
    pub(super) xid: u32,
    /// How often the message was sent.
    pub(super) copies: u32,
    pub(super) first_sent: TrueTime,
    pub(super) last_sent: TrueTime,
}

impl Client {
    /// A client that is switched on at `born`.
    #[must_use]
    pub fn new(
        number: ClientNumber,
        policy: IdentityPolicy,
        habits: Habits,
        clock: RateClock,
        seed: u64,
        born: TrueTime,
    ) -> Self {
        let [a, b, c, d] = number.0.to_be_bytes();
        // Locally administered.
        let hardware = [2, 0xc1, a, b, c, d];
        let identifier = habits.client_identifier.as_deref();
        let identity = ClientIdentity {
            hardware: HardwareAddress::ethernet(hardware),
            identifier: identifier.and_then(|bytes| ClientIdentifier::new(bytes).ok()),
        };
        let wake = clock.local(born);
        Self {
            number,
            hardware,
            key: policy.key(&identity),
            habits,
            clock,
            rng: Rng::with_seed(seed),
            state: State::Init,
            lease: None,
            remembered: None,
            began: wake,
            exchange: Exchange::default(),
            wake,
            life: LocalTime(Duration::MAX),
            now: born,
            actions: Vec::new(),
        }
    }

    /// Its number.
    #[must_use]
    pub const fn number(&self) -> ClientNumber {
        self.number
    }

    /// Its Ethernet address.
    #[must_use]
    pub const fn hardware(&self) -> [u8; 6] {
        self.hardware
    }

    /// Who it is to the subnet.
    #[must_use]
    pub const fn key(&self) -> &ClientKey {
        &self.key
    }

    /// The address that it uses now: for this one it answers ARP.
    #[must_use]
    pub fn uses(&self) -> Option<Ipv4Addr> {
        match self.state {
            State::Bound | State::Renewing | State::Rebinding => {
                self.lease.map(|lease| lease.address)
            }
            _ => None,
        }
    }

    /// Whether it is switched on and has no address that it uses.
    #[must_use]
    pub fn wants_address(&self) -> bool {
        self.state != State::Off && self.uses().is_none()
    }

    /// Whether it asks again at once after a RELEASE.
    #[must_use]
    pub const fn is_hasty(&self) -> bool {
        self.habits.oddities.hasty
    }

    /// Whether it has begun something new since this transaction of its own.
    #[must_use]
    pub const fn has_asked_since(&self, xid: u32) -> bool {
        self.exchange.xid != xid
    }

    /// When it next does something by itself.
    #[must_use]
    pub fn next_wake(&self) -> TrueTime {
        let ends = self.lease.map(|lease| lease.ends);
        let alarms = [Some(self.wake), ends, self.uses().map(|_| self.life)];
        let first = alarms.into_iter().flatten().min();
        self.clock.true_time(first.unwrap_or(self.wake))
    }

    /// Time has passed.
    pub fn wake(&mut self, now: TrueTime) -> Vec<Action> {
        self.now = now;
        let local = self.local();
        if let Some(lease) = self.lease.filter(|lease| local >= lease.ends) {
            self.expire(lease);
        } else if self.uses().is_some() && local >= self.life {
            self.live();
        } else if local >= self.wake {
            self.time_out();
        }
        std::mem::take(&mut self.actions)
    }

    /// A datagram to the client's port reached it.
    pub fn hear(&mut self, now: TrueTime, datagram: &[u8]) -> Vec<Action> {
        self.now = now;
        let reply = read_reply(datagram).filter(|reply| {
            reply.hardware == self.hardware
                && reply.xid == self.exchange.xid
                && self.state != State::Off
        });
        if let Some(reply) = reply {
            match reply.kind {
                ReplyKind::Offer => self.on_offer(&reply),
                ReplyKind::Ack => self.on_ack(&reply),
                ReplyKind::Nak => self.on_nak(&reply),
            }
        }
        std::mem::take(&mut self.actions)
    }

    /// What came of [`Action::Probe`]: whether anybody else answered for the address.
    pub fn probed(&mut self, now: TrueTime, address: Ipv4Addr, in_use: bool) -> Vec<Action> {
        self.now = now;
        let lease = self.lease.filter(|lease| lease.address == address);
        if let Some(lease) = lease.filter(|_| self.state == State::Checking) {
            if in_use {
                self.decline(lease);
            } else {
                self.settle_in(lease);
            }
        }
        std::mem::take(&mut self.actions)
    }

    fn time_out(&mut self) {
        match self.state.clone() {
            State::Off => self.switch_on(),
            State::Init => self.discover(),
            State::Selecting { offers } => self.select(&offers),
            State::Requesting(offer) => self.request_again(offer),
            State::Rebooting(address) => self.reboot_again(address),
            // Nobody answered the ARP check, or the world forgot it: nobody is there.
            State::Checking => {
                if let Some(lease) = self.lease {
                    self.settle_in(lease);
                }
            }
            State::Bound | State::Renewing | State::Rebinding => self.extend(),
        }
    }

    fn on_nak(&mut self, reply: &Reply) {
        let asked = match &self.state {
            State::Requesting(offer) if offer.server == reply.server => offer.address,
            State::Rebooting(address) => *address,
            State::Renewing | State::Rebinding => match self.lease {
                Some(lease) => lease.address,
                None => return,
            },
            _ => return,
        };
        self.tell(What::Refused {
            server: reply.server,
            address: asked,
        });
        self.lease = None;
        self.remembered = None;
        // "Restart the configuration process" (§3.1.5), not at once, or a wrong server starts a storm.
        self.begin_anew(Duration::from_secs(1), Duration::from_secs(3));
    }

    fn expire(&mut self, lease: Lease) {
        self.tell(What::Expired(lease.address));
        self.lease = None;
        if self.state != State::Off && !self.is_acquiring() {
            self.begin_anew(Duration::ZERO, Duration::from_secs(1));
        }
    }

    const fn is_acquiring(&self) -> bool {
        matches!(
            self.state,
            State::Init | State::Selecting { .. } | State::Requesting(_) | State::Rebooting(_)
        )
    }

    /// Goes to INIT for a while between these two.
    pub(super) fn begin_anew(&mut self, least: Duration, most: Duration) {
        self.state = State::Init;
        let pause = self.between(least, most);
        self.wake = self.local() + pause;
    }

    pub(super) fn local(&self) -> LocalTime {
        self.clock.local(self.now)
    }

    pub(super) fn between(&mut self, least: Duration, most: Duration) -> Duration {
        let millis = |duration: Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        Duration::from_millis(self.rng.u64(millis(least)..=millis(most)))
    }

    /// When to send the next copy: 4, 8, 16, 32, 64 s, each give or take one (§4.1).
    pub(super) fn backoff(&mut self) -> Duration {
        let doublings = self.exchange.copies.saturating_sub(1).min(4);
        let second = Duration::from_secs(1);
        if self.habits.impatient {
            return second * doublings.max(1);
        }
        let pause = 4 * second * 2_u32.pow(doublings);
        self.between(pause - second, pause + second)
    }

    /// A new transaction.
    pub(super) fn new_exchange(&mut self) {
        let xid = self.rng.u32(1..);
        self.exchange = Exchange {
            xid,
            ..Exchange::default()
        };
    }

    /// A message with what every message of this client has.
    pub(super) fn message(&self, kind: MessageKind) -> Message {
        let secs = self.local().since(self.began).as_secs();
        let secs = u16::try_from(secs).unwrap_or(u16::MAX);
        let message = Message::new(kind, self.hardware, self.exchange.xid).secs(secs);
        let message = message.broadcast(self.habits.broadcast_flag && self.uses().is_none());
        let message = match &self.habits.client_identifier {
            Some(identifier) => message.option(61, identifier),
            None => message,
        };
        self.habits.oddities.garnish(message)
    }

    /// The same message with a wish for a lease time, which every other copy of a client that has
    /// one carries: so a server hears copies of one request that differ (S5).
    fn with_wish(&self, message: &Message) -> Option<Message> {
        let wish = self.habits.lease_time?;
        let seconds = u32::try_from(wish.as_secs()).unwrap_or(u32::MAX);
        Some(message.clone().option(51, &seconds.to_be_bytes()))
    }

    /// Sends a message, or a copy of it, and tells the history.
    pub(super) fn send(&mut self, to: Ipv4Addr, source: Ipv4Addr, message: &Message) {
        let outgoing = |message: &Message| Outgoing {
            hardware: self.hardware,
            source,
            destination: to,
            datagram: message.datagram(),
        };
        let wishing = self.with_wish(message).map(|message| outgoing(&message));
        let plain = outgoing(message);
        if let Some(read) = super::read_request(&plain.datagram) {
            self.tell(What::Sent {
                kind: read.kind,
                xid: read.xid,
                address: read.address,
                server: read.server,
                copies: self.exchange.copies,
            });
        }
        if self.exchange.copies == 0 {
            self.exchange.first_sent = self.now;
        }
        self.exchange.last_sent = self.now;
        self.exchange.copies += 1;
        let (first, second) = match wishing {
            Some(wishing) if self.exchange.copies.is_multiple_of(2) => (wishing, plain),
            Some(wishing) => (plain, wishing),
            None => (plain.clone(), plain),
        };
        self.actions.push(Action::Send(first));
        if self.habits.duplicates {
            self.actions.push(Action::Send(second));
        }
    }

    pub(super) fn tell(&mut self, what: What) {
        self.actions.push(Action::Tell(Event {
            at: self.now,
            number: self.number,
            hardware: self.hardware,
            client: self.key.clone(),
            what,
        }));
    }
}
