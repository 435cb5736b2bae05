//! A node's status, put together from its parts (S11).

mod hidden_programs;
mod subnet_use;

pub use subnet_use::SubnetUse;

use crate::Operations;
use crate::verdict::{MemberObserved, Observed, Verdict};
use cluster::{ClusterStatus, MemberStatus, ReplicaStatus, Role};
use dhcpd::CountersSnapshot;
use ipam::State;
use natd::NatStatus;
use std::time::Duration;

/// Reasons for no reply that count what was for another server, or another node's to answer: no answer was due.
pub const NOT_OURS: [&str; 2] = ["other_responder", "other_server"];

/// How a node sees itself and the cluster.
#[derive(Clone, Debug)]
pub struct NodeStatus {
    /// What it all comes to.
    pub verdict: Verdict,
    /// The cluster's id, once it is bootstrapped.
    pub cluster_id: Option<[u8; 16]>,
    /// How it sees the cluster.
    pub cluster: ClusterStatus,
    /// Every member, with what follows from what the members say.
    pub members: Vec<Member>,
    /// How far each subnet is used.
    pub subnets: Vec<SubnetUse>,
    /// NAT, once it is up.
    pub nat: Option<NatStatus>,
    /// What came of clients' packets.
    pub dhcp: CountersSnapshot,
    /// What the operator should know besides, a sentence each.
    pub notices: Vec<String>,
}

/// A member, as a node sees it.
#[derive(Clone, Debug)]
pub struct Member {
    /// What it says, and what this node knows of it.
    pub status: MemberStatus,
    /// Entries that it is behind the furthest member known to this node.
    pub lag: Option<u64>,
    /// For how long it has not answered, as far as this node saw it; `None` while it does.
    pub unreachable: Option<Duration>,
}

impl Operations {
    /// How this node sees itself and the cluster.
    #[must_use]
    pub fn status(&self) -> NodeStatus {
        let node = &self.node;
        let cluster = node.cluster().status();
        let nat = node.nat();
        let members = self.members(&cluster);
        let (cluster_id, subnets, hidden) = self.read(|state: &State| {
            let subnets = state.subnets().values().map(SubnetUse::of);
            let hidden = hidden_programs::notices(state);
            (state.cluster_id(), subnets.collect::<Vec<_>>(), hidden)
        });
        let replica = *node.cluster().watch_replica_status().borrow();
        let profile = node.cluster().profile().notices();
        let notices = node.notices().into_iter().chain(cluster.notices.clone());
        NodeStatus {
            verdict: Verdict::of(&observe(
                &cluster,
                replica,
                &members,
                &subnets,
                nat.as_ref(),
            )),
            cluster_id,
            members,
            subnets,
            nat,
            dhcp: node.dhcp(),
            notices: notices.chain(profile).chain(hidden).collect(),
            cluster,
        }
    }

    fn members(&self, cluster: &ClusterStatus) -> Vec<Member> {
        let applied = |member: &MemberStatus| member.applied;
        let furthest = cluster.members.iter().filter_map(applied).max();
        let member = |status: &MemberStatus| Member {
            lag: furthest
                .zip(status.applied)
                .map(|(furthest, applied)| furthest - applied),
            unreachable: (!status.reachable).then(|| self.node.outage(status.node)),
            status: status.clone(),
        };
        cluster.members.iter().map(member).collect()
    }
}

fn observe(
    cluster: &ClusterStatus,
    replica: ReplicaStatus,
    members: &[Member],
    subnets: &[SubnetUse],
    nat: Option<&NatStatus>,
) -> Observed {
    let full = subnets.iter().filter(|subnet| subnet.free == 0);
    let member = |member: &Member| MemberObserved {
        node: member.status.node,
        peer_address: member.status.peer_address.clone(),
        voter: member.status.role != Role::Learner,
        unreachable: member.unreachable,
        in_service: member.status.in_service,
    };
    Observed {
        node: cluster.node,
        not_serving: cluster.service.not_serving_reason.clone(),
        has_quorum: cluster.service.has_quorum,
        is_removed: replica == ReplicaStatus::Removed,
        members: members.iter().map(member).collect(),
        full_pools: full.map(|subnet| subnet.pool.to_string()).collect(),
        nat_problems: nat.map(nat_problems).unwrap_or_default(),
    }
}

/// What is wrong with NAT; nothing while it is in sync and traffic can flow.
fn nat_problems(status: &NatStatus) -> Vec<String> {
    if status.in_sync || !status.problems.is_empty() {
        return status.problems.clone();
    }
    let errors = [&status.last_error, &status.plan_error];
    let error = errors.into_iter().flatten().next().cloned();
    vec![error.unwrap_or_else(|| "the kernel does not have the rules yet".to_owned())]
}
