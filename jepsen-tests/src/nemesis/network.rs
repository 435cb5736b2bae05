//! Cut, lossy and slow links between the hosts.

use anyhow::Result;
use fastrand::Rng;
use jepsen_tests::history::Fault;

use super::{Nemesis, Scene, aimed_at, links_of};
use crate::names;

/// What happens to the links.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NetworkFault {
    /// All of a host's links carry nothing.
    Host,
    /// The same, in one direction.
    OneWay,
    /// A node's peer links carry nothing.
    Raft,
    /// The same of the leader.
    Leader,
    /// A host's overlay links carry nothing.
    Overlay,
    /// A host's links lose frames.
    Loss,
    /// A host's link is slow.
    Slow,
}

/// One fault of the network at a time.
#[derive(Debug)]
pub struct Network {
    fault: NetworkFault,
    victim: Option<u8>,
    /// One way: whether the victim is not heard, or does not hear.
    mute: bool,
}

impl Network {
    /// Nothing is cut yet.
    pub fn new(fault: NetworkFault) -> Self {
        Self {
            fault,
            victim: None,
            mute: false,
        }
    }

    fn one_way(&self, victim: u8, count: u8) -> Vec<(u8, u8)> {
        let peers = (1..=count).filter(|peer| *peer != victim);
        peers
            .map(|peer| match self.mute {
                true => (victim, peer),
                false => (peer, victim),
            })
            .collect()
    }
}

impl Nemesis for Network {
    fn aim(&mut self, scene: &mut Scene<'_>, rng: &mut Rng) -> Result<Option<Fault>> {
        let count = scene.count();
        let any = scene.any_node(rng);
        let victim = match self.fault {
            NetworkFault::Leader => scene.sights.leader().unwrap_or(any),
            _ => any,
        };
        self.victim = Some(victim);
        self.mute = rng.bool();
        let mut fault = aimed_at(&[victim]);
        match self.fault {
            NetworkFault::Host | NetworkFault::Raft | NetworkFault::Leader => {
                fault.cut = links_of(victim, count);
                fault.peers_only = self.fault != NetworkFault::Host;
            }
            NetworkFault::OneWay => {
                let cut = self.one_way(victim, count).into_iter();
                fault.cut = cut
                    .map(|(from, to)| (names::node(from), names::node(to)))
                    .collect();
                let what = if self.mute {
                    "is not heard"
                } else {
                    "hears nobody"
                };
                fault.detail = Some(what.to_owned());
            }
            NetworkFault::Overlay | NetworkFault::Loss | NetworkFault::Slow => {}
        }
        Ok(Some(fault))
    }

    fn strike(&mut self, scene: &mut Scene<'_>) -> Result<()> {
        let Some(victim) = self.victim else {
            return Ok(());
        };
        let count = scene.count();
        let faults = scene.lab.faults();
        match self.fault {
            NetworkFault::Host => faults.cut_host(victim),
            NetworkFault::Raft | NetworkFault::Leader => faults.cut_raft(victim),
            NetworkFault::Overlay => faults.cut_overlay(victim),
            NetworkFault::Loss => faults.lose(victim),
            NetworkFault::Slow => faults.slow(victim),
            NetworkFault::OneWay => {
                let mut ways = self.one_way(victim, count).into_iter();
                ways.try_for_each(|(from, to)| faults.cut_one_way(from, to))
            }
        }
    }

    fn heal(&mut self, scene: &mut Scene<'_>) -> Result<()> {
        let faults = scene.lab.faults();
        match (self.fault, self.victim.take()) {
            (_, None) => Ok(()),
            (NetworkFault::Host | NetworkFault::OneWay, _) => faults.mend_cut(),
            (NetworkFault::Raft | NetworkFault::Leader, _) => faults.mend_raft(),
            (NetworkFault::Overlay, _) => faults.mend_overlay(),
            (NetworkFault::Loss, _) => faults.mend_lossy(),
            (NetworkFault::Slow, Some(victim)) => faults.mend_slow(victim),
        }
    }
}
