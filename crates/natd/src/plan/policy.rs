//! What passes between the clients' interface and the others.

use super::forwards::FORWARDED;
use super::source_nat::{lan_leak, outbound};
use crate::context::NodeContext;
use crate::ruleset::{Action, Chain, Family, Hook, Match, PortRole, Rule};
use ipam::{ForwardPolicy, NatView, Protocol};

const FROM_CLIENTS: &str = "from_clients";
const LAN: &str = "lan";

/// S12: nothing from the clients' network reaches ports of peers, operators and overlays, on no host.
pub(super) fn from_clients() -> Chain {
    let families = [Family::V4, Family::V6];
    let overlay = Match::PortIn(PortRole::Protected, Protocol::Udp);
    let mut dropped: Vec<Vec<Match>> = Vec::new();
    dropped.extend(families.map(|family| vec![Match::ToHostPort(family)]));
    dropped.extend(families.map(|family| vec![Match::ToHost(family), overlay.clone()]));
    // If such a packet began a connection, replies meant for this host's own service would be translated and
    // sent to the client.
    let protocols = [Protocol::Tcp, Protocol::Udp];
    dropped.extend(protocols.map(|protocol| {
        let from = Match::FromProtected(protocol);
        vec![Match::Original, from, Match::ToHost(Family::V4)]
    }));
    // A tunnel's endpoint at a host would take the client's packets for the overlay's.
    dropped.extend(families.map(|family| vec![Match::OtherProtocol, Match::ToHost(family)]));
    let rules = dropped.into_iter();
    Chain {
        name: FROM_CLIENTS,
        hook: None,
        rules: rules
            .map(|matches| Rule::new(matches, Action::CountedDrop))
            .collect(),
    }
}

/// Judges what enters or leaves by the LAN, where the policy is to drop.
pub(super) fn lan(view: &NatView, node: &NodeContext) -> Chain {
    let from_lan = Match::InInterface(node.lan_interface.clone());
    let to_lan = Match::OutInterface(node.lan_interface.clone());
    let mut rules = vec![
        Rule::new([Match::Ipv6], Action::Return),
        // First: routes within the LAN may be asymmetric, so conntrack may call them invalid.
        Rule::new([from_lan.clone(), to_lan.clone()], Action::Accept),
        Rule::new([to_lan, Match::Known], Action::Accept),
        Rule::new([Match::Original, Match::Known], Action::Accept),
        Rule::new([Match::Related], Action::Accept),
        // Replies pass only in connections that a translation let in. Others are forged: the client made up
        // both directions.
        Rule::new([Match::Invalid], Action::Drop),
        Rule::new([Match::DestinationTranslated], Action::Accept),
    ];
    for subnet in &view.subnets {
        rules.extend(lan_leak(subnet, node, Action::Drop));
    }
    for subnet in &view.subnets {
        let from = |to: Match| {
            let matches = [from_lan.clone(), to, Match::SourceIn(subnet.network)];
            Rule::new(matches, Action::Accept)
        };
        let uplink = node.uplink_interface.clone();
        let uplink = uplink.filter(|_| outbound(subnet, node).is_some());
        rules.extend(uplink.map(|uplink| from(Match::OutInterface(uplink))));
        rules.extend(
            node.networks
                .iter()
                .map(|network| from(Match::DestinationIn(*network))),
        );
    }
    rules.push(Rule::new([], Action::CountedDrop));
    Chain {
        name: LAN,
        hook: None,
        rules,
    }
}

pub(super) fn forward(view: &NatView, node: &NodeContext) -> Chain {
    let enters = Match::InInterface(node.lan_interface.clone());
    let leaves = Match::OutInterface(node.lan_interface.clone());
    let leaves_elsewhere = Match::NotOutInterface(node.lan_interface.clone());
    let made_here = [
        Match::DestinationTranslated,
        Match::AnswersTo(node.listen_ip),
    ];
    let mut rules = vec![
        Rule::new([enters.clone(), Match::Syn], Action::ClampMss),
        Rule::new([leaves.clone(), Match::Syn], Action::ClampMss),
    ];
    rules.extend(spoofed(&enters, &leaves_elsewhere));
    rules.extend([
        // In both directions: a client can make up the connection that it answers.
        Rule::new(
            [enters.clone(), leaves_elsewhere],
            Action::Jump(FROM_CLIENTS),
        ),
        Rule::new(made_here, Action::Jump(FORWARDED)),
    ]);
    // Without an uplink it is not ours to say what the host forwards.
    if view.forward_policy == ForwardPolicy::Drop && node.uplink_interface.is_some() {
        rules.extend([enters, leaves].map(|by_lan| Rule::new([by_lan], Action::Jump(LAN))));
    }
    Chain {
        name: "forward",
        hook: Some(Hook::Forward),
        rules,
    }
}

/// A spoofed packet would begin a connection for conntrack, and an accomplice's packets would count as its
/// replies. What is dropped here begins none. Packets that the bridge carries from client to client
/// (`br_netfilter`) may have any source but this host's: the host need not have a route to the clients'
/// private networks.
fn spoofed(enters: &Match, leaves_elsewhere: &Match) -> [Rule; 3] {
    [
        vec![leaves_elsewhere.clone(), Match::SpoofedSource],
        vec![Match::DestinationTranslated, Match::SpoofedSource],
        // New ones: errors come from the router's address, which is other hosts' too.
        vec![Match::New, Match::SourceLocal],
    ]
    .map(|mut matches| {
        matches.insert(0, enters.clone());
        Rule::new(matches, Action::CountedDrop)
    })
}
