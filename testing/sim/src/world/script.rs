//! Scenes: what a test plays step by step, in a world in which nothing else goes wrong. Everything is
//! judged as in any other run.

use super::arena::{World, name};
use super::faults::good_disk;
use crate::disk::{Crash, DiskFaults, Image};
use crate::distance::Distance;
use crate::fault::{Plane, Schedule, Shape, Who};
use crate::log;
use crate::network::{Host, Lie};
use crate::node::REPRODUCIBLE;
use crate::scenario::Scenario;
use crate::trace::Trace;
use anyhow::{Result, ensure};
use cluster::Cluster;
use ipam::{AddressRange, Profile};
use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;
use std::time::Duration;

/// What is wrong in a scene beside what faults bring.
#[derive(Default)]
pub(super) struct Stage {
    /// Who is sent no log.
    pub(super) deaf: BTreeSet<Host>,
    /// Whose disk has gone back.
    pub(super) went_back: BTreeSet<Host>,
    /// Who was left without its data, and may therefore refuse to start.
    pub(super) emptied: BTreeSet<Host>,
    /// Whose configuration is wrong, or new to the cluster.
    pub(super) reconfigured: BTreeSet<Host>,
}

impl World {
    /// A world without faults, of this many nodes, with room for all its clients.
    pub fn calm(seed: u64, nodes: u64) -> Result<Self> {
        ensure!(REPRODUCIBLE, "this build cannot repeat what it does");
        raft_store::seed_randomness(Some(seed));
        let trace = Trace::kept();
        log::set_trace(Some(trace.clone()));
        let mut scenario = Scenario::draw(seed, Some(nodes))?;
        scenario.schedule = Schedule::default();
        scenario.scarce = false;
        scenario.hostile = 0;
        scenario.squatters.clear();
        scenario.others = None;
        scenario.distance = Distance {
            profile: Profile::Lan,
            one_way: BTreeMap::new(),
            loss: 0.0,
        };
        let subnet = &mut scenario.bootstrap.subnet;
        subnet.excluded.clear();
        let ends = [20, 200].map(|last| Ipv4Addr::new(10, 15, 3, last));
        subnet.pool = AddressRange::new(ends[0], ends[1])?;
        Self::new(scenario, trace)
    }

    /// Lets so much time pass.
    pub fn pass(&mut self, duration: Duration) -> Result<()> {
        let end = self.now + duration;
        while self.now < end {
            self.step()?;
        }
        Ok(())
    }

    /// Lets time pass until this is so; how much it was.
    pub fn until(
        &mut self,
        what: &str,
        within: Duration,
        is_so: impl Fn(&Self) -> bool,
    ) -> Result<Duration> {
        let begun = self.now;
        while !is_so(self) {
            ensure!(
                self.now - begun < within,
                "{what}: not within {within:?}{}",
                self.nodes_in_words()
            );
            self.step()?;
        }
        Ok(self.now - begun)
    }

    /// How many nodes there are.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.scenario.nodes
    }

    /// Who leads.
    #[must_use]
    pub fn leader(&self) -> Option<Host> {
        self.observer.leader
    }

    /// The voters, as the newest leader has them.
    #[must_use]
    pub fn voters(&self) -> &BTreeSet<Host> {
        &self.observer.members
    }

    /// Whether the node on `host` serves.
    #[must_use]
    pub fn serves(&self, host: Host) -> bool {
        let now = self.nodes.get(&host);
        now.and_then(|node| node.look(Cluster::service))
            .is_some_and(|now| now.in_service())
    }

    /// Why it does not, or why it did not start.
    #[must_use]
    pub fn reason(&self, host: Host) -> String {
        let Some(node) = self.nodes.get(&host) else {
            return String::new();
        };
        let failure = node.seen(|seen| seen.failure.clone()).flatten();
        let service = node.look(Cluster::service);
        let reason = service.and_then(|service| service.not_serving_reason);
        failure.or(reason).unwrap_or_default()
    }

    /// How many members there are by what the node on `host` knows.
    #[must_use]
    pub fn members_known_at(&self, host: Host) -> usize {
        let status = self.nodes.get(&host);
        status
            .and_then(|node| node.look(Cluster::status))
            .map_or(0, |status| status.members.len())
    }

    /// What the node on `host` has applied.
    #[must_use]
    pub fn applied(&self, host: Host) -> u64 {
        let status = self.nodes.get(&host);
        status
            .and_then(|node| node.look(Cluster::status))
            .map_or(0, |status| status.last_applied)
    }

    /// DHCPACKs that clients were given.
    #[must_use]
    pub fn acknowledged(&self) -> u64 {
        self.stats.acks
    }

    /// The power of these fails.
    pub fn cut_power(&mut self, hosts: &[Host]) {
        self.observer.judge.disturbed();
        for host in hosts {
            self.crash(*host, Crash::Power);
        }
    }

    /// These start again.
    pub fn start(&mut self, hosts: &[Host]) -> Result<()> {
        hosts.iter().try_for_each(|host| self.start_node(*host))
    }

    /// A copy of the disk of `host`.
    pub fn image(&self, host: Host) -> Option<Image> {
        self.nodes.get(&host).map(|node| node.disk.image())
    }

    /// The disk of `host`, which is down, is again as it was.
    pub fn roll_back(&mut self, host: Host, image: &Image) {
        self.stage.went_back.insert(host);
        if let Some(node) = self.nodes.get(&host) {
            node.disk.roll_back(image);
            self.trace
                .note(name(host), format_args!("its disk is rolled back"));
        }
    }

    /// The disk of `host` takes nothing more.
    pub fn fill_disk(&mut self, host: Host) {
        self.observer.judge.disturbed();
        let full = DiskFaults {
            full: true,
            ..good_disk()
        };
        self.break_disk(host, full);
    }

    /// The disk of `host`, which is down, is empty.
    pub fn empty(&mut self, host: Host) {
        self.stage.emptied.insert(host);
        if let Some(node) = self.nodes.get(&host) {
            node.disk.vanish();
            self.trace
                .note(name(host), format_args!("its disk is empty"));
        }
    }

    /// Peers and clients of other hosts do not reach `host`.
    pub fn isolate(&mut self, host: Host) {
        self.observer.judge.disturbed();
        let cuts = Shape::Alone(Who::Host(host)).cuts(self.scenario.nodes, None);
        for (from, to) in cuts {
            self.network.with_paths(|paths| paths.cut(from, to));
            self.segment.paths.cut(from, to);
        }
    }

    /// Everybody reaches everybody.
    pub fn join_all(&mut self) {
        self.mend_paths(Plane::Both);
    }

    /// Whether these are sent no entries, though all else reaches them.
    pub fn deafen(&mut self, hosts: &[Host], are_deaf: bool) {
        self.observer.judge.disturbed();
        for host in hosts {
            match are_deaf {
                true => self.stage.deaf.insert(*host),
                false => self.stage.deaf.remove(host),
            };
        }
    }

    /// From now on the node on `host` lies in what it says of notes.
    pub fn lies(&mut self, host: Host, lie: Lie) {
        self.network.lies(host, lie);
    }

    /// All that happened, in order.
    #[must_use]
    pub fn told(&self) -> Vec<String> {
        self.trace.lines()
    }
}
