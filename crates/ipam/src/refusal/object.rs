//! Why an operator's change of an object is refused. Each names the value, and what to do.

use super::AddressRefusal;
use crate::budget::OverBudget;
use crate::objects::{AnyKey, AnyObject};
use crate::{ClientKey, ForwardKey, InvalidSubnet, PortUse, SubnetId};
use alloc::boxed::Box;
use core::net::Ipv4Addr;

/// Why an object stays as it is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ObjectRefusal {
    /// There is none of this key.
    #[error("there is no such {}: {}", .0.kind().singular(), .0)]
    NotFound(AnyKey),
    /// There is another one of this key: what it is now.
    #[error("{}", .0.taken())]
    Exists(Box<AnyObject>),
    /// It was changed meanwhile.
    #[error(
        "the {} {key} has revision {found} now, and not {expected}: look at it again before you change it",
        .key.kind().singular()
    )]
    RevisionChanged {
        /// Which object.
        key: AnyKey,
        /// Which revision the change was meant for.
        expected: u64,
        /// Which it has.
        found: u64,
    },
    /// Too many, or too large.
    #[error(transparent)]
    OverBudget(#[from] OverBudget),
    /// The address is another's.
    #[error(transparent)]
    Address(#[from] AddressRefusal),
    /// No such subnet.
    #[error("there is no subnet {0}")]
    UnknownSubnet(SubnetId),
    /// A client that is named by its identifier, where clients are known by their hardware address.
    #[error(
        "clients of subnet {0} are known by their hardware address, so naming one by its client identifier would never take effect: name it by its hardware address"
    )]
    IdentifierNotUsed(SubnetId),
    /// Ports go from 1 to 65535.
    #[error("port 0 cannot be forwarded")]
    PortZero,
    /// The hosts use the public port themselves (S9).
    #[error("{key} cannot be forwarded: {used}")]
    PortInUse {
        /// Which port.
        key: ForwardKey,
        /// For what.
        used: PortUse,
    },
    /// A forward to a leased address would lead to whoever leases it next.
    #[error(
        "{address} is leased to {holder} and may be another's tomorrow: use --to-client {holder}, \
         or reserve the address for that client first, or repeat with --force"
    )]
    TargetLeased {
        /// Which address.
        address: Ipv4Addr,
        /// Whose it is now.
        holder: ClientKey,
    },
    /// The configuration contradicts itself.
    #[error(transparent)]
    InvalidSubnet(#[from] InvalidSubnet),
    /// Two subnets would share addresses.
    #[error("the network overlaps that of subnet {0}")]
    Overlap(SubnetId),
    /// Something is left of a subnet that should go.
    #[error(
        "subnet {0} is not empty: release its leases, and remove its reservations, its source NAT rule, the \
         forwards that lead into it and the nodes that listen there first"
    )]
    SubnetNotEmpty(SubnetId),
    /// Objects belong to a cluster.
    #[error("the cluster is not bootstrapped yet: run `gatewayctl bootstrap` on one node")]
    NotBootstrapped,
    /// A subnet's network and identity policy cannot change under what is there.
    #[error(
        "subnet {0} has leases (or remembers some), reservations, nodes that listen there or forwards into it: \
         its network and identity policy cannot change under them"
    )]
    SubnetInUse(SubnetId),
}
