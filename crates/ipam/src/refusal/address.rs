//! Why an address cannot be what an operator or a node wants it to be.

use crate::{ClientKey, NodeId};
use core::net::Ipv4Addr;

/// Whose the address is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressRefusal {
    /// The address is outside the network, or its network or broadcast address.
    #[error("{0} is not a host address of the subnet")]
    NotInSubnet(Ipv4Addr),
    /// The clients' router, or excluded (S4).
    #[error("{0} is not available to this client")]
    NotAvailable(Ipv4Addr),
    /// Somebody holds it.
    #[error("{address} is held by {holder}")]
    HeldByAnother {
        /// The address.
        address: Ipv4Addr,
        /// Who.
        holder: ClientKey,
    },
    /// A node's own address.
    #[error("{address} is node {node}'s own address")]
    OfNode {
        /// The address.
        address: Ipv4Addr,
        /// Whose.
        node: NodeId,
    },
    /// The address is kept for somebody else.
    #[error("{address} is reserved for {client}")]
    ReservedForAnother {
        /// The address.
        address: Ipv4Addr,
        /// For whom.
        client: ClientKey,
    },
    /// The clients' router is on the hosts.
    #[error(
        "{0} is the clients' router, an address of the hosts and no client's: \
         forward to a client's address, or use --to-client"
    )]
    Router(Ipv4Addr),
}
