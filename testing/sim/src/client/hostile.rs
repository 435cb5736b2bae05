//! A neighbour that keeps to no protocol: garbage, mutated packets, floods, requests for others'
//! addresses, forged releases and declines.
//!
//! It cannot do what no server could tell from the client itself: it sends frames and datagrams from
//! its own addresses, and what it says in another's name it says from a wrong source. So whatever it
//! does, the promises to the others stand.

use super::malformed::malformed;
use super::message::Message;
use super::{Action, MessageKind, Outgoing, Request, TrueTime, read_request};
use dhcpd::codec::DropReason;
use fastrand::Rng;
use std::collections::VecDeque;
use std::net::Ipv4Addr;
use std::time::Duration;

/// Overheard messages that it remembers.
const OVERHEARD: usize = 16;
/// DISCOVERs in one flood.
const FLOOD: u32 = 50;
/// DISCOVERs in one of so many floods: more than servers take of clients that nobody knows.
const GREAT_FLOOD: u32 = 1020;
/// The option by which a client names a network.
const SUBNET_SELECTION: u8 = 118;
/// Of so many floods one is great.
const GREAT_FLOOD_OF: u32 = 50;
/// DISCOVERs of its own at once: more than servers take of one client.
const INSISTENCE: usize = 20;

/// A hostile neighbour.
#[derive(Clone, Debug)]
pub struct Hostile {
    hardware: [u8; 6],
    servers: Vec<Ipv4Addr>,
    overheard: VecDeque<Request>,
    rng: Rng,
    next: TrueTime,
}

impl Hostile {
    /// A neighbour of the servers that begins at `born`.
    #[must_use]
    pub fn new(number: u8, servers: Vec<Ipv4Addr>, seed: u64, born: TrueTime) -> Self {
        Self {
            hardware: [2, 0xee, 0, 0, 0, number],
            servers,
            overheard: VecDeque::new(),
            rng: Rng::with_seed(seed),
            next: born,
        }
    }

    /// When it next does something.
    #[must_use]
    pub const fn next_wake(&self) -> TrueTime {
        self.next
    }

    /// It hears what others broadcast.
    pub fn overhear(&mut self, datagram: &[u8]) {
        if let Some(request) = read_request(datagram).filter(|r| r.hardware != self.hardware) {
            self.overheard.truncate(OVERHEARD - 1);
            self.overheard.push_front(request);
        }
    }

    /// It does something.
    pub fn wake(&mut self, now: TrueTime) -> Vec<Action> {
        self.next = now + Duration::from_millis(self.rng.u64(200..5000));
        let datagrams = match self.rng.u8(0..11) {
            0 => vec![self.garbage()],
            1 => self.flood(),
            2 => vec![self.in_anothers_name(MessageKind::Release)],
            3 => vec![self.for_anothers_address(MessageKind::Decline)],
            4 => vec![self.for_anothers_address(MessageKind::Request)],
            5 => vec![self.for_any_address()],
            6 => vec![self.another_servers()],
            7 => vec![self.malformed()],
            8 => vec![self.misdirected()],
            9 => self.insist(),
            _ => vec![self.mutated()],
        };
        let to = self.destination();
        let send = |datagram| {
            Action::Send(Outgoing {
                hardware: self.hardware,
                source: Ipv4Addr::UNSPECIFIED,
                destination: to,
                datagram,
            })
        };
        datagrams.into_iter().map(send).collect()
    }

    fn destination(&mut self) -> Ipv4Addr {
        let one = self.rng.choice(&self.servers).copied();
        one.filter(|_| self.rng.bool())
            .unwrap_or(Ipv4Addr::BROADCAST)
    }

    fn garbage(&mut self) -> Vec<u8> {
        let length = self.rng.usize(0..600);
        (0..length).map(|_| self.rng.u8(..)).collect()
    }

    fn flood(&mut self) -> Vec<Vec<u8>> {
        let discover = |rng: &mut Rng| {
            let [a, b, c, d] = rng.u32(..).to_be_bytes();
            let hardware = [2, 0xef, a, b, c, d];
            Message::new(MessageKind::Discover, hardware, rng.u32(..)).datagram()
        };
        let is_great = self.rng.u32(0..GREAT_FLOOD_OF) == 0;
        let clients = if is_great {
            GREAT_FLOOD
        } else {
            self.rng.u32(1..FLOOD)
        };
        (0..clients).map(|_| discover(&mut self.rng)).collect()
    }

    fn malformed(&mut self) -> Vec<u8> {
        let reason = self.rng.choice(DropReason::ALL).copied();
        let reason = reason.unwrap_or(DropReason::TooShort);
        malformed(reason, self.hardware, self.rng.u32(..))
    }

    /// Asks again and again, each time anew.
    fn insist(&mut self) -> Vec<Vec<u8>> {
        let discover = |xid| Message::new(MessageKind::Discover, self.hardware, xid).datagram();
        let xids: Vec<u32> = (0..INSISTENCE).map(|_| self.rng.u32(..)).collect();
        xids.into_iter().map(discover).collect()
    }

    /// What came through a relay that nobody named; from a client of another network; asks for an address of
    /// one (RFC 3011); or says nothing.
    fn misdirected(&mut self) -> Vec<u8> {
        let elsewhere = Ipv4Addr::new(192, 0, 2, self.rng.u8(1..255));
        let xid = self.rng.u32(..);
        let message = |kind| Message::new(kind, self.hardware, xid);
        match self.rng.u8(0..4) {
            0 => message(MessageKind::Discover).giaddr(elsewhere).datagram(),
            2 => message(MessageKind::Discover)
                .option(SUBNET_SELECTION, &elsewhere.octets())
                .datagram(),
            1 => message(MessageKind::Inform).ciaddr(elsewhere).datagram(),
            _ => message(MessageKind::Request).datagram(),
        }
    }

    fn victim(&mut self) -> Option<Request> {
        let place = self.rng.usize(0..OVERHEARD);
        self.overheard
            .get(place % self.overheard.len().max(1))
            .cloned()
    }

    fn server(&mut self) -> Ipv4Addr {
        let server = self.rng.choice(&self.servers).copied();
        server.unwrap_or(Ipv4Addr::UNSPECIFIED)
    }

    /// The victim's hardware address, transaction and address; its own IP source.
    fn in_anothers_name(&mut self, kind: MessageKind) -> Vec<u8> {
        let server = self.server();
        match self.victim() {
            Some(Request {
                hardware,
                xid,
                address: Some(address),
                ..
            }) => Message::new(kind, hardware, xid)
                .ciaddr(address)
                .server(server)
                .datagram(),
            _ => self.garbage(),
        }
    }

    /// Its own hardware address; the victim's transaction and address.
    fn for_anothers_address(&mut self, kind: MessageKind) -> Vec<u8> {
        let server = self.server();
        match self.victim() {
            Some(Request {
                xid,
                address: Some(address),
                ..
            }) => Message::new(kind, self.hardware, xid)
                .requested(address)
                .server(server)
                .datagram(),
            _ => self.garbage(),
        }
    }

    /// A client of another server: it asks to keep an address near a server's, and names nobody (S6).
    fn another_servers(&mut self) -> Vec<u8> {
        let [a, b, c, _] = self.server().octets();
        let address = Ipv4Addr::new(a, b, c, self.rng.u8(..));
        let mut hardware = self.hardware;
        hardware[1] = 0xed;
        let request = Message::new(MessageKind::Request, hardware, self.rng.u32(..));
        if self.rng.bool() {
            request.requested(address).datagram()
        } else {
            request.ciaddr(address).datagram()
        }
    }

    /// A DHCPREQUEST as if it had been offered some address near a server's: a node's, the router's, one
    /// that is excluded, or beyond the pool (S4).
    fn for_any_address(&mut self) -> Vec<u8> {
        let server = self.server();
        let [a, b, c, _] = server.octets();
        let address = Ipv4Addr::new(a, b, c, self.rng.u8(..));
        Message::new(MessageKind::Request, self.hardware, self.rng.u32(..))
            .requested(address)
            .server(server)
            .datagram()
    }

    /// A message of its own with a few wrong bytes, cut short now and then.
    fn mutated(&mut self) -> Vec<u8> {
        let kinds = [
            MessageKind::Discover,
            MessageKind::Request,
            MessageKind::Decline,
            MessageKind::Release,
            MessageKind::Inform,
        ];
        let kind = self.rng.choice(kinds).unwrap_or(MessageKind::Discover);
        let mut datagram = self.for_anothers_address(kind);
        for _ in 0..self.rng.u8(1..8) {
            let place = self.rng.usize(0..datagram.len().max(1));
            // Its own hardware address stays: see the module's header.
            if let Some(byte) = datagram
                .get_mut(place)
                .filter(|_| !(28..44).contains(&place))
            {
                *byte = self.rng.u8(..);
            }
        }
        if self.rng.u8(0..4) == 0 {
            let length = self.rng.usize(0..=datagram.len());
            datagram.truncate(length);
        }
        datagram
    }
}
