//! A client made of a packet socket: it sends a message byte by byte and tells what came back, in
//! words that do not depend on whose server answered.
//!
//! It answers ARP for the addresses it has; nothing else about it is a client's.

use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::RELAY;
use super::server::DhcpServer;
use crate::probe::Reply;
use crate::topology::address::VM_INTERFACE;
use crate::wait::wait_until_true;
use crate::wire::{Bootp, MacAddr, PacketSocket, UdpFrame, arp, dhcp};

pub(super) const DISCOVER: u8 = 1;
pub(super) const REQUEST: u8 = 3;
pub(super) const DECLINE: u8 = 4;
pub(super) const RELEASE: u8 = 7;
pub(super) const INFORM: u8 = 8;

pub(super) const REQUESTED: u8 = 50;
pub(super) const SERVER: u8 = 54;

/// As often an ordinary client begins again.
const TRIES: usize = 5;
/// A server takes less to answer ARP.
const PATIENCE: Duration = Duration::from_millis(800);

/// Addresses from the pool's end downwards; servers give them out from its beginning.
pub(super) struct Spares(AtomicU8);

impl Spares {
    /// All of them.
    pub(super) fn new() -> Self {
        Self(AtomicU8::new(254))
    }

    fn next(&self) -> Ipv4Addr {
        Ipv4Addr::new(10, 15, 3, self.0.fetch_sub(1, Ordering::Relaxed))
    }
}

/// Where a message goes.
#[derive(Debug, Clone, Copy)]
enum To {
    Everybody,
    Server,
}

/// One client.
pub(super) struct Station<'a> {
    socket: PacketSocket,
    server: &'a dyn DhcpServer,
    /// Its hardware address.
    pub(super) mac: MacAddr,
    /// The server that it knows: of its lease, or any.
    pub(super) server_ip: Ipv4Addr,
    spares: &'a Spares,
    spare: Option<Ipv4Addr>,
    answers_for: Vec<(Ipv4Addr, MacAddr)>,
    xid: u32,
    /// Messages that got no answer: who sent it, and its transaction.
    pub(super) unanswered: Vec<(String, u32)>,
}

impl<'a> Station<'a> {
    /// The client of row `row`, in the network namespace of this thread.
    pub(super) fn new(server: &'a dyn DhcpServer, spares: &'a Spares, row: u16) -> Result<Self> {
        let [high, low] = row.to_be_bytes();
        Ok(Self {
            socket: PacketSocket::open(VM_INTERFACE)?,
            server,
            mac: MacAddr([0x02, 0xdd, 0, high, low, 1]),
            server_ip: server.address(),
            spares,
            spare: None,
            answers_for: Vec::new(),
            xid: 0x4e00_0000 + (u32::from(row) << 8),
            unanswered: Vec::new(),
        })
    }

    /// Another client in the same row.
    pub(super) fn neighbour(&self) -> Result<Station<'a>> {
        Ok(Station {
            xid: self.xid + 0x80,
            socket: PacketSocket::open(VM_INTERFACE)?,
            mac: self.mac.plus(0x10),
            answers_for: Vec::new(),
            unanswered: Vec::new(),
            ..*self
        })
    }

    /// An address of the pool that nobody else in this run uses.
    pub(super) fn spare(&mut self) -> Ipv4Addr {
        *self.spare.get_or_insert_with(|| self.spares.next())
    }

    /// It answers ARP for `address` from now on.
    pub(super) fn has(&mut self, address: Ipv4Addr) {
        self.answers_for.push((address, self.mac));
    }

    /// Somebody else, who never speaks DHCP, answers ARP for `address`.
    pub(super) fn fixed_host(&mut self, address: Ipv4Addr) {
        self.answers_for.push((address, self.mac.plus(0x80)));
    }

    /// It has no address any more.
    pub(super) fn has_nothing(&mut self) {
        self.answers_for.clear();
    }

    /// A message of type `kind` with a transaction of its own.
    pub(super) fn message(&mut self, kind: u8) -> Bootp {
        self.xid += 1;
        Bootp::new(kind, self.mac, self.xid)
    }

    /// By broadcast from 0.0.0.0.
    pub(super) fn broadcast(&mut self, message: &Bootp) -> Result<Vec<Reply>> {
        self.broadcast_from(Ipv4Addr::UNSPECIFIED, message)
    }

    /// By broadcast from an address.
    pub(super) fn broadcast_from(
        &mut self,
        source: Ipv4Addr,
        message: &Bootp,
    ) -> Result<Vec<Reply>> {
        self.send(source, To::Everybody, message)
    }

    /// To its server alone.
    pub(super) fn unicast_from(&mut self, source: Ipv4Addr, message: &Bootp) -> Result<Vec<Reply>> {
        self.send(source, To::Server, message)
    }

    /// An offer, as any client gets it.
    pub(super) fn offer(&mut self) -> Result<Ipv4Addr> {
        self.offer_with(|discover| discover)
    }

    fn offer_with(&mut self, and: impl Fn(Bootp) -> Bootp) -> Result<Ipv4Addr> {
        let discover = and(self.message(DISCOVER));
        for _ in 0..TRIES {
            let replies = self.broadcast(&discover)?;
            if let Some(offer) = replies.iter().find(|reply| reply.is_offer()) {
                self.server_ip = offer.server_id.context("an offer without a server")?;
                self.unanswered.clear();
                return Ok(offer.yiaddr);
            }
        }
        bail!(
            "{}: an ordinary DISCOVER was not answered",
            self.server.name()
        )
    }

    /// A lease, as any client gets it. dnsmasq offers one address to several clients, and refuses the slower.
    pub(super) fn lease(&mut self) -> Result<Ipv4Addr> {
        self.lease_with(|message| message)
    }

    /// The same, with what `and` adds to both messages.
    pub(super) fn lease_with(&mut self, and: impl Fn(Bootp) -> Bootp) -> Result<Ipv4Addr> {
        for _ in 0..TRIES {
            let address = self.offer_with(&and)?;
            let request = and(self.selecting(address));
            let replies = self.broadcast(&request)?;
            if replies.iter().any(Reply::is_ack) {
                self.has(address);
                return Ok(address);
            }
        }
        bail!("{}: an ordinary client got no lease", self.server.name())
    }

    /// The REQUEST that takes an offer of `address`.
    pub(super) fn selecting(&mut self, address: Ipv4Addr) -> Bootp {
        let server = self.server_ip;
        self.message(REQUEST)
            .address(REQUESTED, address)
            .address(SERVER, server)
    }

    /// Whether the server's table still has the address as leased, once it has had time to change.
    pub(super) fn is_leased(&self, address: Ipv4Addr) -> Result<bool> {
        let ended = || self.server.is_leased(address).map(|leased| !leased);
        match wait_until_true("the lease's end", self.server.answers_within(), ended) {
            Ok(()) => Ok(false),
            // Not in that time, or not to be known: the last look tells which.
            Err(_) => self.server.is_leased(address),
        }
    }

    /// The same in a word.
    pub(super) fn fate(&self, address: Ipv4Addr) -> Result<&'static str> {
        let is_leased = self.is_leased(address)?;
        Ok(if is_leased {
            "lease stays"
        } else {
            "lease ends"
        })
    }

    /// What came back, in words. Addresses are called by the names they are given.
    pub(super) fn says(&self, replies: &[Reply], names: &[(Ipv4Addr, &str)]) -> String {
        let mut words: Vec<String> = replies.iter().map(|r| self.word(r, names)).collect();
        words.sort();
        words.dedup();
        if words.is_empty() {
            return "silent".to_owned();
        }
        words.join(" and ")
    }

    fn word(&self, reply: &Reply, names: &[(Ipv4Addr, &str)]) -> String {
        let name = names.iter().find(|(address, _)| *address == reply.yiaddr);
        let what = match name {
            _ if reply.yiaddr.is_unspecified() => String::new(),
            Some((_, name)) => format!(" of {name}"),
            None if names.is_empty() => String::new(),
            None => " of another".to_owned(),
        };
        let to = match reply.eth_destination {
            MacAddr::BROADCAST => ", broadcast",
            _ if reply.ip_destination == Ipv4Addr::BROADCAST => ", broadcast in a frame to it",
            _ if reply.ip_destination == RELAY => ", to the relay",
            _ if reply.ip_destination == reply.yiaddr => "",
            _ if reply.yiaddr.is_unspecified() && !reply.is_nak() => "",
            _ => ", elsewhere",
        };
        format!("{}{what}{to}", reply.message_type)
    }

    fn send(&mut self, source: Ipv4Addr, to: To, message: &Bootp) -> Result<Vec<Reply>> {
        let (dst_mac, dst_ip) = match to {
            To::Everybody => (MacAddr::BROADCAST, Ipv4Addr::BROADCAST),
            To::Server => (self.hardware_of(self.server_ip)?, self.server_ip),
        };
        let is_relayed = !message.giaddr.is_unspecified();
        let payload = message.encode();
        let frame = UdpFrame {
            src_mac: self.mac,
            dst_mac,
            src_ip: source,
            dst_ip,
            src_port: if is_relayed {
                dhcp::SERVER_PORT
            } else {
                dhcp::CLIENT_PORT
            },
            dst_port: dhcp::SERVER_PORT,
            payload: &payload,
        };
        self.socket
            .send(&frame.encode().context("longer than a datagram")?)?;
        let replies = self.listen(message.xid)?;
        if replies.is_empty() {
            let [a, b, c, d, e, f, ..] = message.chaddr;
            let who = MacAddr([a, b, c, d, e, f]).to_string();
            self.unanswered.push((who, message.xid));
        }
        Ok(replies)
    }

    fn listen(&self, xid: u32) -> Result<Vec<Reply>> {
        let started = Instant::now();
        let mut deadline = started + self.server.answers_within();
        let mut replies = Vec::new();
        while let Some(frame) = self.socket.receive(deadline)? {
            self.answer_arp(&frame)?;
            let Some(datagram) = UdpFrame::decode(&frame) else {
                continue;
            };
            // A relay is answered at the server's port, and so are we when we play one. What other
            // clients send is none of ours, and not for the codec.
            let is_reply =
                datagram.src_port == dhcp::SERVER_PORT && datagram.payload.starts_with(&[2]);
            let reply = is_reply
                .then(|| Reply::read(&datagram, started.elapsed()))
                .flatten();
            if let Some(reply) = reply.filter(|reply| reply.xid == xid) {
                replies.push(reply);
                deadline = deadline.min(Instant::now() + self.server.others_follow_within());
            }
        }
        Ok(replies)
    }

    fn answer_arp(&self, frame: &[u8]) -> Result<()> {
        let Some(request) = arp::Arp::decode(frame) else {
            return Ok(());
        };
        for (address, mac) in &self.answers_for {
            if request.asks_for(*address) && request.sender_mac != *mac {
                self.socket.send(&request.answer(*mac).encode())?;
            }
        }
        Ok(())
    }

    fn hardware_of(&self, address: Ipv4Addr) -> Result<MacAddr> {
        let request = arp::Arp::request(self.mac, Ipv4Addr::UNSPECIFIED, address);
        self.socket.send(&request.encode())?;
        let deadline = Instant::now() + PATIENCE;
        while let Some(frame) = self.socket.receive(deadline)? {
            self.answer_arp(&frame)?;
            let answer = arp::Arp::decode(&frame)
                .filter(|arp| arp.sender_ip == address && !arp.asks_for(address));
            if let Some(answer) = answer {
                return Ok(answer.sender_mac);
            }
        }
        bail!("nobody answers ARP for {address}")
    }
}
