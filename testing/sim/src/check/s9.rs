//! S9: what holds for addresses holds for everything else that the cluster allocates: reservations,
//! public ports, listen IPs.

use super::facts::Step;
use super::violation::{Verdict, Violation};
use ipam::{Command, ForwardKey, Protocol, State};
use std::collections::{BTreeMap, BTreeSet};

/// What every host lives on: ssh, DHCP, VXLAN. No operator here forces one.
const OF_EVERY_HOST: [(Protocol, u16); 3] = [
    (Protocol::Tcp, 22),
    (Protocol::Udp, 67),
    (Protocol::Udp, 4789),
];

/// Which public ports operators have given back.
#[derive(Clone, Debug, Default)]
pub(super) struct S9 {
    freed: BTreeSet<ForwardKey>,
}

impl S9 {
    pub(super) fn operator(&mut self, command: &Command) {
        if let Command::RemoveForward(key) = command {
            self.freed.insert(*key);
        }
    }

    pub(super) fn step(&mut self, step: &Step<'_>) -> Verdict {
        let broken = |about: String, facts| Err(Violation::new("S9", step.at, about, facts));
        if let Some((about, facts)) = listen_ip_twice(step.after) {
            return broken(about, facts);
        }
        if let Some((about, facts)) = reserved_twice(step.after) {
            return broken(about, facts);
        }
        for (key, forward) in &step.after.nat().forwards {
            let owner = step.before.nat().forwards.get(key);
            if let Some(owner) = owner.filter(|owner| *owner != forward)
                && !self.freed.remove(key)
            {
                let facts = [
                    format!("it belonged to {owner:?}, and nobody gave it back"),
                    format!("entry {} gave it to {forward:?}", step.position.index),
                ];
                return broken(format!("the public port {key} was taken over"), facts);
            }
            if owner.is_none() && is_of_a_host(*key, step.before) {
                let facts = [
                    "no operator insisted on it".to_owned(),
                    format!("entry {} gave it to {forward:?}", step.position.index),
                ];
                return broken(format!("{key}, on which hosts live, was forwarded"), facts);
            }
        }
        Ok(())
    }
}

fn is_of_a_host(key: ForwardKey, state: &State) -> bool {
    let mut nodes = state.nodes().values();
    let is_tcp = key.protocol == Protocol::Tcp;
    OF_EVERY_HOST.contains(&(key.protocol, key.port))
        || is_tcp && nodes.any(|node| node.peer_port() == Some(key.port))
}

fn listen_ip_twice(state: &State) -> Option<(String, [String; 2])> {
    let mut owners = BTreeMap::new();
    for node in state.nodes().values() {
        if let Some(other) = owners.insert(node.listen_ip, node.node) {
            let facts = [
                format!("it is node {other}'s"),
                format!("it is node {}'s", node.node),
            ];
            return Some((
                format!("{} is the address of two nodes", node.listen_ip),
                facts,
            ));
        }
    }
    None
}

fn reserved_twice(state: &State) -> Option<(String, [String; 2])> {
    for subnet in state.subnets().values() {
        let mut owners = BTreeMap::new();
        for (client, address) in subnet.reservations().iter() {
            if let Some(other) = owners.insert(address, client) {
                let facts = [
                    format!("it is kept for {other}"),
                    format!("it is kept for {client}"),
                ];
                return Some((format!("{address} is reserved twice"), facts));
            }
        }
    }
    None
}
