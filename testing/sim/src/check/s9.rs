//! S9: what holds for addresses holds for everything else that the cluster allocates: reservations,
//! public ports, listen IPs.

use super::facts::Step;
use super::violation::{Verdict, Violation};
use ipam::{AnyKey, AnyObject, Change, Command, Forward, ForwardKey, Protocol, State, Stored};
use std::collections::{BTreeMap, BTreeSet};

/// What every host lives on: ssh, DHCP, VXLAN. No operator here forces one.
const OF_EVERY_HOST: [(Protocol, u16); 3] = [
    (Protocol::Tcp, 22),
    (Protocol::Udp, 67),
    (Protocol::Udp, 4789),
];

/// Which public ports operators have given back, and whose they have asked to change.
#[derive(Clone, Debug, Default)]
pub(super) struct S9 {
    freed: BTreeSet<ForwardKey>,
    replacements: Vec<Replacement>,
}

/// What shall take a forward's place, and the revision that it is meant for, if for one.
#[derive(Clone, Debug)]
struct Replacement {
    forward: Forward,
    expected: Option<u64>,
}

impl S9 {
    pub(super) fn operator(&mut self, command: &Command) {
        let Command::Object(command) = command else {
            return;
        };
        match &command.change {
            Change::Delete {
                key: AnyKey::Forward(key),
                ..
            } => {
                self.freed.insert(*key);
            }
            Change::Replace {
                object: AnyObject::Forward(forward),
                expected,
            } => self.replacements.push(Replacement {
                forward: forward.clone(),
                expected: *expected,
            }),
            _ => {}
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
        for (key, stored) in &step.after.objects().forwards {
            let forward = &stored.object;
            let owner = step.before.objects().forwards.get(key);
            if let Some(owner) = owner.filter(|owner| owner.object != *forward)
                && !self.was_replaced(owner, forward)
                && !self.freed.remove(key)
            {
                let facts = [
                    format!(
                        "it belonged to {owner:?}, and nobody gave it back, or replaced this revision"
                    ),
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

    /// Whether an operator asked that this take the place of `owner`, as it was; each time he asked counts
    /// once.
    fn was_replaced(&mut self, owner: &Stored<Forward>, by: &Forward) -> bool {
        let revision = owner.revision.changed;
        let mut asked = self.replacements.iter();
        let asked = asked.position(|asked| {
            asked.forward == *by && asked.expected.is_none_or(|expected| expected == revision)
        });
        if let Some(asked) = asked {
            self.replacements.remove(asked);
        }
        asked.is_some()
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
        for address in node.listen.values() {
            if let Some(other) = owners.insert(*address, node.node) {
                let facts = [
                    format!("it is node {other}'s"),
                    format!("it is node {}'s", node.node),
                ];
                return Some((format!("{address} is the address of two nodes"), facts));
            }
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
