//! What DHCP clients ask for, and what nodes find out about addresses on their behalf. The DHCP server
//! can propose nothing else.

use crate::{ClientIdentity, ClusterTime, Hostname, NodeId, Span, SubnetId};
use alloc::vec::Vec;
use core::net::Ipv4Addr;

/// A change of the lease table that a DHCP server asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LeaseCommand {
    /// Hold an address for a client that broadcast a DHCPDISCOVER.
    Offer(OfferLease),
    /// Bind an address for a client that sent a DHCPREQUEST.
    Grant(GrantLease),
    /// A DHCPRELEASE.
    Release(ReleaseLease),
    /// A DHCPDECLINE.
    Decline(DeclineAddress),
    /// A conflict probe found somebody on an address that nobody holds (L6).
    Quarantine(QuarantineAddress),
    /// A later probe found nobody on a quarantined address (S7).
    LiftQuarantine(LiftQuarantine),
}

impl LeaseCommand {
    /// The node that asks; `None` where a client asks through any node. A RELEASE and a DECLINE name the node that
    /// made the grant, which may be another.
    #[must_use]
    pub const fn node(&self) -> Option<NodeId> {
        match self {
            Self::Offer(offer) => Some(offer.node),
            Self::Grant(grant) => Some(grant.node),
            Self::Release(_) | Self::Decline(_) => None,
            Self::Quarantine(found) => Some(found.node),
            Self::LiftQuarantine(lift) => Some(lift.node),
        }
    }
}

/// A DHCPDISCOVER's wish (RFC 2131 §4.3.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfferLease {
    /// Where.
    pub subnet: SubnetId,
    /// Who asks.
    pub client: ClientIdentity,
    /// Option 50.
    pub requested: Option<Ipv4Addr>,
    /// Option 51: how long the client would like.
    pub lease_time: Option<Span>,
    /// Option 12.
    pub hostname: Option<Hostname>,
    /// The node that answers.
    pub node: NodeId,
    /// Not these, unless the client holds them: somebody answered a conflict probe there just now, and is
    /// not believed that the address should be quarantined (L6, ADR 0026). At most [`OfferLease::MAX_AVOIDED`].
    pub avoid: Vec<Ipv4Addr>,
}

impl OfferLease {
    /// Addresses that one offer may avoid.
    pub const MAX_AVOIDED: usize = 64;
}

/// A DHCPREQUEST's wish (RFC 2131 §4.3.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrantLease {
    /// Where.
    pub subnet: SubnetId,
    /// Who asks.
    pub client: ClientIdentity,
    /// Option 50, or `ciaddr` when renewing or rebinding.
    pub address: Ipv4Addr,
    /// What state the client is in.
    pub kind: RequestKind,
    /// Option 51: how long the client would like.
    pub lease_time: Option<Span>,
    /// Option 12.
    pub hostname: Option<Hostname>,
    /// The node that answers.
    pub node: NodeId,
    /// What the node knows of who is on the address (L6).
    pub probe: ConflictProbe,
}

/// What a node knows of who is on an address that a client requests (L6). The client itself does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ConflictProbe {
    /// It has not asked: only what the client holds, or was offered, is granted.
    NotMade,
    /// It asked a moment ago, and nobody answered.
    Clear,
    /// Somebody answered.
    InUse,
}

/// The client's state when it sent its DHCPREQUEST (RFC 2131 §4.3.2, table 4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RequestKind {
    /// It takes an offer.
    Selecting,
    /// It restarted and remembers an address.
    InitReboot,
    /// T1 has passed; unicast.
    Renewing,
    /// T2 has passed; broadcast.
    Rebinding,
}

/// Which grant a client gives up: the newest one that the node knew of when it heard the client.
///
/// A RELEASE or DECLINE may commit long after it was sent: behind an election, a stalled node, a
/// queue. By then the client may have asked again and hold a newer grant of the same address, which
/// must not end with the old one (S1, S7). Nor is a grant given up that another node made since:
/// the client named the server that it had its lease from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GrantRef {
    /// When it was stamped.
    pub granted: ClusterTime,
    /// The node that made it, by the server identifier that the client named.
    pub node: NodeId,
}

/// A DHCPRELEASE (RFC 2131 §4.3.4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReleaseLease {
    /// Where.
    pub subnet: SubnetId,
    /// Who gives back.
    pub client: ClientIdentity,
    /// `ciaddr`.
    pub address: Ipv4Addr,
    /// Which grant.
    pub grant: GrantRef,
    /// Its transaction id, by which a copy of it is told from another RELEASE (S7).
    pub xid: u32,
}

/// A DHCPDECLINE (RFC 2131 §4.3.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeclineAddress {
    /// Where.
    pub subnet: SubnetId,
    /// Who found the address in use.
    pub client: ClientIdentity,
    /// Option 50.
    pub address: Ipv4Addr,
    /// Which grant.
    pub grant: GrantRef,
}

/// Nobody is on a quarantined address any more, as far as a node's probe tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LiftQuarantine {
    /// Where.
    pub subnet: SubnetId,
    /// Which address.
    pub address: Ipv4Addr,
    /// The node that probed.
    pub node: NodeId,
    /// When the quarantine that is meant would end: no other is lifted.
    pub until: ClusterTime,
}

/// A conflict that a node's own probe found (RFC 2131 §2.2, L6).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuarantineAddress {
    /// Where.
    pub subnet: SubnetId,
    /// Which address.
    pub address: Ipv4Addr,
    /// The node that probed.
    pub node: NodeId,
}
