//! The operator of one host's forwards: adds those that stay, and then, again and again, adds the others, withdraws
//! them, and hands the address that they led to over to the other machine.

use std::ops::Range;
use std::time::Duration;

use anyhow::Result;
use fastrand::Rng;
use jepsen_tests::history::FailureKind;
use lab::gateway::Control;
use lab::topology::address::VM_BRIDGE;

use super::caller::Transport;
use super::{CHANGING_PORT, Rooms, SERVICE_PORT, STEADY_PORT, Scene};
use super::{give_up, rented, settled, steady, take};
use crate::workload::OperatorWork;
use crate::workload::operators::Operator;

/// How long flows pass.
const LET_MS: Range<u64> = 4_000..9_000;
/// How long a withdrawn forward is watched before the address changes hands: longer than it may take to be closed.
const CLOSED_MS: Range<u64> = 3_500..5_000;
/// How long the new tenant is watched. Now and then long enough to be sure of it while others are broken.
const EMPTY_MS: Range<u64> = 2_000..4_000;
const LONG_EMPTY_MS: Range<u64> = 10_000..14_000;
/// Before a change that did not succeed is asked for again.
const RETRY: Duration = Duration::from_millis(300);
/// How often the mood is looked at while nothing is to be done.
const POLL: Duration = Duration::from_millis(100);

/// What is wanted of a forward.
#[derive(Clone, Copy)]
enum Change {
    Open,
    Close,
}

/// One host's.
pub struct Landlord<'a> {
    rooms: &'a Rooms,
    operator: Operator<'a>,
    scene: Scene<'a>,
    rng: Rng,
    /// Which machine has the rented address.
    tenant: usize,
}

impl<'a> Landlord<'a> {
    /// Of the host of `rooms`.
    pub fn new(rooms: &'a Rooms, nodes: Vec<Control>, scene: Scene<'a>) -> Self {
        let seed = scene.seed.wrapping_mul(41).wrapping_add(rooms.node.into());
        Self {
            rooms,
            operator: Operator::new(
                OperatorWork::Forwards,
                nodes,
                scene.recorder,
                scene.numbers,
                seed,
            ),
            scene,
            rng: Rng::with_seed(seed),
            tenant: 0,
        }
    }

    /// Works for as long as the mood is lively.
    pub fn run(&mut self) -> Result<()> {
        self.both(Change::Open, STEADY_PORT)?;
        while self.scene.mood.is_lively() {
            self.both(Change::Open, CHANGING_PORT)?;
            self.rest(LET_MS);
            if !self.both(Change::Close, CHANGING_PORT)? {
                break;
            }
            self.rest(CLOSED_MS);
            self.hand_over()?;
            let often = self.rng.u8(0..3) > 0;
            self.rest(if often { EMPTY_MS } else { LONG_EMPTY_MS });
        }
        Ok(())
    }

    /// Changes the TCP and the UDP forward of a port, through any node, until it is done. Whether that
    /// came before the run's end.
    fn both(&mut self, change: Change, port: u16) -> Result<bool> {
        let mut done = true;
        for transport in [Transport::Tcp, Transport::Udp] {
            done &= self.until_done(change, transport, port)?;
        }
        Ok(done)
    }

    fn until_done(&mut self, change: Change, transport: Transport, port: u16) -> Result<bool> {
        let node = self.rooms.node;
        let target = match port {
            STEADY_PORT => steady(node),
            _ => rented(node),
        };
        let public = (transport.name(), port + u16::from(node));
        while self.scene.mood.is_lively() {
            let failure = match change {
                Change::Open => {
                    let target = format!("{target}:{SERVICE_PORT}");
                    self.operator.add_forward(public, &target, &[])?
                }
                Change::Close => self.operator.remove_forward(public)?,
            };
            match (change, failure) {
                (_, None) | (Change::Close, Some(FailureKind::NotFound)) => return Ok(true),
                _ => std::thread::sleep(RETRY),
            }
        }
        Ok(false)
    }

    fn hand_over(&mut self) -> Result<()> {
        let address = rented(self.rooms.node);
        let recorder = self.scene.recorder;
        give_up(&self.rooms.machines[self.tenant], address)?;
        settled(recorder, address, None)?;
        self.tenant = 1 - self.tenant;
        let machine = &self.rooms.machines[self.tenant];
        settled(recorder, address, Some(machine.name()))?;
        take(machine, address)?;
        // As the ARP announcement of a machine that takes an address does.
        let flush = ["neigh", "flush", "to", &address.to_string()];
        let flush = [&flush[..], &["dev", VM_BRIDGE]].concat();
        self.rooms.host.run("ip", &flush)?;
        Ok(())
    }

    fn rest(&mut self, range: Range<u64>) {
        let mut left = Duration::from_millis(self.rng.u64(range));
        while self.scene.mood.is_lively() && !left.is_zero() {
            let step = left.min(POLL);
            std::thread::sleep(step);
            left -= step;
        }
    }
}
