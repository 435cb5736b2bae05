//! The other cluster: nodes of their own on our peers' network, and clients of their own on another link.
//!
//! It is judged by a judge of its own. Nothing goes wrong with its nodes but that they are started anew: at an
//! address that one of ours has left, with our addresses in `GATEWAY_JOIN`, or as one that its cluster has removed.

mod calls;
mod doings;
mod guests;

use super::arena::{Seat, World, boot_of, name, new_disk};
use crate::check::{Judge, Pace, Replied, Shown, Verdict, Violation};
use crate::client::{TrueTime, What};
use crate::disk::Crash;
use crate::lan::Outgoing;
use crate::network::{Host, PeerNetwork};
use crate::node::Node;
use crate::others::{OTHERS, OtherCluster, listen_ip, node_on, peer_address};
use crate::scenario::Scenario;
use crate::sometimes::{Sightings, Table};
use crate::stats::{Rare, Stats};
use crate::trace::Trace;
use anyhow::Result;
use calls::Calls;
use causes::{Trouble, cause_of};
use cluster::Cluster;
use fastrand::Rng;
use guests::Guests;
use ipam::Profile;
use std::collections::BTreeMap;
use std::time::Duration;

/// How long its nodes take to start, at most.
const STARTS: Duration = Duration::from_millis(1500);
/// How often a node of it is asked whether it serves.
const ASK_EVERY: Duration = Duration::from_secs(1);

/// The other cluster.
pub(super) struct Others {
    pub(super) nodes: BTreeMap<Host, Node>,
    /// Who starts when.
    starts: BTreeMap<Host, Duration>,
    guests: Guests,
    judge: Judge,
    random: Rng,
    calls: Calls,
    applied: BTreeMap<Host, (u64, u64)>,
    /// Whom its operator has removed, or is removing.
    leaves: Option<Host>,
    /// Everything is healed, and its clients are owed service.
    owes: bool,
    /// When its nodes were last asked whether they serve.
    asked: Duration,
}

/// What of the world its nodes are in.
struct Around<'a> {
    network: &'a PeerNetwork,
    sightings: &'a Sightings,
    trace: &'a Trace,
    stats: &'a mut Stats,
    /// When the step begins, and when it ends.
    now: Duration,
    end: Duration,
}

/// Where its nodes are at first.
pub(super) fn addresses(scenario: &Scenario) -> impl Iterator<Item = (String, Host)> + use<> {
    let hosts = scenario.others.iter().flat_map(OtherCluster::hosts);
    let hosts: Vec<Host> = hosts.collect();
    hosts.into_iter().map(|host| (peer_address(host), host))
}

impl Others {
    pub(super) fn new(scenario: &Scenario) -> Result<Option<Self>> {
        let Some(other) = &scenario.others else {
            return Ok(None);
        };
        let mut random = Rng::with_seed(other.seed ^ 1);
        let mut judge = Judge::paced(Pace::of(Profile::Lan, scenario.distance.loss > 0.0));
        judge.of_cluster(other.bootstrap.cluster_id);
        judge.other_cluster(scenario.bootstrap.cluster_id);
        let mut nodes = BTreeMap::new();
        let mut starts = BTreeMap::new();
        for host in other.hosts() {
            let peers = other.hosts().filter(|peer| *peer != host);
            let seat = Seat {
                host,
                peer_address: peer_address(host),
                listen_ip: listen_ip(host),
                founds: host == OTHERS + 1,
                peers: peers.map(peer_address).collect(),
            };
            let mut boot = boot_of(scenario, &other.bootstrap, seat)?;
            boot.config.profile = Profile::Lan;
            let rate = 1.0 + (random.f64() - 0.5) * 0.004;
            nodes.insert(host, Node::new(boot, new_disk(random.u64(..)), rate));
            starts.insert(host, STARTS.mul_f64(random.f64()));
        }
        Ok(Some(Self {
            guests: Guests::new(other, &mut random),
            nodes,
            starts,
            judge,
            random,
            calls: Calls::default(),
            applied: BTreeMap::new(),
            leaves: None,
            owes: false,
            asked: Duration::ZERO,
        }))
    }

    /// When something happens that none of its nodes does by itself.
    fn next(&self) -> Option<Duration> {
        let starts = self.starts.values().copied().min();
        starts.into_iter().chain(self.guests.next()).min()
    }

    fn run(&mut self, around: &mut Around<'_>) -> Result<()> {
        self.start_due(around)?;
        self.guests
            .deliver(around.now, &self.nodes, &mut self.judge);
        let end = around.end;
        let hosts: Vec<Host> = self.nodes.keys().copied().collect();
        for host in hosts {
            if let Some(node) = self.nodes.get_mut(&host) {
                node.run_until(end);
            }
            self.look_at_state(host, end, around);
            self.collect(host, end, around);
            self.check_started(host, end)?;
        }
        if end >= self.asked + ASK_EVERY {
            self.asked = end;
            self.look_at_status(end, around);
        }
        for event in self.guests.wake(around.now) {
            around.trace.note(
                format_args!("x{}", event.number.0),
                format_args!("{:?}", event.what),
            );
            if matches!(event.what, What::Bound { .. }) {
                around.stats.rare(Rare::OtherClusterServed, 1);
            }
            self.judge.client(&event);
        }
        match self.judge.violations().first() {
            Some(violation) => Err(Violation {
                about: format!("in the other cluster: {}", violation.about),
                ..violation.clone()
            }
            .into()),
            None => Ok(()),
        }
    }

    fn start_due(&mut self, around: &Around<'_>) -> Result<()> {
        let due = self.starts.iter().filter(|(_, at)| **at <= around.now);
        let due: Vec<Host> = due.map(|(host, _)| *host).collect();
        for host in due {
            self.starts.remove(&host);
            let seed = self.random.u64(..);
            let Some(node) = self.nodes.get_mut(&host).filter(|node| !node.is_up()) else {
                continue;
            };
            around.trace.note(name(host), format_args!("starts"));
            node.start(around.network, around.sightings, around.now, seed)?;
        }
        Ok(())
    }

    /// Ends a node's life, and starts it after so long.
    fn restart(&mut self, host: Host, after: Duration, network: &PeerNetwork, now: Duration) {
        if let Some(node) = self.nodes.get_mut(&host) {
            node.crash(Crash::Process);
        }
        network.host_died(host, false);
        self.starts.insert(host, now + after);
    }

    fn look_at_state(&mut self, host: Host, at: Duration, around: &Around<'_>) {
        let Some(node) = self.nodes.get(&host) else {
            return;
        };
        let Some(cluster) = node.cluster() else {
            return;
        };
        let Some(position) = cluster.watch_applied().borrow().position else {
            return;
        };
        let seen = (node.lives(), position.index);
        if self.applied.insert(host, seen) == Some(seen) {
            return;
        }
        around.trace.note(
            name(host),
            format_args!("has applied {}.{}", position.term, position.index),
        );
        let judge = &mut self.judge;
        cluster.read(|state| judge.applied(TrueTime(at), node_on(host), position, state));
    }

    fn collect(&mut self, host: Host, at: Duration, around: &Around<'_>) {
        let Some(node) = self.nodes.get(&host) else {
            return;
        };
        let (Some(port), Some(cluster)) = (node.port(), node.cluster()) else {
            return;
        };
        for outgoing in port.take_sent() {
            match outgoing {
                Outgoing::ArpProbe(address) => self.guests.answer_arp(address, port),
                Outgoing::Reply(to, bytes) => {
                    around
                        .trace
                        .note(name(host), format_args!("replies to {to:?}"));
                    let judge = &mut self.judge;
                    cluster.read(|state| {
                        judge.replied(&Replied {
                            at: TrueTime(at),
                            node: node_on(host),
                            listen_ip: listen_ip(host),
                            bytes: &bytes,
                            state,
                            without_quorum_since: None,
                        });
                    });
                    self.guests.carry(at, to, &bytes);
                }
            }
        }
    }

    fn check_started(&self, host: Host, at: Duration) -> Verdict {
        let failure = self.nodes.get(&host);
        let failure = failure.and_then(|node| node.seen(|seen| seen.failure.clone()).flatten());
        match failure.filter(|_| self.leaves != Some(host)) {
            None => Ok(()),
            Some(failure) => {
                let facts = ["nothing is wrong with it".to_owned(), failure];
                let about = format!("node {host} of the other cluster did not start");
                Err(Violation::new("S2", TrueTime(at), about, facts))
            }
        }
    }

    /// What they say of themselves. That their nodes were started anew is no news to their judge.
    fn look_at_status(&mut self, at: Duration, around: &Around<'_>) {
        const USUAL: [Trouble; 6] = [
            Trouble::Down,
            Trouble::NoMember,
            Trouble::Network,
            Trouble::Election,
            Trouble::Stranger,
            Trouble::Reconfigured,
        ];
        for (host, node) in &self.nodes {
            let Some(status) = node.look(Cluster::status) else {
                continue;
            };
            for trouble in USUAL {
                self.judge.trouble(TrueTime(at), node_on(*host), trouble);
            }
            if self.leaves == Some(*host) {
                self.judge
                    .trouble(TrueTime(at), node_on(*host), Trouble::Removal);
            }
            let reason = status.service.not_serving_reason.clone();
            if let Some(cause) = reason.as_deref().and_then(cause_of) {
                around.sightings.note(Table::NotServing, cause.says);
            }
            self.judge.shown(&Shown {
                at: TrueTime(at),
                node: node_on(*host),
                reason,
                verdict: None,
                members: Vec::new(),
                notices: status.notices,
                all_well: false,
                could: false,
            });
        }
    }
}

impl World {
    /// One step of the other cluster.
    pub(super) fn run_others(&mut self, end: Duration) -> Result<()> {
        let Some(others) = &mut self.others else {
            return Ok(());
        };
        others.run(&mut Around {
            network: &self.network,
            sightings: &self.sightings,
            trace: &self.trace,
            stats: &mut self.stats,
            now: self.now,
            end,
        })
    }

    /// When something happens in the other cluster that its nodes do not do by themselves.
    pub(super) fn others_next(&self) -> Option<Duration> {
        self.others.as_ref()?.next()
    }

    /// The node on a host of either cluster.
    pub(super) fn node_at(&self, host: Host) -> Option<&Node> {
        let others = || self.others.as_ref()?.nodes.get(&host);
        self.nodes.get(&host).or_else(others)
    }

    /// The last fault is over: it owes its clients service, too, and some come that nobody knows. A single
    /// node may yield to ours for as long as it hears it.
    pub(super) fn others_are_at_peace(&mut self) {
        let now = TrueTime(self.now);
        let Some(others) = self.others.as_mut() else {
            return;
        };
        others.mend_lists(&self.network, self.now);
        let voters = others.nodes.len() - usize::from(others.leaves.is_some());
        if voters > 1 {
            others.judge.healed(now);
            others.owes = true;
            let settled = self.scenario.distance.pace().settled_after;
            others
                .guests
                .newcomers(self.now + settled, &mut others.random);
        }
    }

    /// Whoever came has been served by now.
    pub(super) fn judge_others(&mut self) {
        if let Some(others) = self.others.as_mut().filter(|others| others.owes) {
            others.judge.look_who_waits(TrueTime(self.now));
        }
    }
}
