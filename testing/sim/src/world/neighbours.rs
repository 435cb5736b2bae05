//! Who else is on the clients' link: clients and hostile neighbours, each on a host.

use super::arena::{World, name};
use super::copies::Released;
use super::relay::Relay;
use super::residents::Resident;
use crate::client::{
    Action, Client, ClientNumber, Hostile, Outgoing as Request, Reply, TrueTime, What, read_reply,
};
use crate::lan::{Arrived, Outgoing, Station};
use crate::network::Host;
use crate::scenario::{BEGUN, Scenario, Squatter, listen_ip};
use crate::stats::Rare;
use bytes::Bytes;
use dhcpd::addressing::Destination;
use dhcpd::decide::Arrival;
use fastrand::Rng;
use ipam::NodeId;
use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;
use std::time::Duration;

/// All of them.
pub(super) struct Neighbours {
    pub(super) residents: Vec<Resident>,
    hostile: Vec<(Hostile, Host)>,
    /// Who wanted an address when the last fault was healed, and has had none since.
    pub(super) unserved: BTreeSet<ClientNumber>,
    /// What waits in the socket of a process that stands still.
    pub(super) unheard: BTreeMap<Host, Vec<Bytes>>,
    /// Who uses an address of the pool without asking.
    pub(super) squatters: Vec<Squatter>,
    /// RELEASEs that have arrived, of which a copy is to come.
    pub(super) released: Released,
    silent: bool,
}

/// Who does something.
#[derive(Clone, Copy)]
pub(super) enum Actor {
    Client(usize),
    Hostile(usize),
}

impl Neighbours {
    pub(super) fn new(scenario: &Scenario, random: &mut Rng) -> Self {
        let residents = (0..scenario.clients).map(|number| {
            let born = TrueTime(BEGUN.mul_f64(0.6 + random.f64()));
            let mut resident = Resident::draw(scenario, number, born, random);
            resident.behind_relay = scenario.relay.is_some() && Relay::has_behind(number);
            resident
        });
        let residents = residents.collect();
        let servers: Vec<Ipv4Addr> = scenario.hosts().map(listen_ip).collect();
        let hostile = (0..scenario.hostile).map(|number| {
            let seed = random.u64(..);
            let hostile = Hostile::new(number, servers.clone(), seed, TrueTime(BEGUN));
            (hostile, random.u64(1..=scenario.nodes))
        });
        Self {
            hostile: hostile.collect(),
            residents,
            unserved: BTreeSet::new(),
            unheard: BTreeMap::new(),
            squatters: scenario.squatters.clone(),
            released: Released::new(),
            silent: false,
        }
    }

    /// From now on nobody does anything.
    pub(super) const fn fall_silent(&mut self) {
        self.silent = true;
    }

    /// When the next of them does something by itself.
    pub(super) fn next_wake(&self) -> Option<Duration> {
        if self.silent {
            return None;
        }
        let clients = self.residents.iter().map(Resident::wakes);
        let hostile = self.hostile.iter().map(|(hostile, _)| hostile.next_wake());
        clients.chain(hostile).min().map(|at| at.0)
    }

    /// From now on it is watched who is served of those that want an address now.
    pub(super) fn note_unserved(&mut self) {
        let waiting = self.residents.iter().map(Resident::client);
        let waiting = waiting.filter(|client| client.wants_address());
        self.unserved = waiting.map(Client::number).collect();
    }

    /// How many clients want an address and have none.
    pub(super) fn waiting(&self) -> usize {
        let waiting = self.residents.iter();
        waiting
            .filter(|resident| resident.client().wants_address())
            .count()
    }
}

impl World {
    /// Lets everybody act whose time has come.
    pub(super) fn wake_neighbours(&mut self) {
        if self.neighbours.silent {
            return;
        }
        let now = TrueTime(self.now);
        for index in 0..self.neighbours.residents.len() {
            let resident = &mut self.neighbours.residents[index];
            if resident.is_due(now) {
                let actions = resident.with(|client| client.wake(now));
                self.act(Actor::Client(index), actions);
            }
        }
        for index in 0..self.neighbours.hostile.len() {
            let hostile = &mut self.neighbours.hostile[index].0;
            if hostile.next_wake() <= now {
                let actions = hostile.wake(now);
                self.act(Actor::Hostile(index), actions);
            }
        }
    }

    /// Puts on the segment what a node has sent.
    pub(super) fn collect_sent(&mut self, host: Host) {
        let port = self.nodes.get(&host).and_then(|node| node.port());
        let sent = port.map(|port| port.take_sent()).unwrap_or_default();
        for outgoing in sent {
            match outgoing {
                Outgoing::Reply(to, payload) => self.carry_reply(host, to, payload),
                Outgoing::ArpProbe(address) => {
                    self.ask_everybody(host, Station::Node(host), address);
                }
            }
        }
    }

    /// Delivers what has arrived on the segment.
    pub(super) fn deliver_on_segment(&mut self) {
        for arrived in self.segment.advance(self.now) {
            let is_unheard = self.is_quiet() && matches!(arrived, Arrived::Datagram { .. });
            if is_unheard || self.is_vain_release(&arrived) {
                continue;
            }
            match arrived {
                Arrived::Datagram {
                    at,
                    source,
                    hardware,
                    payload,
                } => self.deliver_datagram(at, source, hardware, &payload),
                Arrived::ArpProbe { asker, at, address } => self.answer_arp(asker, at, address),
                Arrived::ArpAnswer {
                    at,
                    address,
                    hardware,
                } => self.deliver_arp_answer(at, address, hardware),
            }
        }
    }

    pub(super) fn act(&mut self, actor: Actor, actions: Vec<Action>) {
        for action in actions {
            match action {
                Action::Send(request) => self.send_request(actor, &request),
                Action::Probe(address) => {
                    if let Actor::Client(index) = actor {
                        let resident = &self.neighbours.residents[index];
                        let asker = Station::Client(resident.client().hardware());
                        self.ask_everybody(resident.host, asker, address);
                    }
                }
                Action::Move(chosen) => self.move_to(actor, chosen),
                Action::Tell(event) => {
                    self.trace.note(
                        format_args!("c{}", event.number.0),
                        format_args!("{:?}", event.what),
                    );
                    if matches!(event.what, What::Bound { .. } | What::SwitchedOff) {
                        self.neighbours.unserved.remove(&event.number);
                    }
                    self.coverage.note(&event, &mut self.stats);
                    self.observer.judge.client(&event);
                }
            }
        }
    }

    fn place(&self, actor: Actor) -> Host {
        match actor {
            Actor::Client(index) => self.neighbours.residents[index].host,
            Actor::Hostile(index) => self.neighbours.hostile[index].1,
        }
    }

    fn move_to(&mut self, actor: Actor, chosen: u32) {
        let host = u64::from(chosen) % self.scenario.nodes + 1;
        match actor {
            Actor::Client(index) => self.neighbours.residents[index].host = host,
            Actor::Hostile(index) => self.neighbours.hostile[index].1 = host,
        }
        self.stats.rare(Rare::Moved, 1);
    }

    fn send_request(&mut self, actor: Actor, request: &Request) {
        let from = self.place(actor);
        let is_behind = match actor {
            Actor::Client(index) => self.neighbours.residents[index].behind_relay,
            Actor::Hostile(_) => false,
        };
        let is_broadcast = request.destination == Ipv4Addr::BROADCAST;
        match self.scenario.relay.filter(|_| is_behind && is_broadcast) {
            Some(relay) => self.pass_on(from, relay, request),
            None => self.carry_request(from, request),
        }
    }

    /// A client's datagram: to one node, or to all, and then hostile neighbours hear it too.
    fn carry_request(&mut self, from: Host, request: &Request) {
        self.stats.requests += 1;
        let payload = Bytes::copy_from_slice(&request.datagram);
        let broadcast = request.destination == Ipv4Addr::BROADCAST;
        for host in self.scenario.hosts() {
            let at = if broadcast {
                Station::NodeByBroadcast(host)
            } else if request.destination == self.own_ip(host) {
                Station::Node(host)
            } else {
                continue;
            };
            let arrived = Arrived::Datagram {
                at,
                source: request.source,
                hardware: Some(request.hardware),
                payload: payload.clone(),
            };
            self.segment.send(from, host, arrived);
        }
        if broadcast {
            for (hostile, _) in &mut self.neighbours.hostile {
                hostile.overhear(&request.datagram);
            }
        }
    }

    /// A node's reply.
    fn carry_reply(&mut self, from: Host, to: Destination, payload: Bytes) {
        let reply = read_reply(&payload);
        self.trace.note(
            name(from),
            format_args!("replies to {to:?}: {}", described(reply.as_ref())),
        );
        self.reply_sent(from, &payload);
        let source = self.own_ip(from);
        let mut send = |host, at| {
            let payload = payload.clone();
            let arrived = Arrived::Datagram {
                at,
                source,
                hardware: None,
                payload,
            };
            self.segment.send(from, host, arrived);
        };
        match to {
            Destination::Relay(_) => {
                let hardware = reply.map(|reply| reply.hardware);
                let residents = self.neighbours.residents.iter();
                let behind = residents.filter(|resident| resident.behind_relay);
                for resident in behind {
                    let client = resident.client().hardware();
                    if Some(client) == hardware {
                        self.stats.rare(Rare::Relayed, 1);
                        send(resident.host, Station::Client(client));
                    }
                }
            }
            Destination::Broadcast => {
                for host in 1..=self.scenario.nodes {
                    send(host, Station::ClientsOn(host));
                }
            }
            Destination::Link { hardware, .. } => {
                for resident in &self.neighbours.residents {
                    if resident.client().hardware() == hardware {
                        send(resident.host, Station::Client(hardware));
                    }
                }
            }
            Destination::Client(address) => {
                for resident in &self.neighbours.residents {
                    if resident.client().uses() == Some(address) {
                        send(resident.host, Station::Client(resident.client().hardware()));
                    }
                }
            }
        }
    }

    fn deliver_datagram(
        &mut self,
        at: Station,
        source: Ipv4Addr,
        hardware: Option<[u8; 6]>,
        payload: &Bytes,
    ) {
        match at {
            Station::Node(host) => {
                let relay = self.scenario.relay.as_ref();
                let arrival = Relay::arrival(relay, source, hardware.is_some());
                self.hear(host, payload, arrival);
            }
            Station::NodeByBroadcast(host) => {
                let arrival = Arrival {
                    hardware,
                    ..Arrival::broadcast(source)
                };
                self.hear(host, payload, arrival);
            }
            Station::ClientsOn(host) => {
                for index in 0..self.neighbours.residents.len() {
                    if self.neighbours.residents[index].host == host {
                        self.hear_reply(index, payload);
                    }
                }
            }
            Station::Client(hardware) => {
                let residents = &self.neighbours.residents;
                let index = residents
                    .iter()
                    .position(|resident| resident.client().hardware() == hardware);
                if let Some(index) = index {
                    self.hear_reply(index, payload);
                }
            }
        }
    }

    fn hear(&mut self, host: Host, payload: &Bytes, arrival: Arrival) {
        let Some(node) = self.nodes.get(&host) else {
            return;
        };
        let Some(port) = node.port() else { return };
        if !port.hear(payload.clone(), arrival) {
            return;
        }
        if node.is_paused() {
            // The process takes it when it goes on.
            let unheard = self.neighbours.unheard.entry(host).or_default();
            unheard.push(payload.clone());
            return;
        }
        let at = TrueTime(self.now);
        self.observer.judge.heard(at, NodeId(host), payload);
        let hardware = arrival.hardware;
        let near = self.neighbours.residents.iter().find(|resident| {
            resident.host == host && hardware == Some(resident.client().hardware())
        });
        if let Some(resident) = near {
            let client = resident.client().key();
            self.observer
                .judge
                .heard_near(at, NodeId(host), client, payload);
        }
    }

    fn hear_reply(&mut self, index: usize, payload: &Bytes) {
        let now = TrueTime(self.now);
        let actions = self.neighbours.residents[index].with(|client| client.hear(now, payload));
        self.act(Actor::Client(index), actions);
    }
}

fn described(reply: Option<&Reply>) -> String {
    let Some(reply) = reply else {
        return "something else".to_owned();
    };
    let address = reply.address.unwrap_or(Ipv4Addr::UNSPECIFIED);
    let seconds = reply.lease_time.unwrap_or(Duration::ZERO).as_secs();
    format!(
        "{:?} {address} {seconds} s xid {:08x}",
        reply.kind, reply.xid
    )
}
