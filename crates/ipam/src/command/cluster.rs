//! What nodes and operators ask of the cluster itself, rather than of its objects.

use crate::{
    ForwardPolicy, NodeId, NodeRegistration, Operator, Profile, SourceNat, SubnetConfig, SubnetId,
};
use alloc::boxed::Box;
use core::net::Ipv4Addr;

/// A change of what the cluster is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClusterCommand {
    /// Lay down what is cluster-wide. Refused once done.
    Bootstrap(Box<Bootstrap>),
    /// A node announces its listen IPs and peer address.
    RegisterNode(NodeRegistration),
    /// Forget a node that has left the cluster.
    RemoveNode(NodeId),
    /// An operator takes an address back, whoever holds it.
    RevokeLease {
        /// Who asks.
        operator: Operator,
        /// Where.
        subnet: SubnetId,
        /// Which address.
        address: Ipv4Addr,
    },
    /// Set the forward chain's policy.
    SetForwardPolicy {
        /// Who asks.
        operator: Operator,
        /// What becomes of traffic that no rule lets through.
        policy: ForwardPolicy,
    },
    /// Set how patient the nodes are with each other (L7).
    SetProfile {
        /// Who asks.
        operator: Operator,
        /// How patient.
        profile: Profile,
    },
    /// Nothing but the stamp: something is due to expire (T5).
    Tick,
}

/// What is cluster-wide and laid down by the first node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bootstrap {
    /// Tells this cluster's nodes and data from any other's; made at random by the first node.
    pub cluster_id: [u8; 16],
    /// The first subnet.
    pub subnet: SubnetConfig,
    /// How its traffic leaves.
    pub source_nat: Option<SourceNat>,
    /// The forward chain's policy.
    pub forward_policy: ForwardPolicy,
}
