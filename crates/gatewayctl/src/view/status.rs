//! How a node sees the cluster.

use std::collections::BTreeMap;

use api::proto::admin::{Member, NatStatus, StatusResponse, SubnetUse};
use serde::Serialize;

use super::VerdictView;

/// A node's status.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StatusView {
    /// Who answered.
    pub node_id: u64,
    /// Hexadecimal; empty before bootstrap.
    pub cluster_id: String,
    /// Who leads, if anybody is known to.
    pub leader_id: Option<u64>,
    /// The Raft term.
    pub term: u64,
    /// The log index up to which the state is.
    pub last_applied: u64,
    /// Whether a majority is in reach.
    pub has_quorum: bool,
    /// Whether this node answers DHCP clients.
    pub in_service: bool,
    /// Why it does not.
    pub not_serving_reason: Option<String>,
    /// The members, as this node sees them.
    pub members: Vec<MemberView>,
    /// How full the pools are.
    pub subnets: Vec<SubnetView>,
    /// NAT in this node's kernel; null where it does none.
    pub nat: Option<NatView>,
    /// Packets without an answer, by reason.
    pub dropped_packets: BTreeMap<String, u64>,
    /// Messages received and sent, by type.
    pub messages: BTreeMap<String, u64>,
    /// The node's version.
    pub version: String,
    /// Where the node's configuration differs from the cluster's.
    pub notices: Vec<String>,
    /// What it all comes to.
    pub verdict: VerdictView,
    /// The labels of `dropped_packets` that count what was for somebody else.
    pub not_ours: Vec<String>,
    /// Requests and connections of peers that were refused, by reason.
    pub peer_refusals: BTreeMap<String, u64>,
}

/// A member.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MemberView {
    /// Its number.
    pub node_id: u64,
    /// leader, follower or learner.
    pub role: String,
    /// Its DHCP server identifier; empty until it announces itself.
    pub listen_ip: String,
    /// Where its peers reach it.
    pub peer_address: String,
    /// Whether it answered within the last second.
    pub reachable: bool,
    /// The log index up to which its state is.
    pub applied: Option<u64>,
    /// Entries behind the furthest member.
    pub lag: Option<u64>,
    /// Whether it answers DHCP clients.
    pub in_service: bool,
    /// For how long it has not answered.
    pub unreachable_seconds: Option<u64>,
}

/// A subnet's pool.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SubnetView {
    /// Its number.
    pub subnet_id: u32,
    /// In CIDR notation.
    pub network: String,
    /// First and last address.
    pub pool: String,
    /// Addresses in the pool.
    pub pool_size: u64,
    /// Leased.
    pub bound: u64,
    /// Offered and not yet taken.
    pub offered: u64,
    /// To be had.
    pub free: u64,
    /// Declined or found in use.
    pub quarantined: u64,
    /// Kept for a client.
    pub reserved: u64,
}

/// NAT in a node's kernel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NatView {
    /// Whether the kernel has what it should.
    pub in_sync: bool,
    /// How often it had to be put right.
    pub repairs: u64,
    /// How long that took the last time.
    pub last_repair_micros: Option<u64>,
    /// Why it could not be done.
    pub last_error: Option<String>,
    /// What keeps traffic from flowing as it should, each with its remedy.
    pub problems: Vec<String>,
    /// The node has no uplink, so it translates nothing.
    pub no_uplink: bool,
}

impl From<StatusResponse> for StatusView {
    fn from(status: StatusResponse) -> Self {
        let verdict = VerdictView::of(&status);
        Self {
            verdict,
            not_ours: status.not_ours,
            peer_refusals: status.peer_refusals.into_iter().collect(),
            node_id: status.node_id,
            cluster_id: status.cluster_id,
            leader_id: status.leader_id,
            term: status.term,
            last_applied: status.last_applied,
            has_quorum: status.has_quorum,
            in_service: status.in_service,
            not_serving_reason: status.not_serving_reason,
            members: status.members.into_iter().map(Into::into).collect(),
            subnets: status.subnets.into_iter().map(Into::into).collect(),
            nat: status.nat.map(Into::into),
            dropped_packets: status.dropped_packets.into_iter().collect(),
            messages: status.messages.into_iter().collect(),
            version: status.version,
            notices: status.notices,
        }
    }
}

impl From<Member> for MemberView {
    fn from(member: Member) -> Self {
        let Member {
            node_id,
            role,
            listen_ip,
            peer_address,
            reachable,
            applied,
            lag,
            in_service,
            unreachable_seconds,
        } = member;
        Self {
            node_id,
            role,
            listen_ip,
            peer_address,
            reachable,
            applied,
            lag,
            in_service,
            unreachable_seconds,
        }
    }
}

impl From<SubnetUse> for SubnetView {
    fn from(subnet: SubnetUse) -> Self {
        let SubnetUse {
            subnet_id,
            network,
            pool,
            pool_size,
            bound,
            offered,
            free,
            quarantined,
            reserved,
        } = subnet;
        Self {
            subnet_id,
            network,
            pool,
            pool_size,
            bound,
            offered,
            free,
            quarantined,
            reserved,
        }
    }
}

impl From<NatStatus> for NatView {
    fn from(nat: NatStatus) -> Self {
        let NatStatus {
            in_sync,
            repairs,
            last_repair_micros,
            last_error,
            problems,
            no_uplink,
        } = nat;
        Self {
            in_sync,
            repairs,
            last_repair_micros,
            last_error,
            problems,
            no_uplink,
        }
    }
}
