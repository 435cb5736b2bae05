//! The status answer, put together from the parts.

use super::{Daemon, shadowed};
use api::proto::admin as wire;
use cluster::{ClusterStatus, MemberStatus, Role};
use gatewayd::verdict::{Blocker, Level, MemberObserved, Observed, Verdict};
use ipam::{LeaseState, Subnet};
use natd::NatStatus;
use std::collections::HashMap;
use std::time::Duration;

/// Packets that were for another server, or are another node's to answer: no answer was due.
const NOT_OURS: [&str; 2] = ["other_responder", "other_server"];

/// How this node sees itself and the cluster.
pub fn status(daemon: &Daemon) -> wire::StatusResponse {
    let cluster = daemon.cluster.status();
    let counters = daemon.dhcp();
    let cluster_id = daemon.cluster.read(ipam::State::cluster_id);
    wire::StatusResponse {
        node_id: cluster.node.0,
        cluster_id: cluster_id.map(|id| hex(&id)).unwrap_or_default(),
        leader_id: cluster.leader.map(|leader| leader.0),
        term: cluster.term,
        last_applied: cluster.last_applied,
        has_quorum: cluster.service.has_quorum,
        in_service: cluster.service.in_service(),
        not_serving_reason: cluster.service.not_serving_reason.clone(),
        members: members(daemon, &cluster),
        subnets: daemon
            .cluster
            .read(|state| state.subnets().values().map(use_of).collect()),
        nat: daemon.nat.status().map(nat),
        dropped_packets: labelled("", counters.dropped.iter().chain(&counters.no_reply)),
        peer_refusals: labelled("", &Vec::from_iter(cluster.peer_refusals.clone())),
        messages: labelled("in_", &counters.received)
            .into_iter()
            .chain(labelled("out_", &counters.sent))
            .collect(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        verdict: Some(verdict(&Verdict::of(&observe(daemon, &cluster)))),
        not_ours: NOT_OURS.map(str::to_owned).into(),
        notices: daemon
            .notices()
            .into_iter()
            .chain(cluster.notices.clone())
            .chain(daemon.cluster.profile().notices())
            .chain(daemon.cluster.read(shadowed::notices))
            .collect(),
    }
}

fn observe(daemon: &Daemon, cluster: &ClusterStatus) -> Observed {
    let member = |member: &MemberStatus| MemberObserved {
        node: member.node,
        peer_address: member.peer_address.clone(),
        voter: member.role != Role::Learner,
        unreachable: (!member.reachable).then(|| daemon.outages.of(member.node)),
        in_service: member.in_service,
    };
    Observed {
        node: cluster.node,
        not_serving: cluster.service.not_serving_reason.clone(),
        has_quorum: cluster.service.has_quorum,
        members: cluster.members.iter().map(member).collect(),
        full_pools: daemon.cluster.read(|state| {
            let full = |subnet: &&Subnet| subnet.leases().free_count() == 0;
            let subnets = state.subnets().values().filter(full);
            subnets
                .map(|subnet| subnet.config().pool.to_string())
                .collect()
        }),
        nat_problems: daemon.nat.status().map(nat_problems).unwrap_or_default(),
    }
}

/// What is wrong with NAT; nothing while it is in sync and traffic can flow.
fn nat_problems(status: NatStatus) -> Vec<String> {
    if status.in_sync || !status.problems.is_empty() {
        return status.problems;
    }
    let error = status.last_error.or(status.plan_error);
    vec![error.unwrap_or_else(|| "the kernel does not have the rules yet".to_owned())]
}

fn verdict(verdict: &Verdict) -> wire::Verdict {
    use wire::verdict::Level as Wire;
    let level = match verdict.level {
        Level::Healthy => Wire::Healthy,
        Level::Degraded => Wire::Degraded,
        Level::NotServing => Wire::NotServing,
    };
    let blocker = |blocker: &Blocker| wire::Blocker {
        kind: blocker.kind().to_owned(),
        cause: blocker.cause(),
        remedy: blocker.remedy(),
        node_id: blocker.node().map(|node| node.0),
        since_seconds: blocker.since().as_ref().map(Duration::as_secs),
    };
    wire::Verdict {
        level: level.into(),
        summary: verdict.summary.clone(),
        blockers: verdict.blockers.iter().map(blocker).collect(),
    }
}

fn members(daemon: &Daemon, cluster: &ClusterStatus) -> Vec<wire::Member> {
    let furthest = cluster
        .members
        .iter()
        .filter_map(|member| member.applied)
        .max();
    let member = |member: &MemberStatus| wire::Member {
        node_id: member.node.0,
        role: member.role.name().to_owned(),
        listen_ip: member
            .listen_ip
            .map(|address| address.to_string())
            .unwrap_or_default(),
        peer_address: member.peer_address.clone(),
        reachable: member.reachable,
        applied: member.applied,
        lag: furthest
            .zip(member.applied)
            .map(|(furthest, applied)| furthest - applied),
        in_service: member.in_service,
        unreachable_seconds: (!member.reachable).then(|| daemon.outages.of(member.node).as_secs()),
    };
    cluster.members.iter().map(member).collect()
}

fn use_of(subnet: &Subnet) -> wire::SubnetUse {
    let config = subnet.config();
    let count = |wanted: fn(&LeaseState) -> bool| {
        subnet
            .leases()
            .iter()
            .filter(|(_, lease)| wanted(&lease.state))
            .count() as u64
    };
    wire::SubnetUse {
        subnet_id: config.id.0,
        network: config.network.to_string(),
        pool: config.pool.to_string(),
        pool_size: config.pool.size(),
        bound: count(|state| matches!(state, LeaseState::Bound { .. })),
        offered: count(|state| matches!(state, LeaseState::Offered { .. })),
        free: subnet.leases().free_count() as u64,
        quarantined: count(|state| matches!(state, LeaseState::Quarantined { .. })),
        reserved: subnet.reservations().len() as u64,
    }
}

fn nat(status: NatStatus) -> wire::NatStatus {
    let micros =
        |repair: std::time::Duration| u64::try_from(repair.as_micros()).unwrap_or(u64::MAX);
    wire::NatStatus {
        in_sync: status.in_sync,
        repairs: status.repairs(),
        last_repair_micros: status.last_repair.map(micros),
        problems: status.problems,
        no_uplink: status.no_uplink,
        last_error: status.last_error.or(status.plan_error),
    }
}

/// Counters that are not zero.
fn labelled<'a>(
    prefix: &str,
    counters: impl IntoIterator<Item = &'a (&'static str, u64)>,
) -> HashMap<String, u64> {
    let counted = counters.into_iter().filter(|(_, count)| *count > 0);
    counted
        .map(|(label, count)| (format!("{prefix}{label}"), *count))
        .collect()
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
