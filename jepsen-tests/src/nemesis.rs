//! What goes wrong during a run.
//!
//! A [`Nemesis`] chooses its victims, strikes and heals; a [`Schedule`] decides when, by a seed, for
//! any number of them at once. Each knows how to undo exactly what it did, whatever the others have
//! done meanwhile: a process that another one killed cannot be woken, and that is no error.

mod catalogue;
mod clock;
mod disk;
mod guest;
mod host;
mod log;
mod membership;
mod moved;
mod network;
mod process;
mod rollback;
mod schedule;
mod two;
mod way_out;
mod wipe;

use anyhow::Result;
use fastrand::Rng;
use jepsen_tests::history::{Fault, Recorder};
use lab::Lab;

pub use catalogue::NemesisKind;
pub use schedule::{Schedule, Times, Turn};

use crate::names;
use crate::runner::Sights;
use crate::workload::clients::Numbers;

/// What a nemesis works with.
pub struct Scene<'a> {
    /// The hosts and their daemons.
    pub lab: &'a mut Lab,
    /// What is known of the nodes: asking them now could block, for some are broken.
    pub sights: &'a Sights,
    /// For what is an operation, not only a fault.
    pub recorder: &'a Recorder,
    /// For the processes of such operations.
    pub numbers: &'a Numbers,
    /// A node that another nemesis has in hand: it is chosen by none.
    pub spared: Option<u8>,
}

/// Something that goes wrong and is put right again.
pub trait Nemesis {
    /// Chooses victims, if there are any to be had now. Nothing is done yet.
    fn aim(&mut self, scene: &mut Scene<'_>, rng: &mut Rng) -> Result<Option<Fault>>;

    /// Does what was aimed at.
    fn strike(&mut self, scene: &mut Scene<'_>) -> Result<()>;

    /// Puts right what [`Nemesis::strike`] did.
    fn heal(&mut self, scene: &mut Scene<'_>) -> Result<()>;

    /// Finishes what could not be finished while other faults were on. Called again and again once all
    /// are healed.
    fn conclude(&mut self, _: &mut Scene<'_>) -> Result<()> {
        Ok(())
    }
}

impl Scene<'_> {
    /// How many nodes there are.
    fn count(&mut self) -> u8 {
        // A lab has at most ten hosts.
        self.lab.gateways().len() as u8
    }

    /// Any node.
    fn any_node(&mut self, rng: &mut Rng) -> u8 {
        let count = self.count();
        loop {
            let node = rng.u8(1..=count);
            if self.spared != Some(node) {
                return node;
            }
        }
    }

    /// Whether every node answered clients when it was last looked at.
    fn all_serve(&mut self) -> bool {
        self.sights.in_service() == usize::from(self.count())
    }

    /// The leader every other time, for it matters most; else any node.
    fn leader_or_any(&mut self, rng: &mut Rng) -> (u8, Option<String>) {
        let leader = self.sights.leader();
        let leader = leader.filter(|leader| self.spared != Some(*leader));
        match leader.filter(|_| rng.bool()) {
            Some(leader) => (leader, Some("the leader".to_owned())),
            None => (self.any_node(rng), None),
        }
    }
}

/// A fault aimed at `nodes`.
fn aimed_at(nodes: &[u8]) -> Fault {
    Fault {
        targets: nodes.iter().copied().map(names::node).collect(),
        ..Fault::default()
    }
}

/// Every peer link of `node`, both ways, in a lab of `count` nodes.
fn links_of(node: u8, count: u8) -> Vec<(String, String)> {
    (1..=count)
        .filter(|peer| *peer != node)
        .flat_map(|peer| [(node, peer), (peer, node)])
        .map(|(from, to)| (names::node(from), names::node(to)))
        .collect()
}
