//! Everything that decides, as one state machine without I/O.
//!
//! * **What it is.** [`Engine::receive`] takes a datagram and says what to do about it;
//!   [`Engine::resume`] takes what came of that and says what to do next, until a reply or a
//!   silence. The shell, a test, a fuzzer or a simulation carries the messages in between.
//! * **What it is not.** It reads no clock (every call is given the [`Moment`]), opens no socket,
//!   draws no random number, and iterates over no hash map.
//! * **Invariants.** Every transaction that `receive` hands out is to be given back by
//!   [`Engine::finish`], however it ends; until then copies of its request are dropped. A reply
//!   later than [`REPLY_DEADLINE`] after its request is never handed out (T6).
//! * **What may block.** Nothing; each call costs a few map operations.

mod accuse;
mod release;

use self::release::check_release;
use crate::Moment;
use crate::codec::{DropReason, Packet, decode};
use crate::decide::{
    Arrival, Intent, Silence, answers, check_arrival, check_ciaddr, check_network, check_source,
    intent, rank, takes_turns,
};
use crate::limit::{
    Accusations, Admission, ClientMemory, Doubted, HeardBefore, InFlight, InFlightKey, NotBegun,
    RateLimits, Responders, Standing,
};
use crate::limits::{MAX_MAX_MESSAGE_SIZE, REPLY_DEADLINE};
use crate::port::{ClientView, LeaseView, ServiceView};
use crate::probe::{Finding, ProbeCache};
use crate::reply::Body;
use crate::transaction::{Input, Next, Transaction};
use ipam::{ClientKey, GrantRef, LeaseState, NodeId, RequestKind, SubnetConfig, SubnetId};
use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::Arc;

/// Who this server is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServerIdentity {
    /// The node.
    pub node: NodeId,
    /// The one subnet it serves.
    pub subnet: SubnetId,
    /// Option 54: the node's own address on the subnet.
    pub server_identifier: Ipv4Addr,
}

/// What to do about a datagram.
#[derive(Debug)]
pub enum Received {
    /// Nothing: it is malformed.
    Dropped(DropReason),
    /// Nothing, though it is well formed.
    Silent(Packet, Silence),
    /// This.
    Begun(Box<Transaction>, Next),
}

/// Everything that decides.
#[derive(Debug)]
pub struct Engine {
    identity: ServerIdentity,
    relays: Vec<Ipv4Addr>,
    link_mtu: u16,
    memory: ClientMemory,
    heard_before: HeardBefore,
    admission: Admission,
    in_flight: InFlight,
    probes: ProbeCache,
    accusations: Accusations,
    doubted: Doubted,
    responders: Responders,
    /// The bridge's ports of those who accuse, as far as the shell has told.
    ports: BTreeMap<[u8; 6], u32>,
}

/// A packet on its way through the checks, with what they found.
struct Hearing<'a> {
    packet: &'a Packet,
    arrival: Arrival,
    intent: Intent,
    client: ClientKey,
    known: ClientView,
    standing: Standing,
    is_copied_release: bool,
    config: Arc<SubnetConfig>,
    service: ServiceView,
    now: Moment,
}

impl Engine {
    /// An engine that has heard nothing yet.
    #[must_use]
    pub fn new(identity: ServerIdentity, limits: &RateLimits) -> Self {
        Self {
            identity,
            relays: Vec::new(),
            link_mtu: MAX_MAX_MESSAGE_SIZE,
            memory: ClientMemory::new(limits),
            heard_before: HeardBefore::new(),
            admission: Admission::new(limits),
            in_flight: InFlight::default(),
            probes: ProbeCache::default(),
            accusations: Accusations::default(),
            doubted: Doubted::default(),
            responders: Responders::default(),
            ports: BTreeMap::new(),
        }
    }

    /// The same, that listens to these relays. Without any, to none.
    #[must_use]
    pub fn with_relays(mut self, relays: &[Ipv4Addr]) -> Self {
        self.relays = relays.to_vec();
        self
    }

    /// The longest IP datagram that the link carries, in bytes: no reply is longer from now on.
    pub const fn set_link_mtu(&mut self, bytes: u16) {
        self.link_mtu = bytes;
    }

    /// What to do about a datagram that arrived at `now`.
    pub fn receive(
        &mut self,
        now: Moment,
        datagram: &[u8],
        arrival: Arrival,
        view: &dyn LeaseView,
    ) -> Received {
        let packet = match decode(datagram) {
            Ok(packet) => packet,
            Err(reason) => return Received::Dropped(reason),
        };
        match self.consider(now, &packet, arrival, view) {
            Ok((mut transaction, first)) => {
                let next = self.settle(now, &mut transaction, first);
                Received::Begun(Box::new(transaction), next)
            }
            Err(silence) => Received::Silent(packet, silence),
        }
    }

    /// What to do next, now that `input` came of what was to be done.
    pub fn resume(
        &mut self,
        now: Moment,
        transaction: &mut Transaction,
        input: Input,
        view: &dyn LeaseView,
    ) -> Next {
        let input = self.weigh(now, transaction, input);
        if let Input::Probed(address, finding) = input
            && !transaction.probes_by_echo()
        {
            self.probes.note(address, finding, now);
        }
        let next = match transaction.resume(input) {
            Next::Reply(reply) if !self.still_holds(&reply.body, transaction.packet(), view) => {
                Next::Silent(Silence::NoLongerGranted)
            }
            next => next,
        };
        self.settle(now, transaction, next)
    }

    /// Ends a transaction, however it ended: copies of its request are heard again.
    pub fn finish(&mut self, transaction: &Transaction) {
        self.in_flight.end(transaction.in_flight_key());
    }

    /// Notes what a probe ahead found.
    pub fn note_probe(&mut self, now: Moment, address: Ipv4Addr, finding: Finding) {
        self.probes.note(address, finding, now);
    }

    /// Which of `candidates`, the addresses next in line, to probe ahead.
    pub fn to_probe(&mut self, now: Moment, candidates: &[Ipv4Addr]) -> Vec<Ipv4Addr> {
        self.probes.to_probe(candidates, now)
    }

    /// Whether clients were heard lately, so that probing ahead is worth its traffic.
    #[must_use]
    pub fn probes_ahead(&self, now: Moment) -> bool {
        self.probes.is_active(now)
    }

    /// Requests being answered.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.in_flight.len()
    }

    fn consider(
        &mut self,
        now: Moment,
        packet: &Packet,
        arrival: Arrival,
        view: &dyn LeaseView,
    ) -> Result<(Transaction, Next), Silence> {
        let hearing = self.hear(now, packet, arrival, view)?;
        self.check_turn(&hearing, view)?;
        let key = InFlightKey::of(packet, &hearing.client);
        if self.in_flight.contains(&key) {
            return Err(Silence::AnsweringACopy);
        }
        let offer_at_once = self.offer_at_once(&hearing);
        self.admit(&hearing, view)?;
        let given_up = self.given_up(&hearing, view)?;
        self.check_decline(&hearing)?;
        check_release(&hearing)?;
        let (identity, config) = (self.identity, Arc::clone(&hearing.config));
        let mut transaction = Transaction::new(identity, packet.clone(), key, config, now)
            .on_link_of(self.link_mtu)
            .with_offer(self.memory.offer_to(&hearing.client))
            .avoiding(self.doubted.recent(now))
            .passing_over(self.found_in_use(&hearing, view));
        let first = match offer_at_once {
            Some((address, probed)) => transaction.offer_held(address, probed),
            None => transaction.begin(hearing.intent, given_up, hearing.known),
        };
        match self.in_flight.begin(transaction.in_flight_key().clone()) {
            Ok(()) => Ok((transaction, first)),
            Err(NotBegun::Copy) => Err(Silence::AnsweringACopy),
            Err(NotBegun::Full) => Err(Silence::TooManyInFlight),
        }
    }

    /// Whether the packet concerns this server at all, and what it wants.
    fn hear<'a>(
        &mut self,
        now: Moment,
        packet: &'a Packet,
        arrival: Arrival,
        view: &dyn LeaseView,
    ) -> Result<Hearing<'a>, Silence> {
        let service = view.service();
        if !service.in_service {
            self.note_unserved(now, packet, arrival, view);
            return Err(Silence::OutOfService);
        }
        let subnet = self.identity.subnet;
        let config = view
            .subnet_config(subnet)
            .ok_or(Silence::SubnetNotConfigured)?;
        check_arrival(packet, arrival, &self.relays, &config)?;
        let intent = intent(packet, arrival.cast)?;
        check_ciaddr(packet, intent, &config)?;
        check_network(packet, intent, &config)?;
        check_source(packet, intent, arrival)?;
        if matches!(intent, Intent::Discover { .. }) {
            self.probes.note_discover(now);
        }
        let client = config.identity.key(&packet.identity());
        let known = view.client(subnet, &packet.identity());
        let standing = self.standing(intent, &client, &known, now);
        if matches!(intent, Intent::Decline { .. }) {
            self.memory.note_decline(&client, now);
        }
        let is_copied_release = matches!(intent, Intent::Release { .. })
            && self.memory.is_copy_of_release(&client, packet.xid, now);
        Ok(Hearing {
            packet,
            arrival,
            intent,
            client,
            known,
            standing,
            is_copied_release,
            config,
            service,
            now,
        })
    }

    /// Whether a client that nobody knows is heard again. Whoever discovers is noted, whosever turn it is.
    fn standing(
        &mut self,
        intent: Intent,
        client: &ClientKey,
        known: &ClientView,
        now: Moment,
    ) -> Standing {
        if known.is_known() {
            return Standing::Known;
        }
        let discovers = matches!(intent, Intent::Discover { .. });
        if discovers && self.heard_before.note(client, now) {
            Standing::TriesAgain
        } else {
            Standing::Unheard
        }
    }

    /// Whether this node is the one to answer (lease contract, "Several servers on one link").
    fn check_turn(&mut self, hearing: &Hearing<'_>, view: &dyn LeaseView) -> Result<(), Silence> {
        let named = match hearing.intent {
            Intent::Discover { .. } | Intent::Inform { .. } => None,
            Intent::Request { server, .. }
            | Intent::Decline { server, .. }
            | Intent::Release { server, .. } => server,
        };
        match (hearing.intent, named) {
            (_, Some(server)) if server == self.identity.server_identifier => Ok(()),
            (Intent::Request { .. }, _) if ipam::mutated!("l4_answers_for_another_server") => {
                Ok(())
            }
            // Nobody else will hear of it, if the named node is out (L1). Who rebinds should name nobody.
            (
                Intent::Decline { .. }
                | Intent::Release { .. }
                | Intent::Request {
                    kind: RequestKind::Rebinding,
                    ..
                },
                Some(server),
            ) if takes_turns(hearing.arrival) => self.stands_in(server, hearing, view),
            (Intent::Request { .. }, Some(_)) => {
                self.memory.served(&hearing.client);
                Err(Silence::OtherServer)
            }
            (_, Some(_)) => Err(Silence::OtherServer),
            (_, None) if !takes_turns(hearing.arrival) => Ok(()),
            // It has no copy that the others could wait for (S7).
            (Intent::Release { .. }, None) => self.is_first(hearing),
            (_, None) => self.check_rank(hearing),
        }
    }

    /// A DHCPDECLINE, a broadcast DHCPRELEASE or a rebinding client's request that names a node of ours that is out of service is taken
    /// up by the node whose turn it would be.
    fn stands_in(
        &self,
        server: Ipv4Addr,
        hearing: &Hearing<'_>,
        view: &dyn LeaseView,
    ) -> Result<(), Silence> {
        let nodes = &hearing.service.nodes_in_service;
        let is_out = view
            .node_at(server)
            .is_some_and(|node| !nodes.contains(&node));
        let is_first = rank(&hearing.client, self.identity.node, nodes) == 0;
        (is_out && is_first)
            .then_some(())
            .ok_or(Silence::OtherServer)
    }

    fn is_first(&self, hearing: &Hearing<'_>) -> Result<(), Silence> {
        let nodes = &hearing.service.nodes_in_service;
        let first = rank(&hearing.client, self.identity.node, nodes) == 0;
        first.then_some(()).ok_or(Silence::OtherNodesTurn)
    }

    fn check_rank(&mut self, hearing: &Hearing<'_>) -> Result<(), Silence> {
        let granted = match hearing.known.lease {
            Some((_, LeaseState::Bound { granted, .. })) => Some(granted),
            _ => None,
        };
        let attempt = self.memory.attempt(&hearing.client, granted, hearing.now);
        let rank = rank(
            &hearing.client,
            self.identity.node,
            &hearing.service.nodes_in_service,
        );
        let turn = answers(rank, attempt.earlier, hearing.packet.secs);
        turn.then_some(()).ok_or(Silence::OtherNodesTurn)
    }

    /// The address to offer without a commit, and whether it still has to be probed: what the
    /// replicated state holds for the client already. It promises nothing: the ACK will be
    /// committed. A client that was just refused what it was offered gets a committed offer.
    fn offer_at_once(&self, hearing: &Hearing<'_>) -> Option<(Ipv4Addr, bool)> {
        let Intent::Discover { .. } = hearing.intent else {
            return None;
        };
        // What it holds here it may have given up elsewhere in the log.
        let memory = &self.memory;
        let (client, now) = (&hearing.client, hearing.now);
        if memory.was_refused(client) || memory.has_given_up(client, now) {
            return None;
        }
        let (address, state) = hearing.known.held(hearing.service.clock)?;
        // Who was bound to the address need not be looked for on it (L6: "a new client").
        Some((address, matches!(state, LeaseState::Bound { .. })))
    }

    /// Which grant a DHCPRELEASE or DHCPDECLINE ends: the newest one that this node knows of, made
    /// by the server that the client names (S7). Nothing for other messages.
    fn given_up(&self, hearing: &Hearing<'_>, view: &dyn LeaseView) -> Result<GrantRef, Silence> {
        let (Intent::Release { address, server } | Intent::Decline { address, server }) =
            hearing.intent
        else {
            return Ok(GrantRef::default());
        };
        let Some((held, LeaseState::Bound { granted, .. })) = hearing.known.lease else {
            return Err(Silence::NothingHeld);
        };
        // Who names nobody means whoever granted it.
        let named = server.and_then(|server| view.node_at(server));
        let node = named
            .or(hearing.known.granted_by)
            .unwrap_or(self.identity.node);
        (held == address)
            .then_some(GrantRef { granted, node })
            .ok_or(Silence::NothingHeld)
    }

    /// Charges the budgets. What costs no commit is charged to the client alone.
    fn admit(&mut self, hearing: &Hearing<'_>, view: &dyn LeaseView) -> Result<(), Silence> {
        if !self.memory.try_spend(&hearing.client, hearing.now) {
            return Err(Silence::TooManyFromClient);
        }
        let (standing, now) = (hearing.standing, hearing.now);
        let is_full = || view.free_candidates(self.identity.subnet, 1).is_empty();
        match hearing.intent {
            Intent::Inform { .. } => return Ok(()),
            Intent::Discover { .. } if standing != Standing::Known && is_full() => {
                self.admission.admit_exhausted(standing, now)?;
            }
            _ => {}
        }
        self.admission.admit(standing, now)
    }

    /// Whether a grant is still in force here. An operator may have taken it back since, in the same
    /// entry even: who is told of it now would use an address that is another's tomorrow (S1).
    fn still_holds(&self, body: &Body, packet: &Packet, view: &dyn LeaseView) -> bool {
        let Body::Ack(granted) = body else {
            return true;
        };
        let client = packet.identity();
        let lease = view.client(self.identity.subnet, &client).lease;
        let is_bound = lease.is_some_and(|(address, state)| {
            address == granted.address && matches!(state, LeaseState::Bound { .. })
        });
        is_bound || ipam::mutated!("s2_ack_on_unknown")
    }

    /// The last look at what is to be done: the probe may be done already, the time may be up.
    fn settle(&mut self, now: Moment, transaction: &mut Transaction, mut next: Next) -> Next {
        while let Next::Probe(address) = next {
            if !transaction.believes_probes_ahead() || !self.probes.is_clear(address, now) {
                break;
            }
            next = transaction.resume(Input::Probed(address, Finding::Clear));
        }
        let is_late = now.since(transaction.arrived()) > REPLY_DEADLINE;
        if transaction.awaits_reply() && is_late && !ipam::mutated!("t6_late_reply") {
            return Next::Silent(Silence::TooLate);
        }
        match &next {
            Next::Reply(reply) => {
                if let Body::Ack(granted) = &reply.body {
                    self.probes.forget(granted.address);
                }
                self.note_reply(transaction.client(), &reply.body);
                next
            }
            _ => next,
        }
    }

    fn note_reply(&mut self, client: &ClientKey, body: &Body) {
        match body {
            Body::Offer { address, .. } => self.memory.offered(client, *address),
            Body::Ack(_) | Body::InformAck => self.memory.served(client),
            Body::Nak(_) => self.memory.refused(client),
        }
    }
}

#[cfg(test)]
mod flood_tests;
#[cfg(test)]
mod tests;
