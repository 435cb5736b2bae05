//! Runs many clients over one packet socket, for as long as the [`Mood`] lets them.
//!
//! Blocks its thread, which must be in the clients' network namespace. A client that is gone for good
//! is replaced by one with a number and a hardware address that nobody had before.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use fastrand::Rng;

use super::client::{Client, Outgoing};
use super::event::Report;
use super::habits::Habits;
use super::mood::Mood;
use crate::topology::address::{bridge_mac, node_of_overlay};
use crate::wire::arp::Arp;
use crate::wire::{MacAddr, PacketSocket, UdpFrame, dhcp};

/// How often the mood is looked at, at least.
const GLANCE: Duration = Duration::from_millis(50);

/// Who lives on a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Crowd {
    /// The interface.
    pub interface: String,
    /// Clients at any time.
    pub clients: u32,
    /// The number of the first.
    pub first_number: u32,
    /// From one number to the next: several populations share the numbers.
    pub number_step: u32,
    /// The hardware address of number 0; the others count up from it.
    pub first_mac: MacAddr,
    /// The clients begin evenly over this time.
    pub ramp: Duration,
    /// Seed of everything that they draw by lot.
    pub seed: u64,
    /// How they live.
    pub habits: Habits,
}

/// The clients of a port.
#[derive(Debug)]
pub struct Population<'a> {
    socket: PacketSocket,
    crowd: &'a Crowd,
    origin: Instant,
    rng: Rng,
    next_number: u32,
    clients: Vec<(u32, Client)>,
    by_mac: BTreeMap<MacAddr, usize>,
    settled: bool,
    /// The node that is asked, and whether all have its answer, or none will come.
    asked: Option<(u8, bool)>,
}

impl<'a> Population<'a> {
    /// Opens the port. Times are counted from `origin`.
    pub fn open(crowd: &'a Crowd, origin: Instant) -> Result<Self> {
        let mut population = Self {
            socket: PacketSocket::open(&crowd.interface)?,
            crowd,
            origin,
            rng: Rng::with_seed(crowd.seed),
            next_number: crowd.first_number,
            clients: Vec::new(),
            by_mac: BTreeMap::new(),
            settled: false,
            asked: None,
        };
        let begin = origin.elapsed();
        for index in 0..crowd.clients {
            population.admit(begin + crowd.ramp * index / crowd.clients);
        }
        Ok(population)
    }

    /// Lives until the mood says that it is over; `observe` gets every event, in order.
    pub fn run(
        &mut self,
        mood: &Mood,
        mut observe: impl FnMut(Report) -> Result<()>,
    ) -> Result<()> {
        while !mood.is_over() {
            if !mood.is_lively() {
                self.settle();
            }
            if let Some(node) = mood.asked() {
                self.confirm(node, mood, &mut observe)?;
            }
            let wake = self.next_due().min(self.origin.elapsed() + GLANCE);
            if let Some(frame) = self.socket.receive(self.origin + wake)? {
                self.handle(&frame, &mut observe)?;
            }
            self.run_timers(&mut observe)?;
        }
        let now = self.origin.elapsed();
        for index in 0..self.clients.len() {
            self.clients[index].1.leave(now);
            self.flush(index, now, &mut observe)?;
        }
        Ok(())
    }

    /// A client with a new identity.
    fn admit(&mut self, start: Duration) {
        let client = self.newcomer(start);
        self.by_mac.insert(client.1.mac(), self.clients.len());
        self.clients.push(client);
    }

    fn newcomer(&mut self, start: Duration) -> (u32, Client) {
        let number = self.next_number;
        self.next_number += self.crowd.number_step;
        let mac = self.crowd.first_mac.plus(number);
        let client = Client::new(mac, start, &self.crowd.habits, self.rng.fork());
        (number, client)
    }

    fn settle(&mut self) {
        if self.settled {
            return;
        }
        self.settled = true;
        let now = self.origin.elapsed();
        for (_, client) in &mut self.clients {
            client.settle(now);
        }
    }

    /// Whoever holds an address asks this node for it; tells the mood when all are done.
    fn confirm(
        &mut self,
        node: u8,
        mood: &Mood,
        observe: &mut impl FnMut(Report) -> Result<()>,
    ) -> Result<()> {
        if self.asked.is_none_or(|(asked, _)| asked != node) {
            self.asked = Some((node, false));
            for index in 0..self.clients.len() {
                let now = self.origin.elapsed();
                self.clients[index].1.confirm(node, now);
                self.flush(index, now, observe)?;
            }
        }
        let mut clients = self.clients.iter();
        if self.asked == Some((node, false)) && !clients.any(|(_, one)| one.is_confirming()) {
            self.asked = Some((node, true));
            mood.done(node);
        }
        Ok(())
    }

    fn next_due(&self) -> Duration {
        let due = self.clients.iter().map(|(_, client)| client.due());
        due.min().unwrap_or(Duration::MAX)
    }

    fn run_timers(&mut self, observe: &mut impl FnMut(Report) -> Result<()>) -> Result<()> {
        for index in 0..self.clients.len() {
            let now = self.origin.elapsed();
            let client = &mut self.clients[index].1;
            if client.due() > now {
                continue;
            }
            client.on_timer(now, &self.crowd.habits);
            if self.settled {
                client.settle(now);
            }
            self.flush(index, now, observe)?;
            if self.clients[index].1.is_gone() {
                self.replace(index, now);
            }
        }
        Ok(())
    }

    fn replace(&mut self, index: usize, now: Duration) {
        self.by_mac.remove(&self.clients[index].1.mac());
        let start = self.crowd.habits.return_at(now, &mut self.rng);
        self.clients[index] = self.newcomer(start);
        self.by_mac.insert(self.clients[index].1.mac(), index);
    }

    fn handle(
        &mut self,
        frame: &[u8],
        observe: &mut impl FnMut(Report) -> Result<()>,
    ) -> Result<()> {
        let now = self.origin.elapsed();
        if let Some(arp) = Arp::decode(frame) {
            return self.answer_arp(&arp, now);
        }
        let reply = UdpFrame::decode(frame)
            .filter(|datagram| datagram.dst_port == dhcp::CLIENT_PORT)
            .and_then(|datagram| dhcp::decode_reply(datagram.payload));
        // dhcproto's chaddr() panics on a length beyond its field.
        let Some(reply) = reply.filter(|reply| reply.hlen() == 6) else {
            return Ok(());
        };
        let mac = MacAddr::from_slice(reply.chaddr());
        let Some(index) = mac.and_then(|mac| self.by_mac.get(&mac).copied()) else {
            return Ok(());
        };
        let client = &mut self.clients[index].1;
        client.on_reply(&reply, now, &self.crowd.habits);
        if self.settled {
            client.settle(now);
        }
        self.flush(index, now, observe)
    }

    fn answer_arp(&self, arp: &Arp, now: Duration) -> Result<()> {
        let address = arp.target_ip;
        let owner = self
            .clients
            .iter()
            .find(|(_, client)| client.answers_for(address, now));
        match owner {
            Some((_, client)) if arp.asks_for(address) => {
                self.socket.send(&arp.answer(client.mac()).encode())
            }
            _ => Ok(()),
        }
    }

    /// Reports what happened to a client, then sends what it has to say: what it gives up is on record
    /// before anybody else can get it.
    fn flush(
        &mut self,
        index: usize,
        now: Duration,
        observe: &mut impl FnMut(Report) -> Result<()>,
    ) -> Result<()> {
        let (number, client) = &mut self.clients[index];
        let (outgoing, events) = client.take();
        let mac = client.mac();
        for event in events {
            observe(Report {
                client: *number,
                mac,
                at: now,
                event,
            })?;
        }
        for message in &outgoing {
            self.socket.send(&frame(mac, message)?)?;
        }
        Ok(())
    }
}

fn frame(mac: MacAddr, outgoing: &Outgoing) -> Result<Vec<u8>> {
    let node = outgoing.server.and_then(node_of_overlay).or(outgoing.only);
    UdpFrame {
        src_mac: mac,
        dst_mac: node.map_or(MacAddr::BROADCAST, bridge_mac),
        src_ip: outgoing.source,
        dst_ip: outgoing.server.unwrap_or(Ipv4Addr::BROADCAST),
        src_port: dhcp::CLIENT_PORT,
        dst_port: dhcp::SERVER_PORT,
        payload: &dhcp::encode(&outgoing.message)?,
    }
    .encode()
    .context("a payload larger than a datagram")
}
