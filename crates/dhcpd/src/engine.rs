//! All decisions, as one state machine without I/O.
//!
//! * **What it is.** [`Engine::receive`] takes a datagram and says what to do about it;
//!   [`Engine::resume`] takes the result and says what to do next, until there is a reply or a
//!   [`NoReplyReason`]. The shell, a test, a fuzzer or a simulation carries the messages in between.
//! * **What it is not.** It reads no clock (every call is given the [`MonotonicTime`]), opens no socket,
//!   draws no random number, and iterates over no hash map.
//! * **Invariants.** Every transaction that `receive` hands out is to be given back by
//!   [`Engine::finish`], however it ends; until then copies of its request are dropped. A reply
//!   later than [`REPLY_DEADLINE`] after its request is never handed out (T6).
//! * **What may block.** Nothing; each call costs a few map operations.

mod conflict_reports;
mod release;

use self::release::check_release;
use crate::MonotonicTime;
use crate::codec::{DropReason, Packet, decode};
use crate::decide::{
    Arrival, Intent, NoReplyReason, answers, check_arrival, check_ciaddr, check_network,
    check_source, intent, is_load_balanced, rank,
};
use crate::limit::{
    Admission, ClientClass, ClientMemory, ConflictReports, InFlight, InFlightKey, NotBegun,
    ProbeResponders, RateLimits, RecentClientFilter, UnconfirmedConflicts,
};
use crate::limits::{MAX_MAX_MESSAGE_SIZE, REPLY_DEADLINE};
use crate::port::{ClientView, LeaseView, ServiceView};
use crate::probe::{ProbeCache, ProbeResult};
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
    NoReply(Packet, NoReplyReason),
    /// This.
    Begun(Box<Transaction>, Next),
}

/// The DHCP server's decisions.
#[derive(Debug)]
pub struct Engine {
    identity: ServerIdentity,
    relays: Vec<Ipv4Addr>,
    link_mtu: u16,
    memory: ClientMemory,
    recent_clients: RecentClientFilter,
    admission: Admission,
    in_flight: InFlight,
    probes: ProbeCache,
    conflict_reports: ConflictReports,
    unconfirmed_conflicts: UnconfirmedConflicts,
    probe_responders: ProbeResponders,
    /// The bridge ports of those who report conflicts, as far as the shell has told.
    ports: BTreeMap<[u8; 6], u32>,
}

/// A packet, and what the checks found out about it.
struct RequestContext<'a> {
    packet: &'a Packet,
    arrival: Arrival,
    intent: Intent,
    client: ClientKey,
    known: ClientView,
    class: ClientClass,
    is_copied_release: bool,
    config: Arc<SubnetConfig>,
    service: ServiceView,
    now: MonotonicTime,
}

impl Engine {
    /// An engine that has received nothing yet.
    #[must_use]
    pub fn new(identity: ServerIdentity, limits: &RateLimits) -> Self {
        Self {
            identity,
            relays: Vec::new(),
            link_mtu: MAX_MAX_MESSAGE_SIZE,
            memory: ClientMemory::new(limits),
            recent_clients: RecentClientFilter::new(),
            admission: Admission::new(limits),
            in_flight: InFlight::default(),
            probes: ProbeCache::default(),
            conflict_reports: ConflictReports::default(),
            unconfirmed_conflicts: UnconfirmedConflicts::default(),
            probe_responders: ProbeResponders::default(),
            ports: BTreeMap::new(),
        }
    }

    /// The same, with these relays. Without any, relayed packets are refused.
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
        now: MonotonicTime,
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
                let next = self.finish_step(now, &mut transaction, first);
                Received::Begun(Box::new(transaction), next)
            }
            Err(reason) => Received::NoReply(packet, reason),
        }
    }

    /// What to do next, given the result of the last step.
    pub fn resume(
        &mut self,
        now: MonotonicTime,
        transaction: &mut Transaction,
        input: Input,
        view: &dyn LeaseView,
    ) -> Next {
        let input = self.check_conflict_report(now, transaction, input);
        if let Input::Probed(address, result) = input
            && !transaction.probes_by_echo()
        {
            self.probes.note(address, result, now);
        }
        let next = match transaction.resume(input) {
            Next::Reply(reply) if !self.still_holds(&reply.body, transaction.packet(), view) => {
                Next::NoReply(NoReplyReason::NoLongerGranted)
            }
            next => next,
        };
        self.finish_step(now, transaction, next)
    }

    /// Ends a transaction, however it ended: copies of its request are no longer dropped.
    pub fn finish(&mut self, transaction: &Transaction) {
        self.in_flight.end(transaction.in_flight_key());
    }

    /// Notes what a probe ahead found.
    pub fn note_probe(&mut self, now: MonotonicTime, address: Ipv4Addr, result: ProbeResult) {
        self.probes.note(address, result, now);
    }

    /// Which of `candidates`, the addresses next in line, to probe ahead.
    pub fn to_probe(&mut self, now: MonotonicTime, candidates: &[Ipv4Addr]) -> Vec<Ipv4Addr> {
        self.probes.to_probe(candidates, now)
    }

    /// Whether there were clients lately, so that probing ahead is worth its traffic.
    #[must_use]
    pub fn probes_ahead(&self, now: MonotonicTime) -> bool {
        self.probes.is_active(now)
    }

    /// Requests being answered.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.in_flight.len()
    }

    fn consider(
        &mut self,
        now: MonotonicTime,
        packet: &Packet,
        arrival: Arrival,
        view: &dyn LeaseView,
    ) -> Result<(Transaction, Next), NoReplyReason> {
        let context = self.request_context(now, packet, arrival, view)?;
        self.check_responder(&context, view)?;
        let key = InFlightKey::of(packet, &context.client);
        if self.in_flight.contains(&key) {
            return Err(NoReplyReason::DuplicateRequest);
        }
        let offer_at_once = self.offer_at_once(&context);
        self.admit(&context, view)?;
        let given_up = self.given_up(&context, view)?;
        self.check_decline(&context)?;
        check_release(&context)?;
        let (identity, config) = (self.identity, Arc::clone(&context.config));
        let mut transaction = Transaction::new(identity, packet.clone(), key, config, now)
            .on_link_of(self.link_mtu)
            .with_offer(self.memory.offer_to(&context.client))
            .avoiding(self.unconfirmed_conflicts.recent(now))
            .passing_over(self.found_in_use(&context, view));
        let first = match offer_at_once {
            Some((address, probed)) => transaction.offer_held(address, probed),
            None => transaction.begin(context.intent, given_up, context.known),
        };
        match self.in_flight.begin(transaction.in_flight_key().clone()) {
            Ok(()) => Ok((transaction, first)),
            Err(NotBegun::Copy) => Err(NoReplyReason::DuplicateRequest),
            Err(NotBegun::Full) => Err(NoReplyReason::TooManyInFlight),
        }
    }

    /// Whether the packet concerns this server at all, and what it wants.
    fn request_context<'a>(
        &mut self,
        now: MonotonicTime,
        packet: &'a Packet,
        arrival: Arrival,
        view: &dyn LeaseView,
    ) -> Result<RequestContext<'a>, NoReplyReason> {
        let service = view.service();
        if !service.in_service {
            self.note_unserved(now, packet, arrival, view);
            return Err(NoReplyReason::OutOfService);
        }
        let subnet = self.identity.subnet;
        let config = view
            .subnet_config(subnet)
            .ok_or(NoReplyReason::SubnetNotConfigured)?;
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
        let class = self.client_class(intent, &client, &known, now);
        if matches!(intent, Intent::Decline { .. }) {
            self.memory.note_decline(&client, now);
        }
        let is_copied_release = matches!(intent, Intent::Release { .. })
            && self.memory.is_copy_of_release(&client, packet.xid, now);
        Ok(RequestContext {
            packet,
            arrival,
            intent,
            client,
            known,
            class,
            is_copied_release,
            config,
            service,
            now,
        })
    }

    /// The client's class. A DISCOVER is noted even if another node answers it.
    fn client_class(
        &mut self,
        intent: Intent,
        client: &ClientKey,
        known: &ClientView,
        now: MonotonicTime,
    ) -> ClientClass {
        if known.is_known() {
            return ClientClass::Known;
        }
        let discovers = matches!(intent, Intent::Discover { .. });
        if discovers && self.recent_clients.note(client, now) {
            ClientClass::Retrying
        } else {
            ClientClass::New
        }
    }

    /// Whether this node is the one to answer (lease contract, "Several servers on one link").
    fn check_responder(
        &mut self,
        context: &RequestContext<'_>,
        view: &dyn LeaseView,
    ) -> Result<(), NoReplyReason> {
        let named = match context.intent {
            Intent::Discover { .. } | Intent::Inform { .. } => None,
            Intent::Request { server, .. }
            | Intent::Decline { server, .. }
            | Intent::Release { server, .. } => server,
        };
        match (context.intent, named) {
            (_, Some(server)) if server == self.identity.server_identifier => Ok(()),
            //~ mutant l4_answers_for_another_server: (Intent::Request { .. }, _) => Ok(()),
            // If the named node is out of service, nobody else would act on it (L1). A rebinding client should name none.
            (
                Intent::Decline { .. }
                | Intent::Release { .. }
                | Intent::Request {
                    kind: RequestKind::Rebinding,
                    ..
                },
                Some(server),
            ) if is_load_balanced(context.arrival) => self.stands_in(server, context, view),
            (Intent::Request { .. }, Some(_)) => {
                self.memory.served(&context.client);
                Err(NoReplyReason::OtherServer)
            }
            (_, Some(_)) => Err(NoReplyReason::OtherServer),
            (_, None) if !is_load_balanced(context.arrival) => Ok(()),
            // A RELEASE is not retransmitted, so the others cannot wait for a retry (S7).
            (Intent::Release { .. }, None) => self.is_first(context),
            (_, None) => self.check_rank(context),
        }
    }

    /// A DHCPDECLINE, a broadcast DHCPRELEASE or a rebinding request may name a node of ours that is out of
    /// service. Then the first responder processes it.
    fn stands_in(
        &self,
        server: Ipv4Addr,
        context: &RequestContext<'_>,
        view: &dyn LeaseView,
    ) -> Result<(), NoReplyReason> {
        let nodes = &context.service.nodes_in_service;
        let is_out = view
            .node_at(server)
            .is_some_and(|node| !nodes.contains(&node));
        let is_first = rank(&context.client, self.identity.node, nodes) == 0;
        (is_out && is_first)
            .then_some(())
            .ok_or(NoReplyReason::OtherServer)
    }

    fn is_first(&self, context: &RequestContext<'_>) -> Result<(), NoReplyReason> {
        let nodes = &context.service.nodes_in_service;
        let first = rank(&context.client, self.identity.node, nodes) == 0;
        first.then_some(()).ok_or(NoReplyReason::OtherResponder)
    }

    fn check_rank(&mut self, context: &RequestContext<'_>) -> Result<(), NoReplyReason> {
        let granted = match context.known.lease {
            Some((_, LeaseState::Bound { granted, .. })) => Some(granted),
            _ => None,
        };
        let attempt = self.memory.attempt(&context.client, granted, context.now);
        let rank = rank(
            &context.client,
            self.identity.node,
            &context.service.nodes_in_service,
        );
        let turn = answers(rank, attempt.earlier, context.packet.secs);
        turn.then_some(()).ok_or(NoReplyReason::OtherResponder)
    }

    /// The address to offer without a commit, and whether it needs no probe: the replicated state holds it
    /// for the client already. An offer promises nothing: the ACK will be committed. A client that was
    /// just refused what it was offered gets a committed offer.
    fn offer_at_once(&self, context: &RequestContext<'_>) -> Option<(Ipv4Addr, bool)> {
        let Intent::Discover { .. } = context.intent else {
            return None;
        };
        // A later log entry may already have ended what it holds here.
        let memory = &self.memory;
        let (client, now) = (&context.client, context.now);
        if memory.was_refused(client) || memory.has_given_up(client, now) {
            return None;
        }
        let (address, state) = context.known.held(context.service.clock)?;
        // An address that the client is bound to needs no probe (L6: "a new client").
        Some((address, matches!(state, LeaseState::Bound { .. })))
    }

    /// Which grant a DHCPRELEASE or DHCPDECLINE ends: the newest one that this node knows of, made
    /// by the server that the client names (S7). Nothing for other messages.
    fn given_up(
        &self,
        context: &RequestContext<'_>,
        view: &dyn LeaseView,
    ) -> Result<GrantRef, NoReplyReason> {
        let (Intent::Release { address, server } | Intent::Decline { address, server }) =
            context.intent
        else {
            return Ok(GrantRef::default());
        };
        let Some((held, LeaseState::Bound { granted, .. })) = context.known.lease else {
            return Err(NoReplyReason::NoSuchLease);
        };
        // Without a named server, the node that granted it is meant.
        let named = server.and_then(|server| view.node_at(server));
        let node = named
            .or(context.known.granted_by)
            .unwrap_or(self.identity.node);
        (held == address)
            .then_some(GrantRef { granted, node })
            .ok_or(NoReplyReason::NoSuchLease)
    }

    /// Charges the rate limits. What costs no commit is charged to the client's own limit alone.
    fn admit(
        &mut self,
        context: &RequestContext<'_>,
        view: &dyn LeaseView,
    ) -> Result<(), NoReplyReason> {
        if !self.memory.try_spend(&context.client, context.now) {
            return Err(NoReplyReason::TooManyFromClient);
        }
        let (class, now) = (context.class, context.now);
        let is_full = || view.free_candidates(self.identity.subnet, 1).is_empty();
        match context.intent {
            Intent::Inform { .. } => return Ok(()),
            Intent::Discover { .. } if class != ClientClass::Known && is_full() => {
                self.admission.admit_exhausted(class, now)?;
            }
            _ => {}
        }
        self.admission.admit(class, now)
    }

    /// Whether a grant is still in force here. An operator may have revoked it since, even in the same log
    /// entry: a client that got the ACK now would use an address that another may be given (S1).
    fn still_holds(&self, body: &Body, packet: &Packet, view: &dyn LeaseView) -> bool {
        let Body::Ack(granted) = body else {
            return true;
        };
        let client = packet.identity();
        let lease = view.client(self.identity.subnet, &client).lease;
        //~ mutant s2_ack_on_unknown: return true;
        lease.is_some_and(|(address, state)| {
            address == granted.address && matches!(state, LeaseState::Bound { .. })
        })
    }

    /// The last check of the next step: a probe may already have been made ahead, or the deadline has passed.
    fn finish_step(
        &mut self,
        now: MonotonicTime,
        transaction: &mut Transaction,
        mut next: Next,
    ) -> Next {
        while let Next::Probe(address) = next {
            if !transaction.accepts_probes_ahead() || !self.probes.is_clear(address, now) {
                break;
            }
            next = transaction.resume(Input::Probed(address, ProbeResult::Clear));
        }
        let is_late = now.since(transaction.arrived()) > REPLY_DEADLINE;
        //~ mutant t6_late_reply: let is_late = false;
        if transaction.awaits_reply() && is_late {
            return Next::NoReply(NoReplyReason::TooLate);
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
