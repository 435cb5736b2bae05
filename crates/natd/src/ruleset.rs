//! The rules of one node, in the words of packets: which traffic, and what becomes of it.
//!
//! In: [`crate::plan()`] makes a [`Ruleset`]. Out: [`Ruleset::image`] turns it into what the kernel
//! holds; `Display` writes it as `nft list table` would (golden files, logs, support bundles).
//! It is not a general nftables library: it has the matches and actions that a gateway needs.
//! Pure.

mod render;

use crate::context::InterfaceName;
use crate::table::TableId;
use ipam::{Ipv4Network, Protocol};
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, SocketAddrV4};

/// The one table that this crate owns. No other is ever written, but for [`PREDECESSOR`], which is removed.
pub const TABLE: TableId = TableId::inet("gatewayd");
/// The table that older builds had.
pub const PREDECESSOR: TableId = TableId::ip("gatewayd");

/// Every rule of the node. Chains and maps are in the order in which they are created.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ruleset {
    /// Where port forwards lead.
    pub maps: Vec<ForwardMap>,
    /// Ports that rules speak of.
    pub ports: Vec<PortSet>,
    /// The hosts' own addresses.
    pub hosts: Hosts,
    /// The chains. A chain that others jump to comes before them.
    pub chains: Vec<Chain>,
}

/// Public port to target, for one protocol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForwardMap {
    /// The protocol, which also names the map.
    pub protocol: Protocol,
    /// The targets by public port.
    pub targets: BTreeMap<u16, SocketAddrV4>,
}

/// Ports of one protocol that meet the same fate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PortSet {
    /// What happens to them; with the protocol, it names the set.
    pub role: PortRole,
    /// The protocol.
    pub protocol: Protocol,
    /// The ports.
    pub ports: BTreeSet<u16>,
}

/// What a set of ports is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PortRole {
    /// What this node's peers and operators, and overlays use: no forward takes it.
    Protected,
    /// Public ports whose forward leads nowhere now: dropped, where the host itself would answer.
    Closed,
    /// What the operator opens from the clients' network to the host.
    Opened,
}

/// The hosts' own addresses, and the TCP ports of the nodes there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hosts {
    /// Every address that is a host's.
    pub addresses: BTreeSet<IpAddr>,
    /// Where a node listens for its peers and operators.
    pub ports: BTreeSet<(IpAddr, u16)>,
}

/// An IP version, of which sets have their own kind of elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
}

/// A chain of rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chain {
    /// Its name within the table.
    pub name: &'static str,
    /// Where packets enter it, unless it is only jumped to.
    pub hook: Option<Hook>,
    /// In order.
    pub rules: Vec<Rule>,
}

/// Where a chain sees packets. The policy is always `accept`: see [`mod@crate::plan`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hook {
    /// `type nat hook prerouting priority dstnat`.
    DestinationNat,
    /// `type nat hook postrouting priority srcnat`.
    SourceNat,
    /// `type filter hook forward priority filter`.
    Forward,
    /// `type filter hook input priority filter`.
    Input,
}

/// What all of `matches` describe gets `action`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// All must hold.
    pub matches: Vec<Match>,
    /// What happens then.
    pub action: Action,
}

/// A property of a packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Match {
    /// It came in by this interface.
    InInterface(InterfaceName),
    /// It leaves by this interface.
    OutInterface(InterfaceName),
    /// It is IPv6.
    Ipv6,
    /// It is IPv4, and its source lies in this network.
    SourceIn(Ipv4Network),
    /// It is IPv4, and its destination lies in this network.
    DestinationIn(Ipv4Network),
    /// Its destination is no address of this host.
    DestinationNotLocal,
    /// It fails the reverse path check (RFC 3704): the route to its source does not lead by the interface that
    /// it came in by, so the source is spoofed. DHCP clients' packets from 0.0.0.0 to all pass the check.
    SpoofedSource,
    /// Its source is an address of this host.
    SourceLocal,
    /// It leaves by another interface than this.
    NotOutInterface(InterfaceName),
    /// It belongs to a connection that conntrack knows (established), or was caused by one (related).
    Known,
    /// It was caused by a connection that conntrack knows: an ICMP error, say.
    Related,
    /// It would begin a connection.
    New,
    /// Conntrack can make no sense of it.
    Invalid,
    /// Its connection's destination was translated.
    DestinationTranslated,
    /// Its connection's source was translated to this address, so replies go there.
    AnswersTo(Ipv4Addr),
    /// It goes to where the map of this protocol now leads its connection's public port; or, as a reply, comes
    /// from there.
    LedByMap(Protocol, Direction),
    /// Its destination port is in this set.
    PortIn(PortRole, Protocol),
    /// Its source port is a protected one.
    FromProtected(Protocol),
    /// It is neither TCP, UDP nor ICMP, so a tunnel most likely: IP in IP, GRE, ESP, L2TP.
    OtherProtocol,
    /// It is for one of the hosts' addresses.
    ToHost(Family),
    /// It is for a TCP port of a node at an address of its host.
    ToHostPort(Family),
    /// It goes the way of its connection's first packet.
    Original,
    /// It goes to the UDP port of DHCP servers.
    Dhcp,
    /// It is this ICMP message: 4 or 6, and the type.
    Icmp(IcmpType),
    /// It opens a TCP connection, or is the answer to that (SYN).
    Syn,
}

/// Which way a packet of a connection goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// As its first packet.
    Original,
    /// The other way.
    Reply,
}

/// ICMP messages that a host must hear.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IcmpType {
    /// `ping`.
    Echo4,
    /// `ping -6`.
    Echo6,
    /// Who asks for routers (RFC 4861).
    RouterSolicit,
    /// Who asks for this host's hardware address (RFC 4861).
    NeighborSolicit,
    /// Who answers that (RFC 4861).
    NeighborAdvert,
}

/// What happens to a packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// This table lets it pass.
    Accept,
    /// It is gone.
    Drop,
    /// It is gone, and counted.
    CountedDrop,
    /// Its TCP MSS becomes what the routes of both directions carry, if it was more; it goes on.
    ClampMss,
    /// The calling chain continues.
    Return,
    /// Another chain of the table judges it.
    Jump(&'static str),
    /// It leaves with the address of the interface that it leaves by.
    Masquerade,
    /// It leaves with this source address.
    SourceNat(Ipv4Addr),
    /// It goes where the map of this protocol says; if the map does not have its port, the next rule.
    DestinationNat(Protocol),
}

/// How many elements a set can have: the smallest of these that is enough. There are 65,535 ports, and at most
/// 64 nodes, each with at most 66 addresses and 3 ports there.
///
/// The kernel gives a map of fixed size a hash table of fixed size. One without gets a table that
/// grows on its own after the transaction, and while it grows, a dump leaves elements out (seen with
/// 10,000: some 10 % were missing), so that a read-back would find differences that are not there.
const CAPACITIES: [u32; 3] = [1 << 10, 1 << 13, 1 << 16];

impl ForwardMap {
    /// The map's name within the table.
    #[must_use]
    pub const fn name(protocol: Protocol) -> &'static str {
        match protocol {
            Protocol::Tcp => "tcp_forwards",
            Protocol::Udp => "udp_forwards",
        }
    }
}

impl ForwardMap {
    /// The name of the set that holds the map's contents as (public port, address, port), by which
    /// packets of established connections are judged.
    #[must_use]
    pub const fn targets_name(protocol: Protocol) -> &'static str {
        match protocol {
            Protocol::Tcp => "tcp_targets",
            Protocol::Udp => "udp_targets",
        }
    }
}

impl PortSet {
    /// The set's name within the table.
    #[must_use]
    pub const fn name(role: PortRole, protocol: Protocol) -> &'static str {
        match (role, protocol) {
            (PortRole::Protected, Protocol::Tcp) => "tcp_protected",
            (PortRole::Protected, Protocol::Udp) => "udp_protected",
            (PortRole::Closed, Protocol::Tcp) => "tcp_closed",
            (PortRole::Closed, Protocol::Udp) => "udp_closed",
            (PortRole::Opened, Protocol::Tcp) => "tcp_opened",
            (PortRole::Opened, Protocol::Udp) => "udp_opened",
        }
    }
}

impl Family {
    /// Whether an address is of this version.
    #[must_use]
    pub const fn has(self, address: &IpAddr) -> bool {
        matches!(
            (self, address),
            (Self::V4, IpAddr::V4(_)) | (Self::V6, IpAddr::V6(_))
        )
    }
}

impl Hosts {
    /// The name of the set of addresses within the table.
    #[must_use]
    pub const fn name(family: Family) -> &'static str {
        match family {
            Family::V4 => "hosts",
            Family::V6 => "hosts6",
        }
    }

    /// The name of the set of addresses with ports.
    #[must_use]
    pub const fn ports_name(family: Family) -> &'static str {
        match family {
            Family::V4 => "host_ports",
            Family::V6 => "host_ports6",
        }
    }
}

/// For how many elements a set must be made that has so many.
///
/// # Panics
/// If there are more than that.
#[must_use]
pub fn capacity(elements: usize) -> u32 {
    CAPACITIES
        .into_iter()
        .find(|capacity| elements <= *capacity as usize)
        .expect("ports and nodes are bounded")
}

impl Ruleset {
    /// Where the forwards lead.
    #[must_use]
    pub fn targets(&self) -> Targets {
        let of_map = |map: &ForwardMap| {
            let protocol = map.protocol;
            let targets = map.targets.clone().into_iter();
            targets.map(move |(port, target)| ((protocol, port), target))
        };
        self.maps.iter().flat_map(of_map).collect()
    }

    /// These rules with other forwards. Those that go are closed.
    #[must_use]
    pub fn with_targets(&self, targets: &Targets) -> Self {
        let mut rules = self.clone();
        for map in &mut rules.maps {
            let protocol = map.protocol;
            let mine = targets.iter().filter(|((of, _), _)| *of == protocol);
            let mine = mine.map(|((_, port), target)| (*port, *target)).collect();
            let closed = std::mem::replace(&mut map.targets, mine).into_keys();
            let mut sets = rules.ports.iter_mut();
            let set = sets.find(|set| set.protocol == protocol && set.role == PortRole::Closed);
            if let Some(set) = set {
                set.ports.extend(closed);
                set.ports.retain(|port| !map.targets.contains_key(port));
            }
        }
        rules
    }
}

/// Where each public port leads.
pub type Targets = BTreeMap<(Protocol, u16), SocketAddrV4>;

impl Rule {
    /// `action` for what all of `matches` describe.
    #[must_use]
    pub fn new(matches: impl Into<Vec<Match>>, action: Action) -> Self {
        Self {
            matches: matches.into(),
            action,
        }
    }
}
