//! How this node sees the cluster, for operators.

use crate::identity::Identity;
use crate::peer_refusals::PeerRefusals;
use crate::raft_view::RaftView;
use crate::serving::{PeerView, ServiceStatus, Serving, Strangers};
use crate::timing::SharedLimits;
use ipam::{DEFAULT_SUBNET, NodeId};
use raft_store::StateReader;
use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::Arc;

/// How this node sees the cluster.
#[derive(Clone, Debug)]
pub struct ClusterStatus {
    /// This node.
    pub node: NodeId,
    /// The leader that it knows.
    pub leader: Option<NodeId>,
    /// The Raft term.
    pub term: u64,
    /// The index of the last entry it has applied.
    pub last_applied: u64,
    /// Whether it answers clients.
    pub service: ServiceStatus,
    /// Every member.
    pub members: Vec<MemberStatus>,
    /// How often peers were refused since this node started, by reason (S12).
    pub peer_refusals: BTreeMap<&'static str, u64>,
    /// What operators should know beside: nodes of other clusters that are heard.
    pub notices: Vec<String>,
}

/// One member as this node sees it.
#[derive(Clone, Debug)]
pub struct MemberStatus {
    /// The member.
    pub node: NodeId,
    /// Its role.
    pub role: Role,
    /// Its own address on the subnet, once it has announced it.
    pub listen_ip: Option<Ipv4Addr>,
    /// Where its peers reach it.
    pub peer_address: String,
    /// Whether it answered this node lately.
    pub reachable: bool,
    /// The index of the last entry that it said it has applied.
    pub applied: Option<u64>,
    /// Whether it says that it answers clients.
    pub in_service: bool,
}

/// A member's role in Raft.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It decides the order of entries.
    Leader,
    /// It votes and replicates.
    Follower,
    /// It replicates, and does not vote (yet).
    Learner,
}

impl Role {
    /// `leader`, `follower` or `learner`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Leader => "leader",
            Self::Follower => "follower",
            Self::Learner => "learner",
        }
    }
}

/// What a node's status is put together from.
pub(crate) struct StatusReport {
    /// Which node this is.
    pub(crate) identity: Arc<Identity>,
    /// Who the members are.
    pub(crate) view: RaftView,
    /// What they answer.
    pub(crate) serving: Arc<Serving>,
    /// What is applied here.
    pub(crate) reader: StateReader,
    /// How long strangers are named.
    pub(crate) limits: SharedLimits,
    /// Nodes of other clusters.
    pub(crate) strangers: Arc<Strangers>,
    /// What peers were refused.
    pub(crate) refusals: Arc<PeerRefusals>,
}

impl StatusReport {
    /// As it is now.
    pub(crate) fn now(&self) -> ClusterStatus {
        let leader = self.view.leader().map(|(leader, _)| leader);
        // A leader that reaches no quorum cannot know whether it still is one, and takes no writes.
        let leads =
            |leader: &NodeId| *leader != self.identity.node || self.serving.leads_a_quorum();
        let leader = leader.filter(leads);
        let heard = self.serving.peers_heard();
        let members = self.view.members();
        let members = members
            .into_iter()
            .map(|(node, address)| self.member(node, address, leader, heard.get(&node)));
        ClusterStatus {
            node: self.identity.node,
            leader,
            term: self.view.term(),
            last_applied: self.applied_index(),
            service: self.serving.status(),
            members: members.collect(),
            peer_refusals: self.refusals.counts(),
            notices: self.strangers.notices(self.limits.patience().stranger),
        }
    }

    fn applied_index(&self) -> u64 {
        self.reader
            .mark()
            .position
            .map_or(0, |position| position.index)
    }

    fn member(
        &self,
        node: NodeId,
        peer_address: String,
        leader: Option<NodeId>,
        peer: Option<&PeerView>,
    ) -> MemberStatus {
        let listen_ip = self.reader.with(|applied| {
            applied
                .state
                .nodes()
                .get(&node)
                .and_then(|node| node.listen_ip(DEFAULT_SUBNET))
        });
        let is_self = node == self.identity.node;
        MemberStatus {
            node,
            role: match leader {
                Some(leader) if leader == node => Role::Leader,
                _ if self.view.has_voter(node) => Role::Follower,
                _ => Role::Learner,
            },
            listen_ip,
            peer_address,
            reachable: is_self || peer.is_some(),
            applied: if is_self {
                Some(self.applied_index())
            } else {
                peer.map(|peer| peer.applied)
            },
            in_service: if is_self {
                self.serving.status().in_service()
            } else {
                peer.is_some_and(|peer| peer.in_service)
            },
        }
    }
}
