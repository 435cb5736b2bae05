//! The status, as it is said.

use super::encode::{cluster_id, micros};
use api::proto::admin as wire;
use natd::NatStatus;
use operator::status::{Member, NOT_OURS, SubnetUse};
use operator::verdict::{Blocker, Level, Verdict};
use operator::{NodeStatus, Operations};
use std::time::Duration;

/// How the node sees itself and the cluster.
pub(super) fn of(operations: &Operations) -> wire::StatusResponse {
    let NodeStatus {
        verdict,
        cluster_id: id,
        cluster,
        members,
        subnets,
        nat,
        dhcp,
        notices,
    } = operations.status();
    let received = labelled("in_", &dhcp.received);
    let messages = received.chain(labelled("out_", &dhcp.sent));
    wire::StatusResponse {
        node_id: cluster.node.0,
        cluster_id: cluster_id(id),
        leader_id: cluster.leader.map(|leader| leader.0),
        term: cluster.term,
        last_applied: cluster.last_applied,
        has_quorum: cluster.service.has_quorum,
        in_service: cluster.service.in_service(),
        not_serving_reason: cluster.service.not_serving_reason,
        members: members.into_iter().map(member).collect(),
        subnets: subnets.iter().map(subnet_use).collect(),
        nat: nat.map(nat_status),
        dropped_packets: labelled("", dhcp.dropped.iter().chain(&dhcp.no_reply)).collect(),
        peer_refusals: cluster
            .peer_refusals
            .into_iter()
            .filter(|(_, count)| *count > 0)
            .map(|(label, count)| (label.to_owned(), count))
            .collect(),
        messages: messages.collect(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        verdict: Some(verdict_of(verdict)),
        not_ours: NOT_OURS.map(str::to_owned).into(),
        notices,
    }
}

fn verdict_of(verdict: Verdict) -> wire::Verdict {
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
        blockers: verdict.blockers.iter().map(blocker).collect(),
        summary: verdict.summary,
    }
}

fn member(member: Member) -> wire::Member {
    let Member {
        status,
        lag,
        unreachable,
    } = member;
    wire::Member {
        node_id: status.node.0,
        role: status.role.name().to_owned(),
        listen_ip: status
            .listen_ip
            .map(|address| address.to_string())
            .unwrap_or_default(),
        peer_address: status.peer_address,
        reachable: status.reachable,
        applied: status.applied,
        lag,
        in_service: status.in_service,
        unreachable_seconds: unreachable.as_ref().map(Duration::as_secs),
    }
}

fn subnet_use(subnet: &SubnetUse) -> wire::SubnetUse {
    wire::SubnetUse {
        subnet_id: subnet.subnet.0,
        network: subnet.network.to_string(),
        pool: subnet.pool.to_string(),
        pool_size: subnet.pool.size(),
        bound: subnet.bound,
        offered: subnet.offered,
        free: subnet.free,
        quarantined: subnet.quarantined,
        reserved: subnet.reserved,
    }
}

fn nat_status(status: NatStatus) -> wire::NatStatus {
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
    prefix: &'static str,
    counters: impl IntoIterator<Item = &'a (&'static str, u64)>,
) -> impl Iterator<Item = (String, u64)> {
    let counted = counters.into_iter().filter(|(_, count)| *count > 0);
    counted.map(move |(label, count)| (format!("{prefix}{label}"), *count))
}
