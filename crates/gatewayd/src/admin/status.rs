//! The status answer, put together from the parts.

use super::Daemon;
use api::proto::admin as wire;
use cluster::{ClusterStatus, MemberStatus};
use ipam::{LeaseState, Subnet};
use natd::NatStatus;
use std::collections::HashMap;

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
        silent_reason: cluster.service.silent_reason.clone(),
        members: members(&cluster),
        subnets: daemon
            .cluster
            .read(|state| state.subnets().values().map(use_of).collect()),
        nat: daemon.nat.status().map(nat),
        dropped_packets: labelled("", counters.dropped.iter().chain(&counters.silent)),
        messages: labelled("in_", &counters.received)
            .into_iter()
            .chain(labelled("out_", &counters.sent))
            .collect(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        notices: daemon.notices(),
    }
}

fn members(cluster: &ClusterStatus) -> Vec<wire::Member> {
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
