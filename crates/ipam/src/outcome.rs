//! What came of a command. A refusal is an outcome, not an error (house rule 3).

use crate::{ClientKey, ForwardKey, InvalidSubnet, NodeId, PortUse, Span, SubnetId};
use core::net::Ipv4Addr;

/// What came of one command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was done, and there is nothing to say about it.
    Done,
    /// An address is held for the client.
    Offered(Offered),
    /// An address is the client's.
    Granted(Granted),
    /// It was not done, and nothing changed.
    Refused(Refusal),
}

/// An offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offered {
    /// `yiaddr`.
    pub address: Ipv4Addr,
    /// Option 51.
    pub lease_time: Span,
    /// Whether the client had this address before (then it is not probed for a conflict, L6).
    pub returning: bool,
}

/// A grant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Granted {
    /// `yiaddr`.
    pub address: Ipv4Addr,
    /// Option 51.
    pub lease_time: Span,
}

/// Why not.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// No such subnet.
    #[error("there is no subnet {0}")]
    UnknownSubnet(SubnetId),
    /// The leader that appended the entry had not stamped it in its own term (T2). Nothing
    /// changed; ask again.
    #[error("the entry carries no stamp of its own term")]
    Unstamped,
    /// Bootstrap comes once.
    #[error("the cluster is bootstrapped already")]
    AlreadyBootstrapped,
    /// Every address of the pool is taken.
    #[error("no address is free in the pool")]
    PoolExhausted,
    /// The address is outside the network, or its network or broadcast address.
    #[error("{0} is not a host address of the subnet")]
    NotInSubnet(Ipv4Addr),
    /// In the network, but never given to this client: outside the pool, excluded, the router's,
    /// a node's own, or reserved for somebody else (S4).
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
    /// A node's own address.
    #[error("{address} is node {node}'s own address")]
    NodeAddress {
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
    /// The client has a reservation already.
    #[error("{0} is reserved for this client already")]
    AlreadyReserved(Ipv4Addr),
    /// The address was not probed for a conflict, and is neither held by the client nor offered to it (L6).
    #[error("{0} has not been probed for a conflict")]
    NotProbed(Ipv4Addr),
    /// A conflict probe found somebody else on it (L6).
    #[error("{0} is in use by somebody else")]
    InUse(Ipv4Addr),
    /// A copy of a DHCPRELEASE that ended an earlier grant (S7).
    #[error("this release of {0} was taken before: a copy of it ends nothing")]
    ReleasedBefore(Ipv4Addr),
    /// A client that is named by its identifier, where clients are known by their hardware address.
    #[error(
        "clients of subnet {0} are known by their hardware address, so naming one by its client identifier would never take effect: name it by its hardware address"
    )]
    IdentifierNotUsed(SubnetId),
    /// No such reservation, forward or node.
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// A public port has one owner (S9).
    #[error("the public port is forwarded already")]
    PortTaken,
    /// Ports go from 1 to 65535.
    #[error("port 0 cannot be forwarded")]
    PortZero,
    /// The hosts use the public port themselves.
    #[error("{key} cannot be forwarded: {used}")]
    PortInUse {
        /// Which port.
        key: ForwardKey,
        /// For what.
        used: PortUse,
    },
    /// The clients' router is on the hosts.
    #[error(
        "{0} is the clients' router, an address of the hosts and no client's: \
         forward to a client's address, or use --to-client"
    )]
    RouterAddress(Ipv4Addr),
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
    /// A subnet's network and identity policy cannot change under its leases.
    #[error(
        "subnet {0} has leases or reservations: its network and identity policy cannot change under them"
    )]
    SubnetInUse(SubnetId),
    /// A replicated table is full.
    #[error("the limit of {limit} {what} is reached")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many.
        limit: usize,
    },
    /// A field, a command or a batch is longer than its budget (docs/limits.md).
    #[error("the {what} has {bytes} bytes: at most {limit} are accepted")]
    TooLarge {
        /// What.
        what: &'static str,
        /// How long it is.
        bytes: usize,
        /// How long it may be.
        limit: usize,
    },
}
