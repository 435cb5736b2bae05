//! The world's parts, and one step.

use super::coverage::Coverage;
use super::faults::{Faults, good_disk};
use super::intruder::Overheard;
use super::kernels::Kernels;
use super::neighbours::Neighbours;
use super::observe::Observer;
use super::others::Others;
use super::script::Stage;
use super::status::Shows;
use super::{LONGEST_STEP, STEP};
use crate::client::TrueTime;
use crate::disk::Disk;
use crate::lan::Segment;
use crate::network::{CallId, Delivery, Host, PeerNetwork, PeerRequest};
use crate::node::{Boot, Node};
use crate::others::node_on;
use crate::scenario::{Scenario, listen_ip, peer_address};
use crate::sometimes::Sightings;
use crate::stats::Stats;
use crate::trace::Trace;
use anyhow::{Context, Result};
use cluster::{ClusterConfig, Start};
use fastrand::Rng;
use ipam::{Bootstrap, NodeId};
use natd::{Guard, InterfaceName, NodeContext};
use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

/// Everything.
pub struct World {
    pub(super) scenario: Scenario,
    pub(super) random: Rng,
    pub(super) now: Duration,
    pub(super) trace: Trace,
    pub(super) stats: Stats,
    pub(super) nodes: BTreeMap<Host, Node>,
    pub(super) network: PeerNetwork,
    pub(super) segment: Segment,
    pub(super) neighbours: Neighbours,
    pub(super) faults: Faults,
    pub(super) observer: Observer,
    pub(super) coverage: Coverage,
    pub(super) sightings: Sightings,
    pub(super) overheard: Overheard,
    pub(super) shows: Shows,
    pub(super) kernels: Kernels,
    pub(super) stage: Stage,
    pub(super) others: Option<Others>,
    /// Requests that wait for a paused process.
    held: BTreeMap<Host, Vec<(CallId, Host, PeerRequest)>>,
}

impl World {
    /// The world at its beginning.
    pub fn new(scenario: Scenario, trace: Trace) -> Result<Self> {
        let mut random = Rng::with_seed(scenario.seed ^ 0x5eed);
        let addresses = scenario.hosts().map(|host| (peer_address(host), host));
        let addresses = addresses.chain(super::others::addresses(&scenario));
        let network = PeerNetwork::new(random.u64(..), addresses.collect());
        network.with_paths(|paths| paths.set_distance(scenario.distance.clone()));
        let segment = Segment::new(random.u64(..));
        let mut nodes = BTreeMap::new();
        for (host, rate) in scenario.hosts().zip(&scenario.rates) {
            let disk = new_disk(random.u64(..));
            nodes.insert(host, Node::new(boot(&scenario, host)?, disk, *rate));
        }
        let neighbours = Neighbours::new(&scenario, &mut random);
        let faults = Faults::new(&scenario);
        let mut observer = Observer::new(scenario.distance.pace());
        for squatter in &scenario.squatters {
            let since = TrueTime(squatter.since);
            observer.judge.squatter(squatter.address, since);
        }
        observer.know_clusters(&scenario);
        let others = Others::new(&scenario)?;
        Ok(Self {
            random,
            now: Duration::ZERO,
            trace,
            stats: Stats::default(),
            nodes,
            network,
            segment,
            neighbours,
            faults,
            observer,
            coverage: Coverage::default(),
            sightings: Sightings::default(),
            overheard: Overheard::default(),
            shows: Shows::default(),
            kernels: Kernels::default(),
            stage: Stage::default(),
            others,
            held: BTreeMap::new(),
            scenario,
        })
    }

    /// What it went through.
    #[must_use]
    pub fn stats(&self) -> Stats {
        let mut stats = self.stats.clone();
        stats.seeds = 1;
        stats.simulated = self.now;
        for node in self.nodes.values() {
            stats.disk(&node.disk.counters());
        }
        for (row, times) in self.sightings.rows() {
            stats.note(row, times);
        }
        stats
    }

    /// One step.
    pub(super) fn step(&mut self) -> Result<()> {
        self.trace.set_now(self.now);
        self.deliver_to_nodes();
        self.deliver_on_segment();
        self.apply_faults()?;
        self.wake_neighbours();
        let end = self.now + self.length_of_step();
        self.run_nodes(end);
        self.run_others(end)?;
        self.now = end;
        self.observe()
    }

    /// As long as nothing happens but what nodes do by themselves, in whole steps.
    fn length_of_step(&self) -> Duration {
        let happens = [
            self.network.next_arrival(),
            self.segment.next_arrival(),
            self.faults.next(),
            self.neighbours.next_wake(),
            self.others_next(),
        ];
        let Some(next) = happens.into_iter().flatten().min() else {
            return LONGEST_STEP;
        };
        let mut length = STEP;
        while length < LONGEST_STEP && self.now + length < next {
            length += STEP;
        }
        length
    }

    /// Starts the node on `host`.
    pub(super) fn start_node(&mut self, host: Host) -> Result<()> {
        let seed = self.random.u64(..);
        if let Some(node) = self.nodes.get_mut(&host) {
            node.start(&self.network, &self.sightings, self.now, seed)
                .context("starting a node's runtime")?;
            self.trace
                .note(name(host), format_args!("starts, life {}", node.lives()));
        }
        Ok(())
    }

    fn deliver_to_nodes(&mut self) {
        for delivery in self.network.advance(self.now) {
            match delivery {
                Delivery::Request {
                    call,
                    from,
                    to,
                    request,
                } => {
                    self.stats.calls += 1;
                    let method = request.uri.path().rsplit('/').next().unwrap_or_default();
                    let length = request.body.len();
                    self.trace.note(
                        name(to),
                        format_args!("{method} #{} from n{from}, {length} bytes", call.0),
                    );
                    self.coverage.method_called(call, method);
                    self.overheard.hear(method, &request);
                    self.note_call(call, from, to, method);
                    let is_log = matches!(method, "Append" | "InstallSnapshot");
                    if is_log && self.stage.deaf.contains(&to) {
                        self.network.refuse(call, true);
                        continue;
                    }
                    self.hand_over(from, to, call, request);
                }
                Delivery::Answer {
                    call,
                    from,
                    to,
                    result,
                } => {
                    self.trace.note(
                        name(to),
                        format_args!("answer #{} from n{from}: {result:?}", call.0),
                    );
                    self.judge_answer(call, result);
                    if result.is_ok() && self.coverage.snapshot_answered(call) {
                        self.count_snapshot();
                    }
                }
            }
        }
    }

    fn hand_over(&mut self, from: Host, to: Host, call: CallId, request: PeerRequest) {
        let Some(node) = self.node_at(to) else {
            return;
        };
        if node.is_paused() {
            self.held.entry(to).or_default().push((call, from, request));
        } else if !node.take_request(&self.network, call, from, request) {
            // A machine without power says nothing; one whose node was never started refuses.
            let silent = !node.is_up() && node.lives() > 0;
            self.network.refuse(call, silent);
        }
    }

    /// A process goes on: what waited for it is delivered.
    pub(super) fn deliver_held(&mut self, host: Host) {
        for (call, from, request) in self.held.remove(&host).unwrap_or_default() {
            self.hand_over(from, host, call, request);
        }
        let at = TrueTime(self.now);
        for datagram in self.neighbours.unheard.remove(&host).unwrap_or_default() {
            self.observer.judge.heard(at, NodeId(host), &datagram);
        }
    }

    /// A process ended: what waited for it is gone.
    pub(super) fn drop_held(&mut self, host: Host) {
        self.held.remove(&host);
        self.neighbours.unheard.remove(&host);
    }

    fn run_nodes(&mut self, end: Duration) {
        let mut order: Vec<Host> = self.nodes.keys().copied().collect();
        self.random.shuffle(&mut order);
        self.network.set_now(end);
        self.segment.set_now(end);
        for host in order {
            let Some(node) = self.nodes.get_mut(&host) else {
                continue;
            };
            node.run_until(end);
            self.look_at_state(host, end);
            self.collect_sent(host);
        }
    }
}

/// An empty disk with nothing wrong.
pub(super) fn new_disk(seed: u64) -> Disk {
    let disk = Disk::new(seed);
    disk.set_faults(good_disk());
    disk
}

/// How a host is called in traces.
pub(super) fn name(host: Host) -> String {
    format!("n{host}")
}

/// Where a node is, and how it begins.
pub(super) struct Seat {
    pub(super) host: Host,
    pub(super) peer_address: String,
    pub(super) listen_ip: Ipv4Addr,
    /// Whether it founds the cluster.
    pub(super) founds: bool,
    /// Where the others are.
    pub(super) peers: Vec<String>,
}

fn boot(scenario: &Scenario, host: Host) -> Result<Boot> {
    let others = scenario.hosts().filter(|other| *other != host);
    let seat = Seat {
        host,
        peer_address: peer_address(host),
        listen_ip: listen_ip(host),
        founds: host == 1,
        peers: others.map(peer_address).collect(),
    };
    boot_of(scenario, &scenario.bootstrap, seat)
}

/// What a node of the cluster with this configuration is given.
pub(super) fn boot_of(scenario: &Scenario, bootstrap: &Bootstrap, seat: Seat) -> Result<Boot> {
    let Seat {
        host,
        peer_address,
        listen_ip,
        ..
    } = seat;
    let config = ClusterConfig {
        node: node_on(host),
        data_dir: "/data".into(),
        peer_listen: SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)),
        peer_address,
        listen_ip,
        tls: None,
        timings: scenario.timings,
        profile: scenario.distance.profile,
        snapshots: scenario.snapshots,
        alone: false,
    };
    let start = match seat.founds {
        true => Start::Bootstrap(Box::new(bootstrap.clone()), seat.peers),
        false => Start::Join(seat.peers),
    };
    Ok(Boot {
        host,
        config,
        start,
        relays: scenario.relay.iter().map(|relay| relay.address).collect(),
        nat: NodeContext {
            lan_interface: InterfaceName::new("lan")?,
            uplink_interface: Some(InterfaceName::new("uplink")?),
            listen_ip,
            router: bootstrap.subnet.router,
            guard: Guard::protecting([7066, 7067]),
            networks: Vec::new(),
            addresses: BTreeSet::new(),
        },
        bootstrap: bootstrap.clone(),
    })
}
