//! Clients on their hosts: those of the beginning, and newcomers.

use super::arena::World;
use crate::client::{Action, Client, ClientNumber, Habits, RateClock, TrueTime};
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
    client: Client,
    pub(super) host: Host,
    /// Its broadcasts reach nobody but a relay agent.
    pub(super) behind_relay: bool,
    /// When the client next does something by itself: looked at in every step.
    wakes: TrueTime,
}

impl Resident {
    /// A client with habits drawn, on any host.
    pub(super) fn draw(scenario: &Scenario, number: u32, born: TrueTime, random: &mut Rng) -> Self {
        let policy = scenario.bootstrap.subnet.identity;
        let habits = Habits::draw(random, &identifier(policy, number));
        let ppm = random.i32(-RateClock::MAX_PPM..=RateClock::MAX_PPM);
        let (number, clock) = (ClientNumber(number), RateClock::new(ppm));
        let client = Client::new(number, policy, habits, clock, random.u64(..), born);
        Self {
            wakes: client.next_wake(),
            client,
            host: random.u64(1..=scenario.nodes),
            behind_relay: false,
        }
    }

    /// The client, to look at.
    pub(super) const fn client(&self) -> &Client {
        &self.client
    }

    /// Whether the client has something to do by itself.
    pub(super) fn is_due(&self, now: TrueTime) -> bool {
        self.wakes <= now
    }

    /// When the client has something to do by itself.
    pub(super) const fn wakes(&self) -> TrueTime {
        self.wakes
    }

    /// Has the client do something.
    pub(super) fn with(&mut self, what: impl FnOnce(&mut Client) -> Vec<Action>) -> Vec<Action> {
        let actions = what(&mut self.client);
        self.wakes = self.client.next_wake();
        actions
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
