//! What changed, in the past tense, and by whom: for watches, logs and metrics. Nothing is decided by an
//! event. Its index is that of the entry that it came of, in which another
//! change of the same object may stand: a change that is conditional takes its revision from a list.

use crate::{AnyKey, ClientKey, ClusterTime, NodeId, Operator, Profile, SubnetId};
use core::net::Ipv4Addr;

/// A committed change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Who made it.
    pub actor: Actor,
    /// What changed.
    pub kind: EventKind,
}

/// Who makes a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actor {
    /// The cluster itself: time that passes, a member that left.
    Cluster,
    /// A node, for itself or for a client that asked it.
    Node(NodeId),
    /// The client that the event names, through whichever node.
    Client,
    /// An operator.
    Operator(Operator),
}

/// What became of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ObjectChange {
    /// It was made.
    Created,
    /// It took another's place.
    Replaced,
    /// It was removed.
    Deleted,
}

/// What changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EventKind {
    /// The cluster has its cluster-wide configuration.
    Bootstrapped,
    /// A node announced itself, or changed what it announces.
    NodeRegistered(NodeId),
    /// A node is forgotten.
    NodeRemoved(NodeId),
    /// An address is held for a client.
    LeaseOffered {
        /// Where.
        subnet: SubnetId,
        /// Which.
        address: Ipv4Addr,
        /// For whom.
        client: ClientKey,
    },
    /// An address is a client's, newly or again.
    LeaseGranted {
        /// Where.
        subnet: SubnetId,
        /// Which.
        address: Ipv4Addr,
        /// Whose.
        client: ClientKey,
        /// Whether the client held it already.
        renewed: bool,
        /// When it runs out, without the reclaim grace.
        expires: ClusterTime,
    },
    /// Its holder gave it back, or an operator took it.
    LeaseReleased {
        /// Where.
        subnet: SubnetId,
        /// Which.
        address: Ipv4Addr,
        /// Whose it was.
        client: ClientKey,
    },
    /// It ran out.
    LeaseExpired {
        /// Where.
        subnet: SubnetId,
        /// Which.
        address: Ipv4Addr,
        /// Whose it was.
        client: ClientKey,
    },
    /// It is in use by somebody unknown.
    AddressQuarantined {
        /// Where.
        subnet: SubnetId,
        /// Which.
        address: Ipv4Addr,
    },
    /// An object was made, changed or removed.
    Object {
        /// Which.
        key: AnyKey,
        /// What became of it.
        change: ObjectChange,
    },
    /// The forward policy was set.
    ForwardPolicySet,
    /// The profile was set, perhaps to what it was.
    ProfileSet(Profile),
}

impl ObjectChange {
    /// In the past tense.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Created => "Created",
            Self::Replaced => "Replaced",
            Self::Deleted => "Deleted",
        }
    }
}
