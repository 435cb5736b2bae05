//! Who reaches whom, with some faults on.

use std::collections::BTreeSet;

use super::members::MemberSet;
use crate::history::Fault;

/// What some faults do together.
pub struct Faulty<'a> {
    down: BTreeSet<&'a str>,
    targets: BTreeSet<&'a str>,
    cut: BTreeSet<(&'a str, &'a str)>,
    spares_clients: bool,
}

impl<'a> Faulty<'a> {
    pub fn new(faults: impl Iterator<Item = &'a Fault>) -> Self {
        let mut all = Self {
            down: BTreeSet::new(),
            targets: BTreeSet::new(),
            cut: BTreeSet::new(),
            spares_clients: true,
        };
        for fault in faults {
            all.down.extend(fault.down.iter().map(String::as_str));
            all.targets.extend(fault.targets.iter().map(String::as_str));
            let links = fault.cut.iter();
            let links = links.map(|(from, to)| (from.as_str(), to.as_str()));
            all.cut.extend(links);
            let known = fault.peers_only || (fault.cut.is_empty() && !fault.down.is_empty());
            all.spares_clients &= known && fault.unheard.is_empty();
        }
        all
    }

    pub fn is_down(&self, node: &str) -> bool {
        self.down.contains(node)
    }

    /// Whether clients hear all nodes that run, as far as is known.
    pub fn spares_clients(&self) -> bool {
        self.spares_clients
    }

    /// Whether a majority of `members` is in reach of `node`, over others if need be: a follower that
    /// only hears the leader is served by it. A node that is no member has nobody in reach.
    pub fn in_reach(&self, node: &str, members: &MemberSet) -> bool {
        let up = |name: &str| !self.down.contains(name);
        let Some(node) = members.get(node) else {
            return false;
        };
        self.component(node, members, &up).len() > members.len() / 2
    }

    /// Whether `sure` members that nothing is aimed at make up a majority that is connected.
    pub fn serves(&self, members: &MemberSet, sure: &BTreeSet<&str>) -> bool {
        let hit = |name: &str| self.down.contains(name) || self.targets.contains(name);
        let sound = |name: &str| sure.contains(name) && !hit(name);
        members
            .iter()
            .filter(|name| sound(name))
            .any(|name| self.component(name, members, &sound).len() > members.len() / 2)
    }

    fn linked(&self, one: &str, other: &str) -> bool {
        !self.cut.contains(&(one, other)) && !self.cut.contains(&(other, one))
    }

    fn component<'m>(
        &self,
        first: &'m str,
        members: &'m MemberSet,
        counts: &dyn Fn(&str) -> bool,
    ) -> BTreeSet<&'m str> {
        let mut found = BTreeSet::from([first]);
        let mut next = vec![first];
        while let Some(node) = next.pop() {
            for other in members.iter().map(String::as_str) {
                if counts(other) && self.linked(node, other) && found.insert(other) {
                    next.push(other);
                }
            }
        }
        found
    }
}
