//! The rules of one node, in the words of packets: which traffic, and what becomes of it.
//!
//! In: [`crate::plan()`] makes a [`Ruleset`]. Out: [`Ruleset::image`] turns it into what the kernel
//! holds; `Display` writes it as `nft list table` would (golden files, logs, support bundles).
//! It is not a general nftables library: it has the matches and actions that a gateway needs.
//! Pure.

mod render;

use crate::context::InterfaceName;
use ipam::{Ipv4Network, Protocol};
use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddrV4};

/// The one table that this crate owns, in family `ip`. Nothing outside of it is ever written.
pub const TABLE: &str = "gatewayd";

/// Every rule of the node. Chains and maps are in the order in which they are created.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ruleset {
    /// Where port forwards lead.
    pub maps: Vec<ForwardMap>,
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
    /// Its source lies in this network.
    SourceIn(Ipv4Network),
    /// Its destination lies in this network.
    DestinationIn(Ipv4Network),
    /// Its destination is no address of this host.
    DestinationNotLocal,
    /// It belongs to a connection that conntrack knows (established), or was caused by one (related).
    Known,
    /// Conntrack can make no sense of it.
    Invalid,
    /// Its connection's destination was translated.
    DestinationTranslated,
}

/// What happens to a packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// This table lets it pass.
    Accept,
    /// It is gone.
    Drop,
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

/// How many forwards a map can have: the smallest of these that is enough. There are 65,535 ports.
///
/// The kernel gives a map of fixed size a hash table of fixed size. One without gets a table that
/// grows on its own after the transaction, and while it grows, a dump leaves elements out (seen with
/// 10,000: some 10 % were missing), so that a read-back would find differences that are not there.
const CAPACITIES: [u32; 3] = [1 << 10, 1 << 13, 1 << 16];

impl ForwardMap {
    /// How many forwards the map is made for.
    ///
    /// # Panics
    /// If there are more forwards than ports.
    #[must_use]
    pub fn capacity(&self) -> u32 {
        let enough = |capacity: &u32| self.targets.len() <= *capacity as usize;
        CAPACITIES
            .into_iter()
            .find(enough)
            .expect("a map has one target a port")
    }

    /// The map's name within the table.
    #[must_use]
    pub const fn name(protocol: Protocol) -> &'static str {
        match protocol {
            Protocol::Tcp => "tcp_forwards",
            Protocol::Udp => "udp_forwards",
        }
    }
}

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
