//! What of the host itself is reached, from the clients' network and by the uplink.
//!
//! It must never lock an operator out: only what came in by the clients' interface is judged, and by
//! the uplink only what a forward without a target would take.

use crate::context::NodeContext;
use crate::ruleset::{Action, Chain, Hook, IcmpType, Match, PortRole, Rule};
use ipam::Protocol;

const FROM_CLIENTS: &str = "input_from_clients";
const FROM_UPLINK: &str = "input_from_uplink";

/// Messages of ICMP without which a host cannot be used.
const ICMP: [IcmpType; 5] = [
    IcmpType::Echo4,
    IcmpType::Echo6,
    IcmpType::RouterSolicit,
    IcmpType::NeighborSolicit,
    IcmpType::NeighborAdvert,
];

/// DHCP, ping, what the operator opens; the rest is dropped and counted.
pub(super) fn from_clients() -> Chain {
    let mut rules = vec![Rule::new([Match::Dhcp], Action::Accept)];
    rules.extend(ICMP.map(|kind| Rule::new([Match::Icmp(kind)], Action::Accept)));
    // Conntrack knows no interfaces: in a peer's name a client could speak into the hosts' own flows.
    rules.push(Rule::new([Match::SpoofedSource], Action::CountedDrop));
    rules.push(Rule::new([Match::Known], Action::Accept));
    rules.extend(protocols(PortRole::Opened, Action::Accept));
    rules.push(Rule::new([], Action::CountedDrop));
    Chain {
        name: FROM_CLIENTS,
        hook: None,
        rules,
    }
}

/// A forward that leads nowhere does not open the host's own service of that port.
pub(super) fn from_uplink() -> Chain {
    let mut rules = vec![Rule::new([Match::Known], Action::Return)];
    rules.extend(protocols(PortRole::Closed, Action::CountedDrop));
    Chain {
        name: FROM_UPLINK,
        hook: None,
        rules,
    }
}

pub(super) fn input(node: &NodeContext) -> Chain {
    let by_lan = Match::InInterface(node.lan_interface.clone());
    let mut rules = vec![Rule::new([by_lan], Action::Jump(FROM_CLIENTS))];
    if let Some(uplink) = node.uplink_interface.clone() {
        let by_uplink = Match::InInterface(uplink);
        rules.push(Rule::new([by_uplink], Action::Jump(FROM_UPLINK)));
    }
    Chain {
        name: "input",
        hook: Some(Hook::Input),
        rules,
    }
}

fn protocols(role: PortRole, action: Action) -> [Rule; 2] {
    [Protocol::Tcp, Protocol::Udp]
        .map(|protocol| Rule::new([Match::PortIn(role, protocol)], action.clone()))
}
