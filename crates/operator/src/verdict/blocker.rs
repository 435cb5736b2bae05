//! What can be amiss, each with its cause and its remedy.

use ipam::NodeId;
use std::fmt;
use std::time::Duration;

/// Something that is not as it should be. In the order in which it matters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Blocker {
    /// This node does not answer clients.
    NotServing {
        /// Why, with what to do about it.
        reason: String,
        /// What the node lacks that others have to bring about.
        lack: Lack,
    },
    /// A member does not answer this node.
    MemberUnreachable {
        /// Which.
        node: NodeId,
        /// Where its peers look for it.
        peer_address: String,
        /// For how long, as far as this node saw it.
        since: Duration,
        /// Whether it could be removed: that takes a quorum.
        removable: bool,
    },
    /// A member answers this node, and no clients.
    MemberNotServing(NodeId),
    /// A member does not vote: it was added and is not caught up.
    MemberNotVoting(NodeId),
    /// The pool has no free address.
    PoolFull(String),
    /// The kernel does not do what the cluster's NAT asks for.
    Nat(String),
}

/// What a node that does not serve waits for, as far as its members show it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lack {
    /// It has no cluster yet.
    Cluster,
    /// Too many voters are out of its reach.
    Voters,
    /// Nothing of the kind: the reason says what to do.
    Nothing,
}

impl Blocker {
    /// Its name for programs.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::NotServing { .. } => "not_serving",
            Self::MemberUnreachable { .. } => "member_unreachable",
            Self::MemberNotServing(_) => "member_not_serving",
            Self::MemberNotVoting(_) => "member_not_voting",
            Self::PoolFull(_) => "pool_full",
            Self::Nat(_) => "nat",
        }
    }

    /// The member that it is about.
    #[must_use]
    pub const fn node(&self) -> Option<NodeId> {
        match self {
            Self::MemberUnreachable { node, .. }
            | Self::MemberNotServing(node)
            | Self::MemberNotVoting(node) => Some(*node),
            Self::NotServing { .. } | Self::PoolFull(_) | Self::Nat(_) => None,
        }
    }

    /// For how long, where that is known.
    #[must_use]
    pub const fn since(&self) -> Option<Duration> {
        match self {
            Self::MemberUnreachable { since, .. } => Some(*since),
            _ => None,
        }
    }

    /// In a few words, for the verdict's line.
    pub(super) fn brief(&self) -> String {
        match self {
            Self::NotServing { reason, .. } => reason.clone(),
            Self::MemberUnreachable { node, since, .. } => {
                format!("Node {node} unreachable for {}", Approximately(*since))
            }
            Self::MemberNotServing(node) => format!("Node {node} not serving"),
            Self::MemberNotVoting(node) => format!("Node {node} not voting yet"),
            Self::PoolFull(pool) => format!("Pool {pool} is full"),
            Self::Nat(_) => "NAT is not as it should be".to_owned(),
        }
    }

    /// What is amiss.
    #[must_use]
    pub fn cause(&self) -> String {
        match self {
            Self::NotServing { reason, .. } => {
                format!("This node does not answer DHCP clients: {reason}")
            }
            Self::MemberUnreachable { peer_address, .. } => {
                format!("{} at {peer_address}", self.brief())
            }
            Self::MemberNotServing(node) => {
                format!("Node {node} answers its peers, and does not serve DHCP clients")
            }
            Self::MemberNotVoting(node) => {
                format!("Node {node} is a member and does not vote: it has not caught up yet")
            }
            Self::PoolFull(pool) => {
                format!("Pool {pool} has no free address: new clients get none")
            }
            Self::Nat(problem) => format!("NAT: {problem}"),
        }
    }

    /// What to do about it; empty where the cause says so.
    #[must_use]
    pub fn remedy(&self) -> String {
        match self {
            Self::NotServing {
                lack: Lack::Voters, ..
            } => "start gatewayd on the nodes that are down, or repair the network between them; do \
                  not remove members"
                .to_owned(),
            Self::NotServing {
                lack: Lack::Cluster,
                ..
            } => "for a new cluster: gatewayctl bootstrap, on one node, once; to join one: see that a \
                  member in GATEWAY_JOIN is up and reached (this node's log says what it answers)"
                .to_owned(),
            Self::NotServing { .. } | Self::Nat(_) => String::new(),
            Self::MemberUnreachable {
                removable: false, ..
            } => "start gatewayd on its host, or repair the network to it".to_owned(),
            Self::MemberUnreachable { node, .. } => format!(
                "start gatewayd on its host, or repair the network to it; if it is gone for good: \
                 gatewayctl node remove {node}"
            ),
            Self::MemberNotServing(_) => "gatewayctl status on its host says why".to_owned(),
            Self::MemberNotVoting(node) => format!(
                "wait until it has caught up; if it does not: gatewayctl node add {node} ADDRESS \
                 again"
            ),
            Self::PoolFull(_) => "gatewayctl lease list shows who has the addresses; release what \
                                  is not used any more (the pool and the lease time are fixed at \
                                  bootstrap)"
                .to_owned(),
        }
    }
}

/// A duration by its largest unit: `40 s`, `4 min`, `3 h`, `2 d`.
struct Approximately(Duration);

impl fmt::Display for Approximately {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_secs() {
            seconds @ 0..60 => write!(f, "{seconds} s"),
            seconds @ 60..3_600 => write!(f, "{} min", seconds / 60),
            seconds @ 3_600..172_800 => write!(f, "{} h", seconds / 3_600),
            seconds => write!(f, "{} d", seconds / 86_400),
        }
    }
}
