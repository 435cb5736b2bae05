//! What every gateway's kernel should do, free of any kernel's terms.
//!
//! A port forward may point at a *client*; in [`NatView`] each client is replaced by the address that its
//! lease has now, which is all that `natd` consumes.

use crate::{AddressRange, ForwardKey, Ipv4Network, Listener, NodeId, NodeRegistration};
use alloc::collections::BTreeSet;
use alloc::vec::Vec;
use core::fmt;
use core::net::{IpAddr, Ipv4Addr};

/// How a source address is translated on the way out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SourceNat {
    /// To whatever address the uplink has.
    Masquerade,
    /// To this address.
    Snat(Ipv4Addr),
    /// To the first of these that the node's host has.
    SnatPool(SnatPool),
}

/// Most addresses of a [`SnatPool`].
pub const MAX_SNAT_ADDRESSES: usize = 16;

/// Addresses for source NAT, at least one and at most [`MAX_SNAT_ADDRESSES`], in the operator's order: each node uses the
/// first that its host has. It is small, so that [`SourceNat`] is copied like a number.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SnatPool {
    addresses: [Ipv4Addr; MAX_SNAT_ADDRESSES],
    count: usize,
}

impl SnatPool {
    /// These addresses; none if they are none, or too many.
    #[must_use]
    pub fn new(addresses: &[Ipv4Addr]) -> Option<Self> {
        if addresses.is_empty() {
            return None;
        }
        let mut all = [Ipv4Addr::UNSPECIFIED; MAX_SNAT_ADDRESSES];
        all.get_mut(..addresses.len())?.copy_from_slice(addresses);
        Some(Self {
            addresses: all,
            count: addresses.len(),
        })
    }

    /// The addresses, in order.
    #[must_use]
    pub fn addresses(&self) -> &[Ipv4Addr] {
        &self.addresses[..self.count]
    }
}

impl fmt::Debug for SnatPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.addresses()).finish()
    }
}

/// The forward chain's policy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ForwardPolicy {
    /// Established, outbound and forwarded traffic passes; the rest is dropped.
    #[default]
    Drop,
    /// Everything passes.
    Accept,
}

/// Transport protocols that have ports to forward.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Protocol {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
}

/// What operators want of NAT, with every client resolved: a function of the state, and serialisable.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NatView {
    /// The subnets.
    pub subnets: Vec<SubnetNat>,
    /// The port forwards that have somewhere to lead.
    pub forwards: Vec<ResolvedForward>,
    /// The port forwards that have nowhere to lead now: they drop.
    pub leading_nowhere: Vec<ForwardKey>,
    /// The gateways, by node id.
    pub gateways: Vec<Gateway>,
    /// The forward chain's policy.
    pub forward_policy: ForwardPolicy,
}

/// A gateway node as NAT sees it: what clients must not reach.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gateway {
    /// Its own addresses on the clients' networks.
    pub listen_ips: BTreeSet<Ipv4Addr>,
    /// Every address of its host that the cluster knows, those of its peer address and its listen IP among them.
    pub addresses: BTreeSet<IpAddr>,
    /// The TCP ports of its peers and its operators, as far as it states them: three at most.
    pub ports: BTreeSet<u16>,
}

/// A subnet as NAT sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubnetNat {
    /// The network.
    pub network: Ipv4Network,
    /// Where its dynamic leases come from.
    pub pool: AddressRange,
    /// How its traffic leaves, if it is translated.
    pub source_nat: Option<SourceNat>,
}

/// A port forward whose target is an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ResolvedForward {
    /// What it matches.
    pub key: ForwardKey,
    /// Where it leads.
    pub address: Ipv4Addr,
    /// On which port.
    pub port: u16,
}

/// What the hosts use a port for. In the order in which it matters: what must never be forwarded
/// comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PortUse {
    /// The peer port of this node.
    Peer(NodeId),
    /// The admin port of this node.
    Admin(NodeId),
    /// DHCP.
    Dhcp,
    /// The tunnels that join the hosts' parts of the clients' network.
    Overlay,
    /// Where the hosts' own DHCP clients listen.
    DhcpClient,
    /// The way in for the hosts' operators.
    Ssh,
    /// Some program on the host of this node.
    Program(NodeId),
}

impl PortUse {
    /// Whether an operator may forward the port all the same.
    #[must_use]
    pub const fn can_be_forced(self) -> bool {
        matches!(self, Self::DhcpClient | Self::Ssh | Self::Program(_))
    }
}

impl fmt::Display for PortUse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Peer(node) => write!(
                f,
                "it is node {node}'s peer port, and forwarding it would end the cluster; \
                 choose another public port"
            ),
            Self::Admin(node) => write!(
                f,
                "it is node {node}'s admin port; choose another public port"
            ),
            Self::Dhcp => f.write_str("it is the nodes' DHCP port; choose another public port"),
            Self::DhcpClient => f.write_str(
                "it is where a host listens that has its own address by DHCP, and it would lose that \
                 address; choose another public port, or repeat with --force if all hosts have fixed \
                 addresses",
            ),
            Self::Overlay => f.write_str(
                "it carries the overlay between the hosts (VXLAN or Geneve), and forwarding it \
                 would cut the clients' network; choose another public port",
            ),
            Self::Ssh => f.write_str(
                "it is the hosts' ssh port, and you would be locked out of them; choose another \
                 public port, such as 2222, or repeat with --force if ssh is not needed there",
            ),
            Self::Program(node) => write!(
                f,
                "a program on node {node}'s host listens there, and would no longer be reached; \
                 choose another public port, or repeat with --force if that is meant"
            ),
        }
    }
}

impl From<&NodeRegistration> for Gateway {
    fn from(node: &NodeRegistration) -> Self {
        let mut addresses = node.addresses.clone();
        addresses.extend(node.listen.values().map(|address| IpAddr::from(*address)));
        addresses.extend(node.peer_ip());
        // One of each: a node that states hundreds lies.
        let own = [Listener::Peer, Listener::Admin].map(|kind| {
            let mut listeners = node.listeners.iter();
            let own = listeners
                .find(|(key, listener)| key.protocol == Protocol::Tcp && **listener == kind);
            own.map(|(key, _)| key.port)
        });
        let ports = own.into_iter().chain([node.peer_port()]).flatten();
        Self {
            listen_ips: node.listen.values().copied().collect(),
            addresses,
            ports: ports.collect(),
        }
    }
}

impl Protocol {
    /// `tcp` or `udp`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
        }
    }
}
