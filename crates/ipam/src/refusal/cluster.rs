//! Why the cluster itself stays as it is, and what can happen to a command of any class.

use super::{AddressRefusal, ObjectRefusal};
use crate::budget::OverBudget;
use crate::{NodeId, SubnetId};
use alloc::boxed::Box;
use core::net::Ipv4Addr;

/// Why not.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClusterRefusal {
    /// The leader that appended the entry had not stamped it in its own term (T2). Nothing
    /// changed; ask again.
    #[error("the entry carries no stamp of its own term")]
    Unstamped,
    /// A command, a batch, or something in it is too large.
    #[error(transparent)]
    OverBudget(#[from] OverBudget),
    /// Bootstrap comes once.
    #[error("the cluster is bootstrapped already")]
    AlreadyBootstrapped,
    /// What the first node laid down is no subnet.
    #[error(transparent)]
    Bootstrap(#[from] Box<ObjectRefusal>),
    /// The address is another's.
    #[error(transparent)]
    Address(#[from] AddressRefusal),
    /// A node's listen IP is in a subnet that it does not name.
    #[error("{address} is not in subnet {subnet}")]
    OtherSubnet {
        /// Its listen IP.
        address: Ipv4Addr,
        /// The subnet that it names.
        subnet: SubnetId,
    },
    /// No such subnet.
    #[error("there is no subnet {0}")]
    UnknownSubnet(SubnetId),
    /// No such node.
    #[error("there is no such node: {0}")]
    UnknownNode(NodeId),
    /// Nobody holds it.
    #[error("there is no such lease: nobody holds {0}")]
    NoLease(Ipv4Addr),
}
