//! What this node's kernel should do: a function of the replicated intent and of the node.
//!
//! In: [`ipam::NatView`] and [`NodeContext`]. Out: a [`Plan`]. Pure and total but for [`PlanError`].
//!
//! **Port forwards** (`forwards`). A connection that enters by the uplink or by the LAN, for an address
//! of this host that is *not* in one of the clients' networks, goes to the target of its port. So a
//! client can use the public address too (hairpin), while what is addressed to the node's own LAN
//! address (DHCP renewals) is never taken by a forward. Connections that the host itself opens are not
//! forwarded, nor is anything that this host's peers, operators and overlays use, whatever the intent says. A
//! forward without a target drops what comes for its port: else the host's own service of that port would answer.
//!
//! **What is withdrawn is closed** (S9). A packet of a forwarded connection passes only while the map still
//! leads the connection's public port to that target. A forwarded connection is recognised by its replies
//! going to [`NodeContext::listen_ip`], so connections that others translate are not judged. Deleting the
//! tracked connections ([`crate::flows`]) comes on top.
//!
//! **Source NAT** (`source_nat`). A client's traffic that leaves by the uplink is translated as its
//! subnet says; what goes to a named network of the host gets that interface's address, as those there
//! seldom know the way back. A forwarded connection that leaves by the LAN gets
//! [`NodeContext::listen_ip`] as its source: the client's default gateway is an anycast address, so
//! its answer would go to the gateway of *its* host, which does not know the connection (ADR: source
//! NAT of forwarded connections).
//!
//! **LAN leak.** While the listen IP is missing, the host may have no route to the clients' network but its
//! default one, so renewals sent to the listen IP would leave by the uplink. Whatever is for the clients'
//! network and would leave there is dropped and never translated: conntrack would keep the translation, and
//! once the listen IP is back, these clients' renewals would seem to come from this host, and be refused as
//! forged (L1).
//!
//! **The forward policy is the LAN's** (`policy`), not the host's. What neither enters nor leaves by
//! the LAN interface is not judged here at all: the host may forward for others (containers, other
//! tenants). For the LAN, `drop` means that established, outbound and forwarded IPv4 traffic passes,
//! and traffic from LAN to LAN (with `br_netfilter` even bridged frames are seen here); the rest is
//! dropped by the last rule. The *chain's* policy is `accept` all the same: if it were `drop`,
//! somebody who flushes our rules would stop all of the host's forwarding until they are repaired.
//!
//! **The host is closed to its clients** (`input`), with an uplink or without, by IPv6 too (link-local
//! addresses are always there): DHCP, ping and what the operator opens. Packets from
//! clients to ports of peers, operators and overlays at any host's address are dropped at the client's own
//! host: masqueraded at the uplink, they would arrive as a peer's (S12). At other addresses such a port is
//! like any other. Both hold for replies too, since a client can forge the packet that it replies to: a
//! packet with a spoofed source begins no connection. Only packets that came in by the clients' interface
//! are judged, so nobody who administers the host is locked out.
//!
//! **One skeleton.** Every plan has the same chains, maps and sets, so that one plan becomes the next
//! by changing rules and elements in place, and what stays the same is in force all the time.

mod forwards;
mod input;
mod policy;
mod source_nat;

use crate::context::{InterfaceName, NodeContext, Port};
use crate::ruleset::{Hosts, PortRole, PortSet, Ruleset};
use ipam::{ForwardKey, Gateway, Ipv4Network, NatView, Protocol};
use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};

/// What the kernel should hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The whole of our table.
    pub ruleset: Ruleset,
    /// Whether IPv4 forwarding must be on. If not, it is left as it is.
    pub forwarding: bool,
    /// What of the intent this node cannot or will not do, each with its remedy.
    pub problems: Vec<String>,
    /// The clients' networks.
    pub networks: Vec<Ipv4Network>,
    /// This host's addresses.
    pub addresses: BTreeSet<Ipv4Addr>,
    /// Whether anything can enter by a forward.
    pub forwards_enter: bool,
}

/// Why there is no plan.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// Outbound traffic could not be told from the LAN's own.
    #[error("the LAN and the uplink are both {0}: NAT needs two interfaces")]
    OneInterface(InterfaceName),
    /// The router address is on every host, so replies to it could reach another one.
    #[error(
        "this node's own address is {0}, which is the router address: every host has that one, so NAT needs another"
    )]
    ListenOnRouter(Ipv4Addr),
    /// S9: one public port has one owner.
    #[error("the intent has two forwards for {0}")]
    TwoOwners(ForwardKey),
    /// Port 0 is no port.
    #[error("the forward of {0} has a port that is 0")]
    PortZero(ForwardKey),
}

/// The plan for this node.
pub fn plan(view: &NatView, node: &NodeContext) -> Result<Plan, PlanError> {
    if let Some(uplink) = &node.uplink_interface
        && node.lan_interface == *uplink
    {
        return Err(PlanError::OneInterface(node.lan_interface.clone()));
    }
    if node.listen_ip == node.router && node.uplink_interface.is_some() {
        return Err(PlanError::ListenOnRouter(node.router));
    }
    let protected = protected(view, node);
    let mut problems = Vec::new();
    let forwards = forwards::sort(view, node, &protected, &mut problems)?;
    source_nat::problems(view, node, &mut problems);
    let ports = [
        (PortRole::Protected, &protected),
        (PortRole::Closed, &forwards.closed),
        (PortRole::Opened, &node.guard.opened),
    ];
    let chains = vec![
        forwards::port_forwards(view),
        forwards::prerouting(node),
        source_nat::postrouting(view, node),
        policy::from_clients(),
        forwards::forwarded(),
        policy::lan(view, node),
        policy::forward(view, node),
        input::from_clients(),
        input::from_uplink(),
        input::input(node),
    ];
    let translates = view
        .subnets
        .iter()
        .any(|subnet| subnet.source_nat.is_some());
    let forwarding = !node.networks.is_empty()
        || node.uplink_interface.is_some() && (translates || !view.forwards.is_empty());
    Ok(Plan {
        ruleset: Ruleset {
            maps: forwards.maps,
            ports: ports.into_iter().flat_map(port_sets).collect(),
            hosts: hosts(view, node),
            chains,
        },
        forwarding,
        problems,
        networks: view.subnets.iter().map(|subnet| subnet.network).collect(),
        addresses: node.addresses.clone(),
        forwards_enter: node.uplink_interface.is_some(),
    })
}

/// Ports that this node's peers, its operators and overlays use on its host: no forward takes them. Ports that
/// other nodes report count for the hosts of those nodes only.
fn protected(view: &NatView, node: &NodeContext) -> BTreeSet<Port> {
    let own = view.gateways.iter();
    let own = own.filter(|gateway| gateway.listen_ips.contains(&node.listen_ip));
    let own = own.flat_map(|gateway| gateway.ports.iter());
    let own = own.map(|port| (Protocol::Tcp, *port));
    node.guard.protected.iter().copied().chain(own).collect()
}

/// S12: addresses and ports that clients may not reach. A node's ports are kept from them at its own host's
/// addresses alone: a port may be any, such as 443, and at other addresses clients may use it.
fn hosts(view: &NatView, node: &NodeContext) -> Hosts {
    let stated = view.gateways.iter();
    let stated = stated.flat_map(|gateway| reported_addresses(gateway, view));
    let mut ports = BTreeSet::new();
    for gateway in &view.gateways {
        for address in reported_addresses(gateway, view) {
            ports.extend(gateway.ports.iter().map(|port| (address, *port)));
        }
    }
    Hosts {
        addresses: stated
            .chain([node.listen_ip.into(), node.router.into()])
            .collect(),
        ports,
    }
}

/// The addresses that a node reports as its host's, as far as they are believed. In the clients' networks only its
/// listen IP is: the others belong to clients, and a node that lies could close forwards to them.
fn reported_addresses(gateway: &Gateway, view: &NatView) -> impl Iterator<Item = IpAddr> {
    let is_a_clients = |address: &IpAddr| {
        let IpAddr::V4(address) = *address else {
            return false;
        };
        let mut subnets = view.subnets.iter();
        !gateway.listen_ips.contains(&address)
            && subnets.any(|subnet| subnet.network.contains(address))
    };
    let addresses = gateway.addresses.iter().copied();
    addresses.filter(move |address| !is_a_clients(address))
}

fn port_sets((role, ports): (PortRole, &BTreeSet<Port>)) -> [PortSet; 2] {
    [Protocol::Tcp, Protocol::Udp].map(|protocol| PortSet {
        role,
        protocol,
        ports: ports
            .iter()
            .filter(|(of, _)| *of == protocol)
            .map(|(_, port)| *port)
            .collect(),
    })
}
