//! The other cluster's clients, on a link of its own that loses nothing.

use crate::check::Judge;
use crate::client::{Action, Client, ClientNumber, Event, Habits, Outgoing, RateClock, TrueTime};
use crate::lan::LanPort;
use crate::network::Host;
use crate::node::Node;
use crate::others::{OtherCluster, listen_ip, node_on};
use crate::scenario::BEGUN;
use crate::world::STEP;
use bytes::Bytes;
use dhcpd::addressing::Destination;
use dhcpd::decide::Arrival;
use fastrand::Rng;
use ipam::IdentityPolicy;
use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::time::Duration;

/// From the beginning.
const FIRST: u32 = 4;
/// When all is healed.
const NEWCOMERS: u32 = 3;

/// They, and what is under way to or from them.
pub(super) struct Guests {
    clients: Vec<Client>,
    policy: IdentityPolicy,
    /// What they have sent.
    to_nodes: BTreeMap<(Duration, u64), Outgoing>,
    to_clients: BTreeMap<(Duration, u64), (usize, Bytes)>,
    number: u64,
    /// What happened to them.
    told: Vec<Event>,
}

impl Guests {
    pub(super) fn new(other: &OtherCluster, random: &mut Rng) -> Self {
        let mut guests = Self {
            clients: Vec::new(),
            policy: other.bootstrap.subnet.identity,
            to_nodes: BTreeMap::new(),
            to_clients: BTreeMap::new(),
            number: 0,
            told: Vec::new(),
        };
        for _ in 0..FIRST {
            guests.add(BEGUN.mul_f64(0.6 + random.f64()), random);
        }
        guests
    }

    /// Some that nobody knows are switched on.
    pub(super) fn newcomers(&mut self, at: Duration, random: &mut Rng) {
        for _ in 0..NEWCOMERS {
            self.add(at + Duration::from_millis(random.u64(0..2000)), random);
        }
    }

    fn add(&mut self, born: Duration, random: &mut Rng) {
        let number = ClientNumber(u32::try_from(self.clients.len()).unwrap_or(u32::MAX));
        let identifier = format!("guest {}", number.0).into_bytes();
        let habits = Habits::draw(random, &identifier);
        let clock = RateClock::new(random.i32(-RateClock::MAX_PPM..=RateClock::MAX_PPM));
        let seed = random.u64(..);
        let client = Client::new(number, self.policy, habits, clock, seed, TrueTime(born));
        self.clients.push(client);
    }

    /// Delivers what has arrived by now.
    pub(super) fn deliver(
        &mut self,
        now: Duration,
        nodes: &BTreeMap<Host, Node>,
        judge: &mut Judge,
    ) {
        while let Some(entry) = self.to_nodes.first_entry() {
            if entry.key().0 > now {
                break;
            }
            let sent = entry.remove();
            let payload = Bytes::from(sent.datagram);
            let broadcast = sent.destination == Ipv4Addr::BROADCAST;
            let arrival = match broadcast {
                true => Arrival {
                    hardware: Some(sent.hardware),
                    ..Arrival::broadcast(sent.source)
                },
                false => Arrival::unicast(sent.source),
            };
            for (host, node) in nodes {
                let is_for_it = broadcast || sent.destination == listen_ip(*host);
                let port = node.port().filter(|_| is_for_it);
                if port.is_some_and(|port| port.hear(payload.clone(), arrival)) {
                    judge.heard(TrueTime(now), node_on(*host), &payload);
                }
            }
        }
        while let Some(entry) = self.to_clients.first_entry() {
            if entry.key().0 > now {
                break;
            }
            let (index, bytes) = entry.remove();
            let actions = self.clients[index].hear(TrueTime(now), &bytes);
            self.act(now, actions);
        }
    }

    /// When something arrives, or one of them does something by itself.
    pub(super) fn next(&self) -> Option<Duration> {
        let arrives = [
            self.to_nodes.keys().next().map(|(at, _)| *at),
            self.to_clients.keys().next().map(|(at, _)| *at),
        ];
        let wakes = self.clients.iter().map(|client| client.next_wake().0);
        arrives.into_iter().flatten().chain(wakes).min()
    }

    /// Lets them act whose time has come; what has happened to all of them since the last call.
    pub(super) fn wake(&mut self, now: Duration) -> Vec<Event> {
        for index in 0..self.clients.len() {
            if self.clients[index].next_wake() <= TrueTime(now) {
                let actions = self.clients[index].wake(TrueTime(now));
                self.act(now, actions);
            }
        }
        std::mem::take(&mut self.told)
    }

    fn act(&mut self, now: Duration, actions: Vec<Action>) {
        for action in actions {
            match action {
                Action::Send(sent) => {
                    self.number += 1;
                    self.to_nodes.insert((now + STEP, self.number), sent);
                }
                Action::Tell(event) => self.told.push(event),
                // Nobody else is on an address, and there is one host.
                Action::Probe(_) | Action::Move(_) => {}
            }
        }
    }

    /// A node's reply is under way.
    pub(super) fn carry(&mut self, now: Duration, to: Destination, bytes: &Bytes) {
        for (index, client) in self.clients.iter().enumerate() {
            let is_for_it = match to {
                Destination::Relay(_) => false,
                Destination::Broadcast => true,
                Destination::Link { hardware, .. } => client.hardware() == hardware,
                Destination::Client(address) => client.uses() == Some(address),
            };
            if is_for_it {
                self.number += 1;
                let letter = (index, bytes.clone());
                self.to_clients.insert((now + STEP, self.number), letter);
            }
        }
    }

    /// Whoever uses the address says so.
    pub(super) fn answer_arp(&self, address: Ipv4Addr, port: &LanPort) {
        for client in &self.clients {
            if client.uses() == Some(address) {
                port.hear_arp(address, client.hardware());
            }
        }
    }
}
