//! Clients on their hosts: those of the beginning, and newcomers.

use super::arena::World;
use crate::client::{Client, ClientNumber, Habits, RateClock, TrueTime};
use crate::network::Host;
use crate::scenario::Scenario;
use crate::stats::Rare;
use fastrand::Rng;
use ipam::IdentityPolicy;
use std::time::Duration;

/// Of so many clients there is a newcomer, each time that some come.
const NEWCOMERS_OF: u32 = 4;

/// A client and where it is.
pub(super) struct Resident {
    pub(super) client: Client,
    pub(super) host: Host,
}

impl Resident {
    /// A client with habits drawn, on any host.
    pub(super) fn draw(scenario: &Scenario, number: u32, born: TrueTime, random: &mut Rng) -> Self {
        let policy = scenario.bootstrap.subnet.identity;
        let habits = Habits::draw(random, &identifier(policy, number));
        let ppm = random.i32(-RateClock::MAX_PPM..=RateClock::MAX_PPM);
        let (number, clock) = (ClientNumber(number), RateClock::new(ppm));
        Self {
            client: Client::new(number, policy, habits, clock, random.u64(..), born),
            host: random.u64(1..=scenario.nodes),
        }
    }
}

/// Option 61. Clones share it, and where the hardware address is what names a client that must do
/// no harm. Where option 61 does, clones are one client on several machines, to whom nothing is
/// promised; so there everybody has one of its own.
fn identifier(policy: IdentityPolicy, number: u32) -> Vec<u8> {
    match policy {
        IdentityPolicy::HardwareAddress => b"cloned".to_vec(),
        IdentityPolicy::ClientIdentifier => format!("client {number}").into_bytes(),
    }
}

impl World {
    /// Clients that nobody knows are switched on within this time, if there is room for them (L4).
    pub(super) fn newcomers_arrive(&mut self, within: Duration) {
        if self.scenario.scarce {
            return;
        }
        let newcomers = self.scenario.clients / NEWCOMERS_OF + 1;
        for _ in 0..newcomers {
            let number = self.neighbours.residents.len();
            let number = u32::try_from(number).unwrap_or(u32::MAX);
            let born = TrueTime(self.now + within.mul_f64(self.random.f64()));
            let newcomer = Resident::draw(&self.scenario, number, born, &mut self.random);
            self.neighbours.residents.push(newcomer);
        }
        self.stats.rare(Rare::NewcomerInPeace, u64::from(newcomers));
    }
}
