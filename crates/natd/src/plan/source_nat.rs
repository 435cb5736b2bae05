//! Source NAT: how clients' traffic leaves, and how answers to forwarded connections come back.

use crate::context::NodeContext;
use crate::ruleset::{Action, Chain, Direction, Family, Hook, Match, PortRole, Rule};
use ipam::{Ipv4Network, NatView, Protocol, SourceNat, SubnetNat};

/// What cannot be translated here as the state says.
pub(super) fn problems(view: &NatView, node: &NodeContext, problems: &mut Vec<String>) {
    if node.uplink_interface.is_none() {
        return;
    }
    for subnet in &view.subnets {
        let network = subnet.network;
        match subnet.source_nat {
            Some(SourceNat::Snat(address)) if !node.addresses.contains(&address) => {
                problems.push(format!(
                    "{network} is translated to {address} (snat), which this host does not have, so answers may never come: add it to the uplink, or give the cluster one address a host (GATEWAY_NAT=snat:ADDRESS,ADDRESS,…)"
                ));
            }
            Some(SourceNat::SnatPool(pool)) if outbound(subnet, node).is_none() => {
                problems.push(format!(
                    "this host has none of the addresses that {network} is translated to ({:?}), so nothing of it leaves here: add one of them to the uplink, or this host's address to the list (GATEWAY_NAT)",
                    pool.addresses()
                ));
            }
            _ => {}
        }
    }
}

/// How a subnet's traffic leaves by the uplink: translated somehow, or as it is. None if it cannot.
pub(super) fn outbound(subnet: &SubnetNat, node: &NodeContext) -> Option<Outbound> {
    Some(match subnet.source_nat {
        None => Outbound::AsItIs,
        Some(SourceNat::Masquerade) => Outbound::Translated(Action::Masquerade),
        Some(SourceNat::Snat(address)) => Outbound::Translated(Action::SourceNat(address)),
        Some(SourceNat::SnatPool(pool)) => {
            let mut addresses = pool.addresses().iter();
            let own = addresses.find(|address| node.addresses.contains(*address))?;
            Outbound::Translated(Action::SourceNat(*own))
        }
    })
}

/// How traffic leaves.
pub(super) enum Outbound {
    /// With another source.
    Translated(Action),
    /// Routed.
    AsItIs,
}

pub(super) fn postrouting(view: &NatView, node: &NodeContext) -> Chain {
    // Traffic between hosts is not translated.
    let to_host = [
        vec![Match::ToHostPort(Family::V4)],
        vec![
            Match::ToHost(Family::V4),
            Match::PortIn(PortRole::Protected, Protocol::Udp),
        ],
    ];
    let mut rules = Vec::new();
    // Forwards of ours alone: what others translate into the clients' network stays as they made it.
    let answers_come_back = |protocol| {
        let matches = [
            Match::OutInterface(node.lan_interface.clone()),
            Match::DestinationTranslated,
            Match::LedByMap(protocol, Direction::Original),
        ];
        Rule::new(matches, Action::SourceNat(node.listen_ip))
    };
    if node.uplink_interface.is_some() {
        rules.extend([Protocol::Tcp, Protocol::Udp].map(answers_come_back));
    }
    rules.extend(to_host.map(|matches| Rule::new(matches, Action::Return)));
    for subnet in &view.subnets {
        rules.extend(lan_leak(subnet, node, Action::Return));
    }
    for subnet in &view.subnets {
        rules.extend(by_uplink(subnet, node));
        rules.extend(to_networks(subnet, node));
    }
    Chain {
        name: "postrouting",
        hook: Some(Hook::SourceNat),
        rules,
    }
}

/// LAN leak: packets for the clients' network that would leave by the uplink.
pub(super) fn lan_leak(subnet: &SubnetNat, node: &NodeContext, action: Action) -> Option<Rule> {
    let matches = [
        Match::OutInterface(node.uplink_interface.clone()?),
        Match::DestinationIn(subnet.network),
    ];
    Some(Rule::new(matches, action))
}

fn by_uplink(subnet: &SubnetNat, node: &NodeContext) -> Option<Rule> {
    let Outbound::Translated(action) = outbound(subnet, node)? else {
        return None;
    };
    let matches = [
        Match::OutInterface(node.uplink_interface.clone()?),
        Match::SourceIn(subnet.network),
    ];
    Some(Rule::new(matches, action))
}

/// Hosts of a named network seldom have a route back to the clients, so what goes there is masqueraded.
fn to_networks(subnet: &SubnetNat, node: &NodeContext) -> Vec<Rule> {
    if subnet.source_nat.is_none() {
        return Vec::new();
    }
    let rule = |network: &Ipv4Network| {
        let matches = [
            Match::NotOutInterface(node.lan_interface.clone()),
            Match::SourceIn(subnet.network),
            Match::DestinationIn(*network),
        ];
        Rule::new(matches, Action::Masquerade)
    };
    node.networks.iter().map(rule).collect()
}
