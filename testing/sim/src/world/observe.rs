//! Looks at the nodes after every step: who leads, what was applied, and whether it may be so.

use super::arena::{World, name};
use crate::check::{End, Judge, Pace, Promises, Replied, Violation};
use crate::client::TrueTime;
use crate::network::{Host, Paths};
use crate::panics;
use crate::scenario::{Scenario, peer_address};
use crate::stats::Rare;
use anyhow::{Result, bail};
use cluster::{Cluster, Role};
use ipam::{LeaseState, LogPosition, NodeId, State};
use natd::image::TableImage;
use natd::ruleset::TABLE;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// How often the nodes are asked who leads: it takes them longer to change that.
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// How often all kernels are looked at, beside each that changes.
const ALL_KERNELS_EVERY: Duration = Duration::from_millis(200);
/// How long there may be no leader before it is worth counting.
const LONG: Duration = Duration::from_secs(1);

/// What was seen last.
pub(super) struct Observer {
    /// Who leads, if anybody does.
    pub(super) leader: Option<Host>,
    term: u64,
    /// Since when nobody leads, and whether that has been for long.
    leaderless: Option<(Duration, bool)>,
    /// When the nodes are looked at next, and when all kernels are.
    next_look: Duration,
    next_kernels: Duration,
    /// What each node's life has applied.
    applied: BTreeMap<Host, (u64, LogPosition)>,
    /// Since when a node has no majority in its reach.
    cut_off: BTreeMap<Host, Duration>,
    /// The voters, as the newest leader has them.
    pub(super) members: BTreeSet<Host>,
    pub(super) newest: u64,
    /// Whether an offer waits for its DHCPREQUEST.
    offer_outstanding: bool,
    pub(super) judge: Judge,
}

impl Observer {
    pub(super) fn new(pace: Pace) -> Self {
        Self {
            leader: None,
            term: 0,
            leaderless: None,
            next_look: Duration::ZERO,
            next_kernels: Duration::ZERO,
            applied: BTreeMap::new(),
            cut_off: BTreeMap::new(),
            members: BTreeSet::new(),
            newest: 0,
            offer_outstanding: false,
            judge: Judge::paced(pace),
        }
    }

    /// Tells the judge which clusters there are.
    pub(super) fn know_clusters(&mut self, scenario: &Scenario) {
        self.judge.of_cluster(scenario.bootstrap.cluster_id);
        for host in scenario.hosts() {
            self.judge.address(&peer_address(host));
        }
        if let Some(others) = &scenario.others {
            self.judge.other_cluster(others.bootstrap.cluster_id);
        }
    }
}

impl World {
    /// After every step.
    pub(super) fn observe(&mut self) -> Result<()> {
        self.look_at_reach();
        if !self.segment.paths.are_whole() || self.is_quiet() {
            self.observer.judge.link_disturbed(TrueTime(self.now));
        }
        let all_kernels = self.now >= self.observer.next_kernels;
        if all_kernels {
            self.observer.next_kernels = self.now + ALL_KERNELS_EVERY;
        }
        self.look_at_kernels(all_kernels);
        if self.now >= self.observer.next_look {
            self.observer.next_look = self.now + LOOK_EVERY;
            self.look_for_leader();
            self.look_at_status();
        }
        self.check_started()?;
        if let Some(panic) = panics::take() {
            bail!("a panic: {panic}");
        }
        if let Some(violation) = self.observer.judge.violations().first() {
            return Err(violation.clone().into());
        }
        Ok(())
    }

    /// Judges by these promises alone.
    pub const fn mind(&mut self, promises: Option<Promises>) {
        self.observer.judge.mind(promises);
    }

    /// A node sends a reply.
    pub(super) fn reply_sent(&mut self, host: Host, bytes: &[u8]) {
        let at = TrueTime(self.now);
        let cluster = self.nodes.get(&host).and_then(|node| node.cluster());
        let Some(cluster) = cluster else { return };
        let cut_off = self.observer.cut_off.get(&host).copied();
        let own_ip = self.own_ip(host);
        let judge = &mut self.observer.judge;
        cluster.read(|state| {
            judge.replied(&Replied {
                at,
                node: NodeId(host),
                listen_ip: own_ip,
                bytes,
                state,
                without_quorum_since: cut_off.map(TrueTime),
            });
        });
    }

    /// Whether every node votes, as whoever leads has it.
    pub(super) fn all_vote(&self) -> bool {
        self.observer.members.len() == self.nodes.len()
    }

    /// Every node as it is, for people.
    pub(super) fn nodes_in_words(&self) -> String {
        let lines = self.nodes.values().map(|node| {
            let Some(status) = node.look(Cluster::status) else {
                let failure = node.seen(|seen| seen.failure.clone()).flatten();
                return format!("\n    n{}: {failure:?}", node.host);
            };
            let members: Vec<_> = status.members.iter().map(|member| member.node.0).collect();
            format!(
                "\n    n{}: term {}, leader {:?}, applied {}, members {members:?}, {}",
                node.host,
                status.term,
                status.leader,
                status.last_applied,
                status
                    .service
                    .not_serving_reason
                    .as_deref()
                    .unwrap_or("in service"),
            )
        });
        lines.collect()
    }

    /// What every node has come to at the end; nothing while they have not come to the same.
    pub(super) fn judge_end(&mut self) -> bool {
        let mut ends: Vec<(Host, LogPosition, State, Option<TableImage>)> = Vec::new();
        for node in self.nodes.values() {
            let Some(cluster) = node.cluster() else {
                return false;
            };
            let Some(position) = cluster.watch_applied().borrow().position else {
                return false;
            };
            if !node
                .look(Cluster::service)
                .is_some_and(|now| now.in_service())
            {
                return false;
            }
            let state = cluster.read(State::clone);
            let table = node.kernel().table(TABLE);
            ends.push((node.host, position, state, table));
        }
        let first = ends.first().map(|end| end.1);
        if !ends.iter().all(|end| Some(end.1) == first) {
            return false;
        }
        let ends: Vec<End<'_>> = ends
            .iter()
            .zip(self.nodes.values())
            .map(|((host, position, state, ruleset), node)| End {
                node: NodeId(*host),
                position: *position,
                state,
                ruleset: ruleset.as_ref(),
                context: &node.boot.nat,
            })
            .collect();
        self.observer.judge.finish(TrueTime(self.now), &ends);
        true
    }

    /// A node that does not start has lost something that it must have, or refuses what it should
    /// take (S2).
    fn check_started(&self) -> Result<()> {
        for node in self.nodes.values() {
            let failure = node.seen(|seen| seen.failure.clone()).flatten();
            // A disk that is broken, or died in the middle, is reason enough.
            if let Some(failure) = failure
                && node.disk.is_running()
                && !node.disk_is_broken()
                && !self.stage.emptied.contains(&node.host)
                && !self.stage.reconfigured.contains(&node.host)
            {
                let facts = [
                    "its disk works, and has not failed in the middle".to_owned(),
                    format!("it says: {failure}"),
                ];
                let about = format!("node {} did not start", node.host);
                return Err(Violation::new("S2", TrueTime(self.now), about, facts).into());
            }
        }
        Ok(())
    }

    /// What a node has applied since it was last looked at.
    pub(super) fn look_at_state(&mut self, host: Host, now: Duration) {
        let Some(node) = self.nodes.get(&host) else {
            return;
        };
        let applied = |cluster: &Cluster| *cluster.watch_applied().borrow();
        let mark = node.seen(|seen| seen.cluster().map(applied));
        let Some(mark) = mark.flatten() else { return };
        let Some(position) = mark.position else {
            return;
        };
        let seen = (node.lives(), position);
        if self.observer.applied.insert(host, seen) == Some(seen) {
            return;
        }
        self.trace.note(
            name(host),
            format_args!(
                "has applied {}.{}, clock {}",
                position.term, position.index, mark.clock
            ),
        );
        let Some(cluster) = node.cluster() else {
            return;
        };
        let at = TrueTime(now);
        let observer = &mut self.observer;
        cluster.read(|state| {
            if position.index > observer.newest {
                self.stats.entries += position.index - observer.newest;
                observer.newest = position.index;
                observer.offer_outstanding = has_offer(state);
            }
            observer.judge.applied(at, NodeId(host), position, state);
        });
    }

    /// Which nodes have no majority in their reach: those do not count that are down or stand still.
    fn look_at_reach(&mut self) {
        let awake = |host: &Host| {
            let node = self.nodes.get(host);
            node.is_some_and(|node| node.is_up() && !node.is_paused())
        };
        let reaches = |one: Host, other: Host| {
            let cut = |paths: &mut Paths| paths.is_cut(one, other) || paths.is_cut(other, one);
            one == other || !self.network.with_paths(cut)
        };
        let members = self.observer.members.clone();
        let reaches_majority = |host: Host| {
            let peers = members.iter().filter(|peer| awake(peer));
            peers.filter(|peer| reaches(host, **peer)).count() > members.len() / 2
        };
        let has_quorum: BTreeSet<Host> = members
            .iter()
            .copied()
            .filter(|host| {
                // By itself, or by a leader that has one.
                let leader = self
                    .observer
                    .leader
                    .filter(|leader| reaches(*host, *leader));
                reaches_majority(*host) || leader.is_some_and(reaches_majority)
            })
            .collect();
        for host in self.scenario.hosts() {
            let has_quorum = has_quorum.contains(&host);
            // One that stands still answers nobody, and cannot know what it misses.
            if has_quorum || !awake(&host) {
                self.observer.cut_off.remove(&host);
            } else {
                self.observer.cut_off.entry(host).or_insert(self.now);
            }
        }
    }

    fn look_for_leader(&mut self) {
        let leaders = self.nodes.values().filter_map(|node| {
            let term = node.look(Cluster::leads)??;
            let members = node.look(Cluster::status)?.members;
            let voters = members.iter().filter(|member| member.role != Role::Learner);
            let voters: BTreeSet<Host> = voters.map(|member| member.node.0).collect();
            Some((term, node.host, voters))
        });
        // One that leads an earlier term only does not know yet.
        let newest = leaders.max().filter(|leads| leads.0 >= self.observer.term);
        let Some((term, leader, voters)) = newest else {
            let (since, is_long) = self.observer.leaderless.get_or_insert((self.now, false));
            if self.now - *since >= LONG && !std::mem::replace(is_long, true) {
                self.stats.rare(Rare::LongWithoutLeader, 1);
            }
            self.observer.leader = None;
            return;
        };
        self.observer.leaderless = None;
        self.observer.leader = Some(leader);
        self.observer.members = voters;
        if term > self.observer.term {
            self.observer.term = term;
            self.trace
                .note(name(leader), format_args!("leads term {term}"));
            self.stats.rare(Rare::LeaderChange, 1);
            if self.observer.offer_outstanding {
                self.stats.rare(Rare::LeaderChangeWithOffer, 1);
            }
        }
    }
}

fn has_offer(state: &State) -> bool {
    state.subnets().values().any(|subnet| {
        let mut leases = subnet.leases().iter();
        leases.any(|(_, lease)| matches!(lease.state, LeaseState::Offered { .. }))
    })
}
