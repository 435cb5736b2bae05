//! Port forwards: where they lead, what they never take, and when what they made ends.

use super::PlanError;
use crate::context::{InterfaceName, NodeContext, Port};
use crate::ruleset::{Action, Chain, Direction, ForwardMap, Hook, Match, PortRole, Rule};
use ipam::{NatView, Protocol, ResolvedForward};
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddrV4;

/// The chain that new connections meet.
const PORT_FORWARDS: &str = "port_forwards";
/// The chain that packets of forwarded connections meet.
pub(super) const FORWARDED: &str = "forwarded";

/// The forwards of a view, told apart.
pub(super) struct Forwards {
    /// Those that lead somewhere.
    pub(super) maps: Vec<ForwardMap>,
    /// The public ports of the others.
    pub(super) closed: BTreeSet<Port>,
}

/// Which forwards lead somewhere on this node. One that may not be done is closed, and a problem.
pub(super) fn sort(
    view: &NatView,
    node: &NodeContext,
    protected: &BTreeSet<Port>,
    problems: &mut Vec<String>,
) -> Result<Forwards, PlanError> {
    let mut targets: BTreeMap<Port, SocketAddrV4> = BTreeMap::new();
    let nowhere = view.leading_nowhere.iter();
    let mut closed: BTreeSet<Port> = nowhere.map(|key| (key.protocol, key.port)).collect();
    for forward in &view.forwards {
        if forward.key.port == 0 || forward.port == 0 {
            return Err(PlanError::PortZero(forward.key));
        }
        let port = (forward.key.protocol, forward.key.port);
        if closed.contains(&port) || targets.contains_key(&port) {
            return Err(PlanError::TwoOwners(forward.key));
        }
        if node.uplink_interface.is_none() {
            continue;
        }
        match refusal(forward, view, node, protected) {
            None => {
                targets.insert(port, SocketAddrV4::new(forward.address, forward.port));
            }
            Some(problem) => {
                problems.push(problem);
                closed.insert(port);
            }
        }
    }
    // A protected port is never closed either: it is the host's own.
    closed.retain(|port| !protected.contains(port));
    let map = |protocol| ForwardMap {
        protocol,
        targets: targets
            .iter()
            .filter(|((of, _), _)| *of == protocol)
            .map(|((_, port), target)| (*port, *target))
            .collect(),
    };
    Ok(Forwards {
        maps: [Protocol::Tcp, Protocol::Udp].map(map).into(),
        closed,
    })
}

/// Why a forward that the state has is not done.
fn refusal(
    forward: &ResolvedForward,
    view: &NatView,
    node: &NodeContext,
    protected: &BTreeSet<Port>,
) -> Option<String> {
    let key = forward.key;
    let remove = format!(
        "`gatewayctl forward remove {} {}` and choose another",
        key.protocol.name(),
        key.port
    );
    if protected.contains(&(key.protocol, key.port)) {
        return Some(format!(
            "the forward of {key} is not done: peers, operators or overlays use that port: {remove}"
        ));
    }
    targets_host_service(forward, view, node, protected).then(|| {
        format!(
            "the forward of {key} is not done: it leads to a host's own port {} for peers, operators or overlays: {remove}",
            forward.port
        )
    })
}

/// Whether the target is a port of peers, operators or overlays at the address of a node's host.
fn targets_host_service(
    forward: &ResolvedForward,
    view: &NatView,
    node: &NodeContext,
    protected: &BTreeSet<Port>,
) -> bool {
    let (address, port) = (forward.address, (forward.key.protocol, forward.port));
    if (address == node.router || address == node.listen_ip) && protected.contains(&port) {
        return true;
    }
    let mut others = view.gateways.iter();
    others.any(|gateway| {
        let is_its_own = port.0 == Protocol::Tcp && gateway.ports.contains(&port.1);
        super::reported_addresses(gateway, view).any(|own| own == address)
            && (is_its_own || node.guard.protected.contains(&port))
    })
}

/// Judges connections that enter by an interface of ours, whatever they are addressed to.
pub(super) fn port_forwards(view: &NatView) -> Chain {
    let protocols = [Protocol::Tcp, Protocol::Udp];
    let mut rules = vec![Rule::new([Match::DestinationNotLocal], Action::Return)];
    rules.extend(protocols.map(|protocol| {
        Rule::new(
            [Match::PortIn(PortRole::Protected, protocol)],
            Action::Return,
        )
    }));
    rules.extend(
        view.subnets
            .iter()
            .map(|subnet| Rule::new([Match::DestinationIn(subnet.network)], Action::Return)),
    );
    rules.extend(protocols.map(|protocol| Rule::new([], Action::DestinationNat(protocol))));
    Chain {
        name: PORT_FORWARDS,
        hook: None,
        rules,
    }
}

pub(super) fn prerouting(node: &NodeContext) -> Chain {
    let enter = |interface: &InterfaceName| {
        Rule::new(
            [Match::InInterface(interface.clone())],
            Action::Jump(PORT_FORWARDS),
        )
    };
    let rules = node
        .uplink_interface
        .iter()
        .flat_map(|uplink| [enter(uplink), enter(&node.lan_interface)]);
    Chain {
        name: "prerouting",
        hook: Some(Hook::DestinationNat),
        rules: rules.collect(),
    }
}

/// S9: packets of a connection that a forward made, while the map says so.
pub(super) fn forwarded() -> Chain {
    let mut rules = vec![Rule::new([Match::Related], Action::Return)];
    for protocol in [Protocol::Tcp, Protocol::Udp] {
        rules
            .extend([Direction::Original, Direction::Reply].map(|direction| {
                Rule::new([Match::LedByMap(protocol, direction)], Action::Return)
            }));
    }
    rules.push(Rule::new([], Action::CountedDrop));
    Chain {
        name: FORWARDED,
        hook: None,
        rules,
    }
}
