//! What this node knows about itself and the replicated state does not: interfaces and addresses.
//!
//! In: configuration and [`crate::netlink`]. Out: the second argument of [`crate::plan()`]. Pure.

use ipam::{Ipv4Network, Protocol};
use std::collections::BTreeSet;
use std::fmt;
use std::net::Ipv4Addr;

/// Longest interface name in bytes: the kernel's IFNAMSIZ less its terminating zero.
pub const MAX_INTERFACE_NAME: usize = 15;

/// A name that the kernel would accept for an interface. The interface need not exist.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InterfaceName(String);

/// Why a string cannot be an interface's name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{name:?} cannot be an interface's name: it needs 1 to {MAX_INTERFACE_NAME} bytes and no '/', ':', quote, space or control character"
)]
pub struct InvalidInterfaceName {
    name: String,
}

/// The node-local facts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeContext {
    /// The interface on the clients' network, such as `OCvpsnet`.
    pub lan_interface: InterfaceName,
    /// The interface that leads to the rest of the world; without it nothing is translated or
    /// forwarded, and only the host itself is guarded.
    pub uplink_interface: Option<InterfaceName>,
    /// This node's own address on the LAN, such as 10.15.3.10. No other host has it.
    pub listen_ip: Ipv4Addr,
    /// The clients' default gateway, such as 10.15.3.1: an anycast address, present on every host.
    pub router: Ipv4Addr,
    /// What its host offers to clients, and what it keeps from them.
    pub guard: Guard,
    /// Networks behind other interfaces of the host that clients may talk to (a VPN, say).
    pub networks: Vec<Ipv4Network>,
    /// Every IPv4 address of the host: which one of a pool it translates to.
    pub addresses: BTreeSet<Ipv4Addr>,
}

/// A port of a transport protocol.
pub type Port = (Protocol, u16);

/// Ports of the hosts, as clients may and may not use them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Guard {
    /// What the operator opens from the clients' network to this host, besides DHCP and ping.
    pub opened: BTreeSet<Port>,
    /// What this node's peers and operators, and overlays use: no forward takes it. Overlays' ports are kept from
    /// clients at every host's addresses, nodes' ports at those of their own (from the replicated state).
    pub protected: BTreeSet<Port>,
}

/// Ports that overlays between hosts use: VXLAN (RFC 7348), VXLAN before it had a number (Linux'
/// default), Geneve (RFC 8926). Overlays without ports (GRE, IP in IP) are kept from the hosts' addresses as a whole.
pub const OVERLAY_PORTS: [Port; 3] = [
    (Protocol::Udp, 4789),
    (Protocol::Udp, 8472),
    (Protocol::Udp, 6081),
];

impl Guard {
    /// Protects the overlays' ports, and these TCP ports of the node itself.
    #[must_use]
    pub fn protecting(own: impl IntoIterator<Item = u16>) -> Self {
        let own = own.into_iter().map(|port| (Protocol::Tcp, port));
        Self {
            opened: BTreeSet::new(),
            protected: own.chain(OVERLAY_PORTS).collect(),
        }
    }
}

impl InterfaceName {
    /// Checks `name` by the kernel's rules (`dev_valid_name`), and refuses quotes besides.
    pub fn new(name: impl Into<String>) -> Result<Self, InvalidInterfaceName> {
        let name = name.into();
        let length = (1..=MAX_INTERFACE_NAME).contains(&name.len());
        let characters = name
            .chars()
            .all(|c| !matches!(c, '/' | ':' | '"') && !c.is_whitespace() && !c.is_control());
        if length && characters && name != "." && name != ".." {
            Ok(Self(name))
        } else {
            Err(InvalidInterfaceName { name })
        }
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for InterfaceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::str::FromStr for InterfaceName {
    type Err = InvalidInterfaceName;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::new(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_kernels_rules() {
        for good in ["eth0", "OCvpsnet", "br-1.100", "a", "123456789012345"] {
            assert!(InterfaceName::new(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "1234567890123456",
            "a/b",
            "a b",
            ".",
            "..",
            "a\"b",
            "a:1",
            "a\0",
        ] {
            assert!(InterfaceName::new(bad).is_err(), "{bad:?}");
        }
    }
}
