//! A core: some majority is whole, while the rest stays cut off, dead, slow or standing still for as long
//! as it likes. Service is owed all the same (contract L7; "core" as TigerBeetle's simulator has it).

use super::arena::{World, name};
use super::faults::good_disk;
use crate::client::TrueTime;
use crate::disk::{Crash, DiskFaults};
use crate::network::Host;
use crate::scenario::Scenario;
use crate::stats::Rare;
use anyhow::Result;
use fastrand::Rng;
use std::collections::BTreeMap;
use std::time::Duration;

/// So that it takes nothing from what a seed drew before there were cores.
const SALT: u64 = 0xc04e;
/// How long the rest stays broken beside an election, at least: newcomers, renewals, leases that end.
const LASTS: Duration = Duration::from_secs(45);

/// Who is broken, and how.
#[derive(Clone, Debug)]
pub(super) struct Core {
    rest: BTreeMap<Host, Broken>,
    seed: u64,
}

/// What is wrong with a node, for good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Broken {
    /// Its power is gone.
    Dead,
    /// Its process stands still.
    Paused,
    /// No peer reaches it, and it reaches none.
    CutOff,
    /// Some messages get through, in some directions.
    HalfCut,
    /// Its disk takes long for everything.
    Slow,
}

impl Core {
    /// The core of a run; in every other run a single node is lost instead.
    pub(super) fn draw(scenario: &Scenario) -> Option<Self> {
        let mut random = Rng::with_seed(scenario.seed ^ SALT);
        let minority = usize::try_from((scenario.nodes - 1) / 2).unwrap_or_default();
        if minority == 0 || random.bool() {
            return None;
        }
        let mut hosts: Vec<Host> = scenario.hosts().collect();
        random.shuffle(&mut hosts);
        hosts.truncate(random.usize(1..=minority));
        let rest = hosts.into_iter().map(|host| {
            let broken = match random.u8(0..6) {
                0 => Broken::Dead,
                1 => Broken::Paused,
                2 => Broken::CutOff,
                3 => Broken::Slow,
                _ => Broken::HalfCut,
            };
            (host, broken)
        });
        let rest = rest.collect();
        Some(Self {
            rest,
            seed: random.u64(..),
        })
    }
}

impl World {
    /// Nothing is ever mended, and newcomers and residents are served.
    pub(super) fn live_with(&mut self, core: &Core) -> Result<()> {
        let pace = self.scenario.distance.pace();
        let elections = self.elections(core);
        let now = TrueTime(self.now);
        let mut random = Rng::with_seed(core.seed);
        for (host, broken) in &core.rest {
            self.break_node(*host, *broken, &mut random);
        }
        self.stats.rare(Rare::CoreAlone, 1);
        let gone = self.who_may_not_serve(core);
        let lost = self.loss_of(&gone);
        self.observer.judge.lost(now, lost, elections);
        self.newcomers_arrive(pace.election + LASTS / 3);
        self.go_on_for(pace.election + pace.served_within + LASTS)?;
        self.observer.judge.look_who_waits(TrueTime(self.now));
        self.observe()?;
        self.observer.judge.disturbed();
        for host in core.rest.keys() {
            self.mend_node(*host)?;
        }
        self.observer.judge.healed(TrueTime(self.now));
        Ok(())
    }

    /// The broken ones; and of the core those that one of them does not reach, where that one and those that it
    /// reaches in both directions are a majority: it may lead, and those stay out of service.
    fn who_may_not_serve(&mut self, core: &Core) -> Vec<Host> {
        let hosts: Vec<Host> = self.scenario.hosts().collect();
        let half_cut = core.rest.iter().filter(|(_, how)| **how == Broken::HalfCut);
        let half_cut: Vec<Host> = half_cut.map(|(host, _)| *host).collect();
        let majority = hosts.len() / 2 + 1;
        self.network.with_paths(|paths| {
            let is_cut = |one, other| paths.is_cut(one, other) || paths.is_cut(other, one);
            let may_lead = |host: Host| {
                let joined = hosts.iter().filter(|other| !is_cut(host, **other));
                joined.count() >= majority
            };
            let is_missed = |host: &Host| {
                let mut leaders = half_cut.iter().filter(|other| may_lead(**other));
                leaders.any(|other| is_cut(*host, *other))
            };
            let may_not = |host: &Host| core.rest.contains_key(host) || is_missed(host);
            hosts.iter().copied().filter(may_not).collect()
        })
    }

    /// How many elections it takes until the core serves. A leader whose messages still get out must first
    /// notice that it hears nobody, and fall silent.
    fn elections(&self, core: &Core) -> u32 {
        let how = match self.observer.leader {
            Some(leader) => core.rest.get(&leader),
            None => return 1,
        };
        match how {
            None => 0,
            Some(Broken::HalfCut) => 2,
            Some(_) => 1,
        }
    }

    fn break_node(&mut self, host: Host, broken: Broken, random: &mut Rng) {
        self.trace
            .note(name(host), format_args!("is {broken:?} from now on"));
        let others: Vec<Host> = self
            .scenario
            .hosts()
            .filter(|other| *other != host)
            .collect();
        let trace = self.trace.clone();
        match broken {
            Broken::Dead => self.crash(host, Crash::Power),
            Broken::Paused => {
                if let Some(node) = self.nodes.get_mut(&host) {
                    node.set_paused(true);
                }
            }
            Broken::CutOff | Broken::HalfCut => self.network.with_paths(|paths| {
                for other in others {
                    for (from, to) in [(host, other), (other, host)] {
                        if broken == Broken::CutOff || random.bool() {
                            trace.note("world", format_args!("no path from n{from} to n{to}"));
                            paths.cut(from, to);
                        }
                    }
                }
            }),
            Broken::Slow => {
                let least = Duration::from_millis(random.u64(50..300));
                let most = least + Duration::from_millis(random.u64(1..700));
                if let Some(node) = self.nodes.get(&host) {
                    node.disk.set_faults(DiskFaults {
                        sync_latency: least..=most,
                        ..good_disk()
                    });
                }
            }
        }
    }

    fn mend_node(&mut self, host: Host) -> Result<()> {
        self.trace
            .note(name(host), format_args!("is mended after all"));
        self.network.with_paths(crate::network::Paths::heal);
        if let Some(node) = self.nodes.get_mut(&host) {
            node.set_paused(false);
            node.disk.set_faults(good_disk());
        }
        self.deliver_held(host);
        if self.nodes.get(&host).is_some_and(|node| !node.is_up()) {
            self.start_node(host)?;
        }
        Ok(())
    }
}
