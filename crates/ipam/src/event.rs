//! What changed, in the past tense: for watches, logs and metrics. Nothing is decided by an event.

use crate::{ClientKey, ClusterTime, ForwardKey, NodeId, Profile, SubnetId};
use core::net::Ipv4Addr;

/// A committed change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The cluster has its cluster-wide configuration.
    Bootstrapped,
    /// A node announced itself, or changed what it announces.
    NodeRegistered(NodeId),
    /// A node is forgotten.
    NodeRemoved(NodeId),
    /// A subnet was added or changed.
    SubnetChanged(SubnetId),
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
    /// A reservation was added or removed.
    ReservationChanged {
        /// Where.
        subnet: SubnetId,
        /// For whom.
        client: ClientKey,
    },
    /// A port forward was added or removed.
    ForwardChanged(ForwardKey),
    /// Source NAT or the forward policy changed.
    NatChanged,
    /// The profile was set, perhaps to what it was.
    ProfileSet(Profile),
}
