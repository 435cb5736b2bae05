//! What can be asked of the state machine. Commands are imperative, and the only way in.

use crate::{
    ClientIdentity, ClientKey, ClusterTime, Forward, ForwardKey, ForwardPolicy, Hostname, NodeId,
    NodeRegistration, Profile, SourceNat, Span, Stamp, SubnetConfig, SubnetId,
};
use alloc::vec::Vec;
use core::net::Ipv4Addr;

/// One log entry's worth: many commands, one stamp, one fsync.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Batch {
    /// The leader's reading of the cluster clock, if it had one.
    pub stamp: Option<Stamp>,
    /// Applied in this order.
    pub commands: Vec<Command>,
}

/// A request to change the state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Lay down what is cluster-wide. Refused once done.
    Bootstrap(Bootstrap),
    /// A node announces its listen IP and peer address.
    RegisterNode(NodeRegistration),
    /// Forget a node that has left the cluster.
    RemoveNode(NodeId),
    /// Replace a subnet's configuration, or add a subnet.
    PutSubnet(SubnetConfig),
    /// Hold an address for a client that broadcast a DHCPDISCOVER.
    OfferLease(OfferLease),
    /// Bind an address for a client that sent a DHCPREQUEST.
    GrantLease(GrantLease),
    /// A DHCPRELEASE.
    ReleaseLease(ReleaseLease),
    /// A DHCPDECLINE.
    DeclineAddress(DeclineAddress),
    /// A conflict probe found somebody on an address that nobody holds (L6).
    QuarantineAddress(QuarantineAddress),
    /// A later probe found nobody on a quarantined address (S7).
    LiftQuarantine(LiftQuarantine),
    /// An operator takes an address back, whoever holds it.
    RevokeLease {
        /// Where.
        subnet: SubnetId,
        /// Which address.
        address: Ipv4Addr,
        /// Whether its client keeps a record (S6). Entries from before this field keep none.
        keep_record: bool,
    },
    /// Keep an address for one client.
    AddReservation {
        /// Where.
        subnet: SubnetId,
        /// For whom.
        client: ClientKey,
        /// Which address.
        address: Ipv4Addr,
    },
    /// Keep it no longer.
    RemoveReservation {
        /// Where.
        subnet: SubnetId,
        /// For whom it was.
        client: ClientKey,
    },
    /// Forward a public port. Refused if the port has an owner (S9), if a host uses it, or if the
    /// target is no client's own.
    AddForward {
        /// What it matches.
        key: ForwardKey,
        /// Where it leads.
        forward: Forward,
        /// Whether the operator means it where that can make sense.
        force: bool,
    },
    /// Forward it no longer.
    RemoveForward(ForwardKey),
    /// Set how a subnet's traffic leaves; `None` leaves it untranslated.
    SetSourceNat {
        /// Which subnet.
        subnet: SubnetId,
        /// How.
        source_nat: Option<SourceNat>,
    },
    /// Set the forward chain's policy.
    SetForwardPolicy(ForwardPolicy),
    /// Set how patient the nodes are with each other (L7).
    SetProfile(Profile),
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
    /// What the node knows of who is on the address (L6). `None`: an entry from before this
    /// field, of which no probe is asked.
    pub probe: Option<ConflictProbe>,
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
    /// Its transaction id, by which a copy of it is told from another RELEASE (S7). `None`: an entry from before this
    /// field.
    pub xid: Option<u32>,
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
    /// Whether at most a quarter of the pool is quarantined (S7). Entries from before this field have no
    /// bound.
    pub bounded: bool,
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
    /// As in [`DeclineAddress::bounded`].
    pub bounded: bool,
}
