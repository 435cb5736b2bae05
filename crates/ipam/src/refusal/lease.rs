//! Why a client does not get what it asked for (RFC 2131 §4.3).

use crate::{ClientKey, NodeId, SubnetId};
use core::net::Ipv4Addr;

/// Why a change of leases is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LeaseRefusal {
    /// No such subnet.
    #[error("there is no subnet {0}")]
    UnknownSubnet(SubnetId),
    /// Every address of the pool is taken.
    #[error("no address is free in the pool")]
    PoolExhausted,
    /// The address is outside the network, or its network or broadcast address.
    #[error("{0} is not a host address of the subnet")]
    NotInSubnet(Ipv4Addr),
    /// In the network, but never given to this client: outside the pool, excluded, the router's,
    /// or reserved for somebody else (S4).
    #[error("{0} is not available to this client")]
    NotAvailable(Ipv4Addr),
    /// A node's own address (S4).
    #[error("{address} is node {node}'s own address")]
    OfNode {
        /// The address.
        address: Ipv4Addr,
        /// Whose.
        node: NodeId,
    },
    /// Somebody holds it.
    #[error("{address} is held by {holder}")]
    HeldByAnother {
        /// The address.
        address: Ipv4Addr,
        /// Who.
        holder: ClientKey,
    },
    /// Declined or found in conflict a while ago.
    #[error("{0} is quarantined")]
    Quarantined(Ipv4Addr),
    /// One client, one address (S3).
    #[error("the client's address is {0}")]
    HasOtherAddress(Ipv4Addr),
    /// Nothing is known of this client: a server stays silent (RFC 2131 §4.3.2).
    #[error("nothing is known of this client")]
    UnknownClient,
    /// Only the holder gives up (S7).
    #[error("{0} is not held by this client")]
    NotTheHolder(Ipv4Addr),
    /// The address was not probed for a conflict, and is neither held by the client nor offered to it (L6).
    #[error("{0} has not been probed for a conflict")]
    NotProbed(Ipv4Addr),
    /// A conflict probe found somebody else on it (L6).
    #[error("{0} is in use by somebody else")]
    InUse(Ipv4Addr),
    /// A copy of a DHCPRELEASE that ended an earlier grant (S7).
    #[error("this release of {0} was taken before: a copy of it ends nothing")]
    ReleasedBefore(Ipv4Addr),
}
