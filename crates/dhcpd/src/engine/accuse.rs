//! Who is believed that somebody is on an address: a client that declines it, or whoever answers its probe
//! (contract S7, L6; ADR 0026).

use super::{Engine, Hearing};
use crate::Moment;
use crate::decide::{Intent, Silence};
use crate::limit::{Accuser, Place};
use crate::limits::{MAX_ACCUSERS, MAX_DOUBTED};
use crate::port::LeaseView;
use crate::probe::Answers;
use crate::transaction::{Answerer, Input, Transaction};
use std::net::Ipv4Addr;

impl Engine {
    /// Notes behind which port of the bridge a hardware address is.
    pub fn note_port(&mut self, hardware: [u8; 6], port: Option<u32>) {
        if self.ports.len() >= MAX_ACCUSERS {
            self.ports.clear();
        }
        match port {
            Some(port) => self.ports.insert(hardware, port),
            None => self.ports.remove(&hardware),
        };
    }

    /// Whose answers to ARP probes do not count: they answer for whatever address is asked for.
    #[must_use]
    pub fn indiscriminate(&self, now: Moment) -> Vec<[u8; 6]> {
        self.responders.indiscriminate(now)
    }

    /// Notes who answered the ARP probe of a free address. Who is now known to answer for all is told once.
    pub fn note_answers(
        &mut self,
        now: Moment,
        address: Ipv4Addr,
        answers: Answers,
    ) -> Option<[u8; 6]> {
        if let Some(hardware) = answers.first {
            self.responders.answered(hardware, address, now);
            return None;
        }
        let Some(hardware) = answers.excepted else {
            self.responders.met_with_silence();
            return None;
        };
        self.responders
            .passed_over(hardware, now)
            .then_some(hardware)
    }

    /// Where probes ahead found somebody else than a client that discovers; its own addresses are not among them (L5).
    /// With what is doubted, no more than an offer may carry. None if nothing else is free: who was there may have
    /// gone, so these are probed anew.
    pub(super) fn found_in_use(
        &self,
        hearing: &Hearing<'_>,
        view: &dyn LeaseView,
    ) -> Vec<Ipv4Addr> {
        if !matches!(hearing.intent, Intent::Discover { .. }) {
            return Vec::new();
        }
        let own = hearing.known.lease.map(|(address, _)| address);
        let reserved = hearing.known.reserved;
        let in_use = self.probes.in_use(hearing.now);
        let others = in_use.filter(|(address, hardware)| {
            hearing.packet.hardware.bytes() != hardware
                && ![own, reserved].contains(&Some(*address))
        });
        let room = MAX_DOUBTED - self.doubted.recent(hearing.now).len();
        let found: Vec<Ipv4Addr> = others.map(|(address, _)| address).take(room).collect();
        let free = view.free_candidates(self.identity.subnet, found.len() + 1);
        let is_left = free.iter().any(|address| !found.contains(address));
        if is_left { found } else { Vec::new() }
    }

    /// A client is believed of a few addresses that somebody is on them (S7).
    pub(super) fn check_decline(&mut self, hearing: &Hearing<'_>) -> Result<(), Silence> {
        let Intent::Decline { address, .. } = hearing.intent else {
            return Ok(());
        };
        let packet = hearing.packet;
        let named = packet.hardware.bytes().first_chunk().copied();
        let hardware = hearing.arrival.hardware.or(named).unwrap_or_default();
        let place = if packet.is_relayed() {
            Place::Relay(packet.giaddr)
        } else {
            self.place_of(hardware)
        };
        let accuser = Accuser {
            hardware: Some(hardware),
            place,
        };
        self.believes(accuser, address, hearing.now)
            .then_some(())
            .ok_or(Silence::TooManyDeclines)
    }

    /// So is whoever answers the probe of an address that is to be offered. Beyond that the address is not
    /// quarantined, and not given away in this moment either (L6). What is requested unoffered is quarantined by
    /// nobody, so there every answer counts.
    pub(super) fn weigh(&mut self, now: Moment, transaction: &Transaction, input: Input) -> Input {
        let Input::Probed(address, finding) = input else {
            return input;
        };
        let accuser = match transaction.answerer(finding) {
            None => return input,
            Some(Answerer::Hardware(hardware)) => Accuser {
                hardware: Some(hardware),
                place: self.place_of(hardware),
            },
            Some(Answerer::BehindRelay(relay)) => Accuser {
                hardware: None,
                place: Place::Relay(relay),
            },
        };
        if self.believes(accuser, address, now) {
            return input;
        }
        self.doubted.note(address, now);
        Input::Doubted(address)
    }

    fn believes(&mut self, accuser: Accuser, address: Ipv4Addr, now: Moment) -> bool {
        self.accusations.believes(accuser, address, now)
            || ipam::mutated!("s7_every_accuser_believed")
    }

    fn place_of(&self, hardware: [u8; 6]) -> Place {
        Place::Port(self.ports.get(&hardware).copied())
    }
}
