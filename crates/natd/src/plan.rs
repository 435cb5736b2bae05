//! What this node's kernel should do: a function of the replicated intent and of the node.
//!
//! In: [`ipam::NatView`] and [`NodeContext`]. Out: a [`Plan`]. Pure and total but for [`PlanError`].
//!
//! **Port forwards.** A connection that enters by the uplink or by the LAN, for an address of this
//! host that is *not* in one of the clients' networks, goes to the target of its port. So a client
//! can use the public address too (hairpin), while what is addressed to the node's own LAN address
//! (DHCP renewals, the other gateways' Raft) is never taken by a forward. Other interfaces of the
//! host (management, tunnels, containers) are not touched. Connections that the host itself opens
//! are not forwarded.
//!
//! **Source NAT.** A client's traffic that leaves by the uplink is translated as its subnet says.
//! A forwarded connection that leaves by the LAN gets [`NodeContext::listen_ip`] as its source: the
//! client's default gateway is an anycast address, so its answer would go to the gateway of *its*
//! host, which does not know the connection (ADR: source NAT of forwarded connections).
//!
//! **The clients' network is not behind the uplink.** While the listen IP is missing, the host may have no
//! route to that network but its default one, and renewals sent to the listen IP go astray. They are dropped,
//! and never translated: conntrack would keep the translation, and once the listen IP is back, these
//! clients' renewals would seem to come from this host, and be refused as forged (L1).
//!
//! **The forward policy is the LAN's**, not the host's. What neither enters nor leaves by the LAN
//! interface is not judged here at all: the host may forward for others (containers, other
//! tenants). For the LAN, `drop` means that established, outbound and forwarded traffic passes,
//! and traffic from LAN to LAN (with `br_netfilter` even bridged frames are seen here); the rest is
//! dropped by the last rule. The *chain's* policy is `accept` all the same: if it were `drop`,
//! somebody who flushes our rules would stop all of the host's forwarding until they are repaired.
//!
//! **One skeleton.** Every plan has the same chains and maps, so that one plan becomes the next by
//! changing rules and elements in place, and what stays the same is in force all the time.
//!
//! Not here: the input chain (the host's firewall is its owner's), IPv6, and the closing of
//! connections that conntrack already knows when a forward is withdrawn.

use crate::context::{InterfaceName, NodeContext};
use crate::ruleset::{Action, Chain, ForwardMap, Hook, Match, Rule, Ruleset};
use ipam::{ForwardKey, ForwardPolicy, NatView, Protocol, SourceNat, SubnetNat};
use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddrV4};

const FORWARDS_CHAIN: &str = "port_forwards";
const LAN_CHAIN: &str = "lan";

/// What the kernel should be at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The whole of our table.
    pub ruleset: Ruleset,
    /// Whether IPv4 forwarding must be on. If not, it is left as it is.
    pub forwarding: bool,
}

/// Why there is no plan.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// Outbound traffic could not be told from the LAN's own.
    #[error("the LAN and the uplink are both {0}: NAT needs two interfaces")]
    OneInterface(InterfaceName),
    /// The router address is on every host; answers to it would go astray.
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
    if node.lan_interface == node.uplink_interface {
        return Err(PlanError::OneInterface(node.lan_interface.clone()));
    }
    if node.listen_ip == node.router {
        return Err(PlanError::ListenOnRouter(node.router));
    }
    let maps = forward_maps(view)?;
    let chains = vec![
        port_forwards(view),
        prerouting(node),
        postrouting(view, node),
        lan(view, node),
        forward(view, node),
    ];
    let forwarding = !view.forwards.is_empty()
        || view
            .subnets
            .iter()
            .any(|subnet| subnet.source_nat.is_some());
    Ok(Plan {
        ruleset: Ruleset { maps, chains },
        forwarding,
    })
}

fn forward_maps(view: &NatView) -> Result<Vec<ForwardMap>, PlanError> {
    let mut tcp = BTreeMap::new();
    let mut udp = BTreeMap::new();
    for forward in &view.forwards {
        if forward.key.port == 0 || forward.port == 0 {
            return Err(PlanError::PortZero(forward.key));
        }
        let targets = match forward.key.protocol {
            Protocol::Tcp => &mut tcp,
            Protocol::Udp => &mut udp,
        };
        let target = SocketAddrV4::new(forward.address, forward.port);
        if targets.insert(forward.key.port, target).is_some() {
            return Err(PlanError::TwoOwners(forward.key));
        }
    }
    Ok(vec![
        ForwardMap {
            protocol: Protocol::Tcp,
            targets: tcp,
        },
        ForwardMap {
            protocol: Protocol::Udp,
            targets: udp,
        },
    ])
}

/// Judges connections that enter by an interface of ours, whatever they are addressed to.
fn port_forwards(view: &NatView) -> Chain {
    let mut rules = vec![Rule::new([Match::DestinationNotLocal], Action::Return)];
    rules.extend(
        view.subnets
            .iter()
            .map(|subnet| Rule::new([Match::DestinationIn(subnet.network)], Action::Return)),
    );
    rules.extend(
        [Protocol::Tcp, Protocol::Udp]
            .map(|protocol| Rule::new([], Action::DestinationNat(protocol))),
    );
    Chain {
        name: FORWARDS_CHAIN,
        hook: None,
        rules,
    }
}

fn prerouting(node: &NodeContext) -> Chain {
    let enter = |interface: &InterfaceName| {
        Rule::new(
            [Match::InInterface(interface.clone())],
            Action::Jump(FORWARDS_CHAIN),
        )
    };
    Chain {
        name: "prerouting",
        hook: Some(Hook::DestinationNat),
        rules: vec![enter(&node.uplink_interface), enter(&node.lan_interface)],
    }
}

fn postrouting(view: &NatView, node: &NodeContext) -> Chain {
    let answers_come_back = Rule::new(
        [
            Match::OutInterface(node.lan_interface.clone()),
            Match::DestinationTranslated,
        ],
        Action::SourceNat(node.listen_ip),
    );
    let mut rules = vec![answers_come_back];
    rules.extend(
        view.subnets
            .iter()
            .map(|subnet| astray(subnet, node, Action::Return)),
    );
    rules.extend(
        view.subnets
            .iter()
            .filter_map(|subnet| outbound_nat(subnet, node)),
    );
    Chain {
        name: "postrouting",
        hook: Some(Hook::SourceNat),
        rules,
    }
}

/// What is meant for the clients' network and would leave by the uplink.
fn astray(subnet: &SubnetNat, node: &NodeContext, action: Action) -> Rule {
    let matches = [
        Match::OutInterface(node.uplink_interface.clone()),
        Match::DestinationIn(subnet.network),
    ];
    Rule::new(matches, action)
}

fn outbound_nat(subnet: &SubnetNat, node: &NodeContext) -> Option<Rule> {
    let action = match subnet.source_nat? {
        SourceNat::Masquerade => Action::Masquerade,
        SourceNat::Snat(address) => Action::SourceNat(address),
    };
    let matches = [
        Match::OutInterface(node.uplink_interface.clone()),
        Match::SourceIn(subnet.network),
    ];
    Some(Rule::new(matches, action))
}

/// Judges what enters or leaves by the LAN.
fn lan(view: &NatView, node: &NodeContext) -> Chain {
    let from_lan = Match::InInterface(node.lan_interface.clone());
    let to_lan = Match::OutInterface(node.lan_interface.clone());
    let to_uplink = Match::OutInterface(node.uplink_interface.clone());
    let mut rules = vec![
        // First: routes within the LAN may be asymmetric, so conntrack may call them invalid.
        Rule::new([from_lan.clone(), to_lan], Action::Accept),
        Rule::new([Match::Known], Action::Accept),
        Rule::new([Match::Invalid], Action::Drop),
        Rule::new([Match::DestinationTranslated], Action::Accept),
    ];
    rules.extend(
        view.subnets
            .iter()
            .map(|subnet| astray(subnet, node, Action::Drop)),
    );
    rules.extend(view.subnets.iter().map(|subnet| {
        let matches = [
            from_lan.clone(),
            to_uplink.clone(),
            Match::SourceIn(subnet.network),
        ];
        Rule::new(matches, Action::Accept)
    }));
    rules.push(Rule::new([], Action::Drop));
    Chain {
        name: LAN_CHAIN,
        hook: None,
        rules,
    }
}

fn forward(view: &NatView, node: &NodeContext) -> Chain {
    let enters = Match::InInterface(node.lan_interface.clone());
    let leaves = Match::OutInterface(node.lan_interface.clone());
    let judge = || {
        [enters, leaves]
            .map(|by_lan| Rule::new([by_lan], Action::Jump(LAN_CHAIN)))
            .into()
    };
    let rules = match view.forward_policy {
        ForwardPolicy::Drop => judge(),
        ForwardPolicy::Accept => Vec::new(),
    };
    Chain {
        name: "forward",
        hook: Some(Hook::Forward),
        rules,
    }
}
