//! Faults come and go.

use super::arena::{World, name};
use super::reconfigure::Reconfiguration;
use super::replacement::Replacement;
use super::rollback::Rollback;
use crate::disk::{Crash, DiskFaults};
use crate::fault::{Fault, Kind, Plane, Timed};
use crate::network::{Host, Weather};
use crate::scenario::Scenario;
use crate::stats::Rare;
use anyhow::Result;
use fastrand::Rng;
use ipam::NodeId;
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

/// How long nodes take to start at the beginning, at most.
const FIRST_STARTS: Duration = Duration::from_millis(1500);

/// How long a node is down whose power failed at a write, at most.
const LONGEST_AFTER_WRITE: Duration = Duration::from_secs(5);

/// A command of an operator's may take effect so long after it was asked.
const ASKED_LONG_BEFORE: Duration = Duration::from_secs(15);

/// What is still to come.
pub(super) struct Faults {
    begin: VecDeque<Timed>,
    end: BTreeMap<(Duration, u64), Ending>,
    endings: u64,
    pub(super) replacement: Option<Replacement>,
    pub(super) rollback: Option<Rollback>,
    pub(super) reconfiguration: Option<Reconfiguration>,
}

/// How a fault ends.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Ending {
    Start(Host),
    Resume(Host),
    MendDisk(Host),
    MendPaths(Plane),
    FairWeather(Plane),
    MendPort(Host),
}

impl Faults {
    pub(super) fn new(scenario: &Scenario) -> Self {
        let mut faults = Self {
            begin: scenario.schedule.0.iter().cloned().collect(),
            end: BTreeMap::new(),
            endings: 0,
            replacement: None,
            rollback: None,
            reconfiguration: None,
        };
        let mut random = Rng::with_seed(scenario.seed);
        for host in scenario.hosts() {
            let at = FIRST_STARTS.mul_f64(random.f64());
            faults.ends(at, Ending::Start(host));
        }
        faults
    }

    /// One more fault, in its time.
    pub(super) fn begins(&mut self, fault: Timed) {
        let place = self.begin.partition_point(|other| other.at <= fault.at);
        self.begin.insert(place, fault);
    }

    /// When the next one begins or ends.
    pub(super) fn next(&self) -> Option<Duration> {
        let begins = self.begin.front().map(|timed| timed.at);
        let ends = self.end.first_key_value().map(|((at, _), _)| *at);
        begins.into_iter().chain(ends).min()
    }

    /// Whether the listen IP of one of our nodes is, or will soon be, nobody's for a while: who reserves it then
    /// gets it, and keeps the node out.
    pub(super) fn free_listen_ips(&self, now: Duration) -> bool {
        let frees = |timed: &Timed| {
            matches!(timed.fault.kind, Kind::Replacement | Kind::Reconfigured)
                && timed.at < now + ASKED_LONG_BEFORE
        };
        self.replacement.is_some() || self.reconfiguration.is_some() || self.begin.iter().any(frees)
    }

    fn ends(&mut self, at: Duration, ending: Ending) {
        self.endings += 1;
        self.end.insert((at, self.endings), ending);
    }
}

impl World {
    /// Begins and ends what is due.
    pub(super) fn apply_faults(&mut self) -> Result<()> {
        while let Some(entry) = self.faults.end.first_entry() {
            if entry.key().0 > self.now {
                break;
            }
            let ending = entry.remove();
            self.end_fault(&ending)?;
        }
        let now = self.now;
        while !self.is_delicate()
            && let Some(timed) = self.faults.begin.pop_front_if(|timed| timed.at <= now)
        {
            self.begin_fault(&timed.fault);
        }
        self.notice_dead_disks();
        self.roll_back_further()?;
        self.reconfigure_further()?;
        self.replace_further()
    }

    /// Ends everything that is wrong: the last fault is over.
    pub(super) fn heal_all(&mut self) -> Result<()> {
        self.drop_rollback();
        // Those that had to wait for too long.
        self.faults.begin.clear();
        let endings = std::mem::take(&mut self.faults.end);
        for ending in endings.into_values() {
            self.end_fault(&ending)?;
        }
        self.mend_paths(Plane::Both);
        self.fair_weather(Plane::Both);
        for host in self.scenario.hosts() {
            if let Some(node) = self.nodes.get(&host) {
                node.disk.crash_after(u64::MAX, Crash::Power);
            }
            self.end_fault(&Ending::MendDisk(host))?;
            self.end_fault(&Ending::Start(host))?;
        }
        self.finish_reconfiguration()
    }

    /// Whether a fault is still to end, or a node is on its way out or in.
    pub(super) fn has_more_to_come(&self) -> bool {
        !self.faults.end.is_empty()
            || self.faults.replacement.is_some()
            || self.faults.reconfiguration.is_some()
    }

    fn begin_fault(&mut self, fault: &Fault) {
        let host = fault.who.resolve(self.observer.leader);
        if self.is_beyond_bound(fault.kind, host) {
            return;
        }
        self.stats.fault(fault.kind);
        self.observer.judge.disturbed();
        self.trace.note("world", format_args!("{fault}"));
        let over = self.now + fault.lasts;
        let mut random = Rng::with_seed(fault.seed);
        match fault.kind {
            Kind::Partition => self.cut(fault, over),
            Kind::BadWeather => {
                self.set_weather(fault.plane, &bad_weather(&mut random));
                self.faults.ends(over, Ending::FairWeather(fault.plane));
            }
            Kind::ProcessDeath => self.crash_until(host, Crash::Process, over),
            Kind::PowerCut => self.crash_until(host, Crash::Power, over),
            Kind::PowerCutAtWrite => {
                if let Some(node) = self.nodes.get(&host) {
                    node.disk.crash_after(random.u64(0..20), Crash::Power);
                }
            }
            Kind::PowerCutOfAll => {
                for host in self.scenario.hosts() {
                    let after = fault.lasts.mul_f64(random.f64());
                    self.crash_until(host, Crash::Power, self.now + after);
                }
                self.stats.rare(Rare::AllDown, 1);
            }
            Kind::DiskFull | Kind::FailingSync | Kind::SlowDisk => {
                self.break_disk(host, disk_faults(fault.kind, &mut random));
                self.faults.ends(over, Ending::MendDisk(host));
            }
            Kind::Pause => {
                if let Some(node) = self.nodes.get_mut(&host) {
                    node.set_paused(true);
                }
                self.faults.ends(over, Ending::Resume(host));
            }
            Kind::FailingPort => {
                self.break_port(host, true);
                self.faults.ends(over, Ending::MendPort(host));
            }
            Kind::Snapshot => self.take_snapshot(host),
            Kind::LeaderTransfer => {
                let heir = random.u64(1..=self.scenario.nodes);
                self.hand_leadership(NodeId(heir));
            }
            Kind::Rollback => self.begin_rollback(host, fault.lasts, random),
            Kind::Replacement => self.begin_replacement(host, random),
            Kind::Reconfigured => self.begin_reconfiguration(host, fault.lasts, random),
            Kind::OtherCluster => self.others_do(&mut random),
            Kind::Operator => self.operate(&mut random),
            Kind::Intruder => self.intrude(&mut random),
            Kind::FlushedRules => {
                if let Some(node) = self.nodes.get(&host) {
                    node.kernel().flush_ruleset();
                }
            }
        }
    }

    fn end_fault(&mut self, ending: &Ending) -> Result<()> {
        match *ending {
            Ending::Start(host) => {
                let is_down = self.nodes.get(&host).is_some_and(|node| !node.is_up());
                if is_down && !self.is_held_off(host) {
                    self.start_node(host)?;
                }
            }
            Ending::Resume(host) => {
                if let Some(node) = self.nodes.get_mut(&host) {
                    node.set_paused(false);
                    self.trace.note(name(host), format_args!("goes on"));
                }
                self.deliver_held(host);
            }
            Ending::MendDisk(host) => self.mend_disk(host)?,
            Ending::MendPaths(plane) => self.mend_paths(plane),
            Ending::FairWeather(plane) => self.fair_weather(plane),
            Ending::MendPort(host) => self.break_port(host, false),
        }
        Ok(())
    }

    fn cut(&mut self, fault: &Fault, over: Duration) {
        let cuts = fault.shape.cuts(self.scenario.nodes, self.observer.leader);
        if fault.plane != Plane::Clients {
            self.network.with_paths(|paths| {
                cuts.iter().for_each(|(from, to)| paths.cut(*from, *to));
            });
        }
        if fault.plane != Plane::Peers {
            for (from, to) in &cuts {
                self.segment.paths.cut(*from, *to);
            }
        }
        self.faults.ends(over, Ending::MendPaths(fault.plane));
    }

    pub(super) fn mend_paths(&mut self, plane: Plane) {
        self.trace
            .note("world", format_args!("the paths of {plane:?} are whole"));
        if plane != Plane::Clients {
            self.network.with_paths(crate::network::Paths::heal);
        }
        if plane != Plane::Peers {
            self.segment.paths.heal();
        }
    }

    fn set_weather(&mut self, plane: Plane, weather: &Weather) {
        if plane != Plane::Clients {
            self.network
                .with_paths(|paths| paths.set_weather(weather.clone()));
        }
        if plane != Plane::Peers {
            self.segment.paths.set_weather(weather.clone());
        }
    }

    fn fair_weather(&mut self, plane: Plane) {
        self.trace
            .note("world", format_args!("fair weather on {plane:?}"));
        self.set_weather(plane, &Weather::fair());
    }

    pub(super) fn crash_until(&mut self, host: Host, crash: Crash, until: Duration) {
        self.crash(host, crash);
        self.faults.ends(until, Ending::Start(host));
    }

    /// Ends a node's life now.
    pub(super) fn crash(&mut self, host: Host, crash: Crash) {
        let Some(node) = self.nodes.get_mut(&host).filter(|node| node.is_up()) else {
            return;
        };
        self.trace.note(name(host), format_args!("dies: {crash:?}"));
        node.crash(crash);
        self.network.host_died(host, crash == Crash::Power);
        self.drop_held(host);
    }

    /// A disk that ended its node's life by itself ([`Kind::PowerCutAtWrite`]).
    fn notice_dead_disks(&mut self) {
        let dead = self.nodes.values().filter(|node| {
            let opened = node.seen(|seen| seen.opening);
            opened == Some(true) && !node.disk.is_running()
        });
        let dead: Vec<Host> = dead.map(|node| node.host).collect();
        for host in dead {
            let down = LONGEST_AFTER_WRITE.mul_f64(self.random.f64());
            self.crash_until(host, Crash::Power, self.now + down);
        }
    }

    pub(super) fn break_disk(&mut self, host: Host, faults: DiskFaults) {
        if let Some(node) = self.nodes.get(&host) {
            node.disk.set_faults(faults);
        }
    }

    /// A node that starts anew has a port that works.
    fn break_port(&self, host: Host, fails: bool) {
        let port = self.nodes.get(&host).and_then(|node| node.port());
        if let Some(port) = port {
            port.set_failing(fails);
        }
    }

    /// The disk works again. A node whose storage failed meanwhile is started anew, by hand.
    pub fn mend_disk(&mut self, host: Host) -> Result<()> {
        self.break_disk(host, good_disk());
        if self.nodes.get(&host).is_some_and(|node| node.has_failed()) {
            self.stats.rare(Rare::StorageFailed, 1);
            self.crash(host, Crash::Process);
            self.start_node(host)?;
        }
        Ok(())
    }

    fn take_snapshot(&self, host: Host) {
        let Some(node) = self.nodes.get(&host) else {
            return;
        };
        let trace = self.trace.clone();
        node.spawn(|cluster| {
            Box::pin(async move {
                if let Err(error) = cluster.take_snapshot().await {
                    trace.note(name(host), format_args!("{error}"));
                }
            })
        });
    }

    pub(super) fn hand_leadership(&self, heir: NodeId) {
        let Some(leader) = self.observer.leader else {
            return;
        };
        let Some(node) = self.nodes.get(&leader) else {
            return;
        };
        let trace = self.trace.clone();
        node.spawn(|cluster| {
            Box::pin(async move {
                if let Err(error) = cluster.transfer_leadership(heir).await {
                    trace.note(name(leader), format_args!("{error}"));
                }
            })
        });
    }
}

fn bad_weather(random: &mut Rng) -> Weather {
    let least = Duration::from_millis(2);
    let most = least + Duration::from_millis(random.u64(5..400)).mul_f64(random.f64());
    Weather {
        latency: least..=most,
        loss: random.f64() * random.f64() * 0.5,
        duplicate: random.f64() * random.f64() * 0.5,
    }
}

/// A disk with nothing wrong: a sync takes a moment.
pub(super) fn good_disk() -> DiskFaults {
    DiskFaults {
        sync_latency: Duration::ZERO..=Duration::from_millis(3),
        ..DiskFaults::default()
    }
}

fn disk_faults(kind: Kind, random: &mut Rng) -> DiskFaults {
    let least = Duration::from_millis(random.u64(1..20));
    let most = least + Duration::from_millis(random.u64(1..500));
    DiskFaults {
        full: kind == Kind::DiskFull,
        failing_sync: kind == Kind::FailingSync,
        sync_latency: if kind == Kind::SlowDisk {
            least..=most
        } else {
            good_disk().sync_latency
        },
    }
}
