//! What `gatewayctl … --json` prints, as far as the scenarios look at it.
//!
//! Declared here and not taken from the product: this is the interface that operators' scripts see, and
//! a change to it should fail here.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use anyhow::{Context, Result};
use serde::Deserialize;

/// `gatewayctl status --json`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Status {
    /// Who answered.
    pub node_id: u64,
    /// Who leads, if anybody is known to.
    pub leader_id: Option<u64>,
    /// The Raft term.
    pub term: u64,
    /// The log index up to which the state machine is.
    pub last_applied: u64,
    /// Whether a majority is in reach.
    pub has_quorum: bool,
    /// Whether the node answers DHCP.
    pub in_service: bool,
    /// Why it does not.
    pub not_serving_reason: Option<String>,
    /// The cluster's members.
    pub members: Vec<Member>,
    /// The subnets.
    pub subnets: Vec<Subnet>,
    /// The state of NAT in this node's kernel; none before the cluster has accepted the node.
    pub nat: Option<Nat>,
    /// Packets that got no answer, by reason.
    pub dropped_packets: BTreeMap<String, u64>,
    /// Requests and connections of peers that were refused, by reason.
    pub peer_refusals: BTreeMap<String, u64>,
    /// What it all comes to.
    pub verdict: Verdict,
    /// What to know of the node's configuration.
    pub notices: Vec<String>,
}

/// Whether everything is as it should be.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Verdict {
    /// healthy, degraded or not_serving.
    pub level: String,
    /// One line for people.
    pub summary: String,
    /// What is amiss.
    pub blockers: Vec<Blocker>,
}

/// Something that is amiss.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Blocker {
    /// Its name.
    pub kind: String,
    /// What it is.
    pub cause: String,
    /// The member that it is about.
    pub node_id: Option<u64>,
}

/// A member of the cluster.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Member {
    /// Its number.
    pub node_id: u64,
    /// leader, follower or learner.
    pub role: String,
    /// Its server identifier; empty until it has announced itself.
    pub listen_ip: String,
    /// Whether it answered lately.
    pub reachable: bool,
    /// The log index up to which its state is.
    pub applied: Option<u64>,
    /// Whether it answers DHCP.
    pub in_service: bool,
}

/// A subnet's pool.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Subnet {
    /// In CIDR notation.
    pub network: String,
    /// Addresses in the pool.
    pub pool_size: u64,
    /// Leased.
    pub bound: u64,
    /// Offered and not yet taken.
    pub offered: u64,
    /// Neither.
    pub free: u64,
    /// Declined or found in use.
    pub quarantined: u64,
}

/// NAT as the node keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Nat {
    /// How often the kernel's rules had to be put right.
    pub repairs: u64,
    /// How long the last time took.
    pub last_repair_micros: Option<u64>,
    /// Whether the kernel has what it should.
    pub in_sync: bool,
}

/// A line of `gatewayctl lease list --json`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Lease {
    /// The address.
    pub address: Ipv4Addr,
    /// Whose, as text.
    pub client: String,
    /// bound, offered, …
    pub state: String,
    /// The client's hardware address.
    pub hardware: String,
    /// On the cluster clock.
    pub expires_in_seconds: Option<i64>,
}

impl Status {
    /// All packets that got no answer.
    pub fn dropped_total(&self) -> u64 {
        self.dropped_packets.values().sum()
    }

    /// Leased addresses of all subnets.
    pub fn bound_total(&self) -> u64 {
        self.subnets.iter().map(|subnet| subnet.bound).sum()
    }

    /// NAT, of a node that does some.
    pub fn nat(&self) -> Result<&Nat> {
        self.nat
            .as_ref()
            .with_context(|| format!("node {} does no NAT", self.node_id))
    }

    /// Whether NAT is as it should be after more than `repairs` repairs.
    pub fn is_repaired_since(&self, repairs: u64) -> bool {
        let nat = self.nat.as_ref();
        nat.is_some_and(|nat| nat.repairs > repairs && nat.in_sync)
    }

    /// Whether this is amiss.
    pub fn has_blocker(&self, kind: &str) -> bool {
        self.verdict
            .blockers
            .iter()
            .any(|blocker| blocker.kind == kind)
    }

    /// How far the member `node` is, as this node sees it.
    pub fn member(&self, node: u8) -> Option<&Member> {
        self.members
            .iter()
            .find(|member| member.node_id == u64::from(node))
    }
}
