//! What every node says of itself, beside what is wrong with it (S11).

use super::arena::World;
use crate::check::Shown;
use crate::client::TrueTime;
use crate::network::Host;
use crate::node::Node;
use crate::sometimes::{Table, blocker_name};
use causes::{Trouble, cause_of};
use cluster::{Cluster, ClusterStatus, MemberStatus, Role};
use ipam::{NodeId, State};
use operator::NodeStatus;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// How often a whole status is asked for, beside each time that it changes.
const ASK_EVERY: Duration = Duration::from_secs(1);

/// What was seen last.
#[derive(Default)]
pub(super) struct Shows {
    /// What each node said last, and when it was asked for everything.
    said: BTreeMap<Host, (Option<String>, Duration)>,
    /// When something was wrong with a host last.
    troubled: BTreeMap<Host, Duration>,
    /// When a path between two was not as it should be last.
    parted: BTreeMap<(Host, Host), Duration>,
    leader: Option<Host>,
    /// Which life each was in.
    lives: BTreeMap<Host, u64>,
    since: Duration,
}

impl World {
    /// Asks every node for its status, and notes what is wrong.
    pub(super) fn look_at_status(&mut self) {
        self.note_troubles();
        for host in self.scenario.hosts() {
            // A machine whose power has failed in this step says nothing.
            let says = |node: &&Node| !node.is_paused() && node.disk.is_running();
            let Some(node) = self.nodes.get(&host).filter(says) else {
                continue;
            };
            let Some(service) = node.look(Cluster::service) else {
                continue;
            };
            let reason = service.not_serving_reason;
            let said = self.shows.said.get(&host);
            let is_due = said.is_none_or(|(said, asked)| {
                *said != reason || self.now.saturating_sub(*asked) >= ASK_EVERY
            });
            let status = is_due.then(|| node.status()).flatten();
            // Asked for all of it: a look later it may be another.
            let reason = status.as_ref().map_or(reason, |status| {
                status.cluster.service.not_serving_reason.clone()
            });
            if is_due {
                self.shows.said.insert(host, (reason.clone(), self.now));
            }
            let all_well = |status: &NodeStatus| is_all_well(node, &status.cluster);
            let shown = Shown {
                at: TrueTime(self.now),
                node: NodeId(host),
                could: reason.is_some() && self.could_serve(host),
                reason,
                members: status.as_ref().map(members_of).unwrap_or_default(),
                notices: status.as_ref().map(notices_of).unwrap_or_default(),
                all_well: status.as_ref().is_some_and(all_well),
                verdict: status.map(|status| status.verdict),
            };
            self.count_status(&shown, is_due);
            self.observer.judge.shown(&shown);
        }
    }

    /// Counts what a node says that is amiss, once each time that all of it is asked for.
    fn count_status(&self, shown: &Shown, is_due: bool) {
        let cause = shown.reason.as_deref().and_then(cause_of);
        if let Some(cause) = cause.filter(|_| is_due) {
            self.sightings.note(Table::NotServing, cause.says);
        }
        let verdict = shown.verdict.as_ref();
        for blocker in verdict.map(|it| it.blockers.as_slice()).unwrap_or_default() {
            self.sightings.note(Table::Blocker, blocker_name(blocker));
        }
    }

    fn note_troubles(&mut self) {
        let at = TrueTime(self.now);
        let (leader, hosts) = (self.observer.leader, self.scenario.hosts());
        let elects = leader.is_none() || leader != self.shows.leader;
        if elects {
            self.shows.leader = leader;
            self.shows.since = self.now;
        }
        let (fair, lossy) = (
            self.network.with_paths(|paths| paths.is_fair()),
            self.scenario.distance.loss > 0.0,
        );
        let leaving = self.faults.replacement.as_ref().map(|one| one.leaving());
        let all: Vec<Host> = hosts.collect();
        for host in &all {
            let Some(node) = self.nodes.get(host) else {
                continue;
            };
            let mut troubles = Vec::new();
            let faults = node.disk.faults();
            // One that is started at once is down for no look.
            let reborn = self.shows.lives.insert(*host, node.lives()) != Some(node.lives());
            troubles.extend((reborn || !node.is_up()).then_some(Trouble::Down));
            troubles.extend(node.is_paused().then_some(Trouble::Paused));
            troubles.extend((faults.full || faults.failing_sync).then_some(Trouble::DiskFails));
            let slow = *faults.sync_latency.end() > Duration::from_millis(3);
            troubles.extend(slow.then_some(Trouble::DiskSlow));
            let deaf = self.stage.deaf.contains(host);
            troubles.extend(deaf.then_some(Trouble::Network));
            let emptied = self.stage.emptied.contains(host);
            let reconfigured = self.stage.reconfigured.contains(host);
            troubles.extend(reconfigured.then_some(Trouble::Reconfigured));
            let member = self.observer.members.contains(host) && !emptied;
            troubles.extend((!member).then_some(Trouble::NoMember));
            troubles.extend((leaving == Some(*host)).then_some(Trouble::Removal));
            if !troubles.is_empty() || node.has_failed() {
                self.shows.troubled.insert(*host, self.now);
            }
            troubles.extend(self.others.is_some().then_some(Trouble::Stranger));
            let went_back = self.stage.went_back.contains(host);
            troubles.extend(went_back.then_some(Trouble::DiskWentBack));
            let cut = |other: &Host| {
                let cut = |one, other| self.network.with_paths(|paths| paths.is_cut(one, other));
                cut(*host, *other) || cut(*other, *host)
            };
            let parted: Vec<Host> = all
                .iter()
                .copied()
                .filter(|other| !fair || cut(other))
                .collect();
            troubles.extend((!parted.is_empty() || lossy).then_some(Trouble::Network));
            troubles.extend(elects.then_some(Trouble::Election));
            for other in parted {
                self.shows.parted.insert((*host, other), self.now);
            }
            for trouble in troubles {
                self.observer.judge.trouble(at, NodeId(*host), trouble);
            }
        }
    }

    /// Whether this node, whoever leads, and a majority have had nothing wrong with them, or between them,
    /// for long.
    fn could_serve(&self, host: Host) -> bool {
        let long = self.scenario.distance.pace().settled_after;
        let is_over = |last: Option<&Duration>| last.is_none_or(|last| self.now - *last > long);
        let leads = self
            .observer
            .leader
            .filter(|_| self.now - self.shows.since > long);
        let whole = |one: Host| is_over(self.shows.troubled.get(&one));
        let joined =
            |one: Host, other: Host| one == other || is_over(self.shows.parted.get(&(one, other)));
        let Some(leader) = leads.filter(|leader| whole(*leader) && joined(host, *leader)) else {
            return false;
        };
        let with: BTreeSet<Host> = self
            .scenario
            .hosts()
            .filter(|other| whole(*other) && joined(host, *other) && joined(leader, *other))
            .collect();
        let among = with
            .iter()
            .all(|one| with.iter().all(|other| joined(*one, *other)));
        whole(host) && among && with.len() > self.observer.members.len() / 2
    }
}

/// Whether every member answers, votes and serves, and every pool has a free address: by what the node itself knows, not
/// by what `operator` makes of it.
fn is_all_well(node: &Node, cluster: &ClusterStatus) -> bool {
    let is_well = |member: &MemberStatus| {
        member.reachable && member.in_service && member.role != Role::Learner
    };
    let has_free = |state: &State| {
        let mut subnets = state.subnets().values();
        subnets.all(|subnet| subnet.leases().free_count() > 0)
    };
    let has_free = node.cluster().is_some_and(|cluster| cluster.read(has_free));
    has_free && cluster.members.iter().all(is_well)
}

fn members_of(status: &NodeStatus) -> Vec<(NodeId, String)> {
    let members = status.cluster.members.iter();
    members
        .map(|member| (member.node, member.peer_address.clone()))
        .collect()
}

/// What the cluster tells of: of the rest, the profile alone has causes that a run draws.
fn notices_of(status: &NodeStatus) -> Vec<String> {
    status.cluster.notices.clone()
}
