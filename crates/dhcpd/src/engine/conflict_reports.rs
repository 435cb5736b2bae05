//! Which conflict reports are accepted: a client's DECLINE, or the answer to a conflict probe (contract S7, L6;
//! ADR 0026).

use super::{Engine, RequestContext};
use crate::MonotonicTime;
use crate::decide::{Intent, NoReplyReason};
use crate::limit::{AttachmentPoint, ConflictReporter};
use crate::limits::{MAX_CONFLICT_REPORTERS, MAX_UNCONFIRMED_CONFLICTS};
use crate::port::LeaseView;
use crate::probe::Answers;
use crate::transaction::{Answerer, Input, Transaction};
use std::net::Ipv4Addr;

impl Engine {
    /// Notes which bridge port a hardware address is attached to.
    pub fn note_port(&mut self, hardware: [u8; 6], port: Option<u32>) {
        if self.ports.len() >= MAX_CONFLICT_REPORTERS {
            self.ports.clear();
        }
        match port {
            Some(port) => self.ports.insert(hardware, port),
            None => self.ports.remove(&hardware),
        };
    }

    /// Machines whose answers to ARP probes are ignored, because they answer for every address.
    #[must_use]
    pub fn indiscriminate(&self, now: MonotonicTime) -> Vec<[u8; 6]> {
        self.probe_responders.indiscriminate(now)
    }

    /// Notes who answered the ARP probe of a free address. Returns a machine that answers for every address, once.
    pub fn note_answers(
        &mut self,
        now: MonotonicTime,
        address: Ipv4Addr,
        answers: Answers,
    ) -> Option<[u8; 6]> {
        if let Some(hardware) = answers.first {
            self.probe_responders.answered(hardware, address, now);
            return None;
        }
        let Some(hardware) = answers.excepted else {
            self.probe_responders.no_answer();
            return None;
        };
        self.probe_responders
            .ignored_answer(hardware, now)
            .then_some(hardware)
    }

    /// The addresses that probes ahead found in use by somebody else than the client; its own are not among them (L5).
    /// Together with the unconfirmed conflicts there are no more than an offer may carry. If no other address is free,
    /// there are none: whoever was there may have gone, so they are probed again.
    pub(super) fn found_in_use(
        &self,
        context: &RequestContext<'_>,
        view: &dyn LeaseView,
    ) -> Vec<Ipv4Addr> {
        if !matches!(context.intent, Intent::Discover { .. }) {
            return Vec::new();
        }
        let own = context.known.lease.map(|(address, _)| address);
        let reserved = context.known.reserved;
        let in_use = self.probes.in_use(context.now);
        let others = in_use.filter(|(address, hardware)| {
            context.packet.hardware.bytes() != hardware
                && ![own, reserved].contains(&Some(*address))
        });
        let room = MAX_UNCONFIRMED_CONFLICTS - self.unconfirmed_conflicts.recent(context.now).len();
        let found: Vec<Ipv4Addr> = others.map(|(address, _)| address).take(room).collect();
        let free = view.free_candidates(self.identity.subnet, found.len() + 1);
        let is_left = free.iter().any(|address| !found.contains(address));
        if is_left { found } else { Vec::new() }
    }

    /// A client may decline a few addresses (S7).
    pub(super) fn check_decline(
        &mut self,
        context: &RequestContext<'_>,
    ) -> Result<(), NoReplyReason> {
        let Intent::Decline { address, .. } = context.intent else {
            return Ok(());
        };
        let packet = context.packet;
        let named = packet.hardware.bytes().first_chunk().copied();
        let hardware = context.arrival.hardware.or(named).unwrap_or_default();
        let place = if packet.is_relayed() {
            AttachmentPoint::Relay(packet.giaddr)
        } else {
            self.attachment_of(hardware)
        };
        let reporter = ConflictReporter {
            hardware: Some(hardware),
            place,
        };
        self.accepts_report(reporter, address, context.now)
            .then_some(())
            .ok_or(NoReplyReason::TooManyDeclines)
    }

    /// The same limit holds for whoever answers the probe of an address that is to be offered. Beyond it the address is
    /// not quarantined, and not offered for now either (L6). A probe before a grant without an offer quarantines
    /// nothing, so there every answer counts.
    pub(super) fn check_conflict_report(
        &mut self,
        now: MonotonicTime,
        transaction: &Transaction,
        input: Input,
    ) -> Input {
        let Input::Probed(address, result) = input else {
            return input;
        };
        let reporter = match transaction.answerer(result) {
            None => return input,
            Some(Answerer::Hardware(hardware)) => ConflictReporter {
                hardware: Some(hardware),
                place: self.attachment_of(hardware),
            },
            Some(Answerer::BehindRelay(relay)) => ConflictReporter {
                hardware: None,
                place: AttachmentPoint::Relay(relay),
            },
        };
        if self.accepts_report(reporter, address, now) {
            return input;
        }
        self.unconfirmed_conflicts.note(address, now);
        Input::UnconfirmedConflict(address)
    }

    fn accepts_report(
        &mut self,
        reporter: ConflictReporter,
        address: Ipv4Addr,
        now: MonotonicTime,
    ) -> bool {
        //~ mutant s7_every_accuser_believed: return true;
        self.conflict_reports.accept(reporter, address, now)
    }

    fn attachment_of(&self, hardware: [u8; 6]) -> AttachmentPoint {
        AttachmentPoint::Port(self.ports.get(&hardware).copied())
    }
}
