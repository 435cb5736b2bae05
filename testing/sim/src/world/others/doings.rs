//! What the other cluster does that ours may notice.

use super::Others;
use crate::network::{Host, PeerNetwork};
use crate::others::{OTHERS, node_on};
use crate::scenario::peer_address;
use crate::stats::Rare;
use crate::world::World;
use crate::world::arena::name;
use cluster::{Cluster, Role, Start};
use fastrand::Rng;
use std::time::Duration;

impl Others {
    /// Whether nothing is under way: who moves on before its last move is committed may not be found any more by the
    /// only other voter (docs/testing/simulation.md).
    fn all_serve(&self) -> bool {
        let stays = self
            .nodes
            .values()
            .filter(|node| self.leaves != Some(node.host));
        let serves = |node: &crate::node::Node| {
            let service = node.look(Cluster::service);
            service.is_some_and(|service| service.in_service())
        };
        stays.into_iter().all(serves)
    }

    /// Its operator gives each the list of its own peers again: all may have moved since they heard of each other.
    pub(super) fn mend_lists(&mut self, network: &PeerNetwork, now: Duration) {
        let places = self.nodes.values();
        let places: Vec<(Host, String)> = places
            .map(|node| (node.host, node.boot.config.peer_address.clone()))
            .collect();
        let stays = places.iter().filter(|(host, _)| self.leaves != Some(*host));
        for (host, _) in stays.cloned().collect::<Vec<_>>() {
            let peers = places.iter().filter(|(peer, _)| *peer != host);
            let peers = peers.map(|(_, address)| address.clone()).collect();
            if let Some(node) = self.nodes.get_mut(&host) {
                node.boot.start = Start::Join(peers);
            }
            self.restart(host, Duration::ZERO, network, now);
        }
    }
}

impl World {
    /// One of its nodes is started anew: somewhere else, as it may be where one of ours was; with our addresses
    /// in `GATEWAY_JOIN`; or though its own cluster has removed it.
    pub(in crate::world) fn others_do(&mut self, random: &mut Rng) {
        let after = Duration::from_millis(random.u64(20..2000));
        let Some(mut others) = self.others.take() else {
            return;
        };
        let hosts: Vec<Host> = others.nodes.keys().copied().collect();
        let host = hosts[random.usize(0..hosts.len())];
        let is_settled = others.all_serve();
        match random.u8(0..5) {
            // One of them alone: see docs/testing/simulation.md.
            0..3 if host == OTHERS + 1 && is_settled => self.move_other(&mut others, host, random),
            3 if hosts.len() > 2 && others.leaves.is_none() => {
                let last = OTHERS + 3;
                self.remove_other(&mut others, last);
                self.others = Some(others);
                return;
            }
            _ => {}
        }
        // With its data it needs nobody, and calls them all the same.
        self.tell_it_ours(&mut others, host);
        others.restart(host, after, &self.network, self.now);
        self.others = Some(others);
    }

    /// The one of the same id, if there is one, is started where one of ours was.
    pub(in crate::world) fn others_follow(&mut self, random: &mut Rng) {
        let Some(mut others) = self.others.take() else {
            return;
        };
        let hosts: Vec<Host> = others.nodes.keys().copied().collect();
        let host = hosts[random.usize(0..hosts.len())];
        let ours = self.scenario.hosts();
        let left = ours
            .filter(|host| self.network.host_at(&peer_address(*host)).is_none())
            .map(|host| host + OTHERS)
            .find(|host| hosts.contains(host));
        let host = left.unwrap_or(host);
        if others.leaves != Some(host) && others.all_serve() {
            self.move_other(&mut others, host, random);
            let after = Duration::from_millis(random.u64(20..1000));
            others.restart(host, after, &self.network, self.now);
        }
        self.others = Some(others);
    }

    /// To an address that one of ours has left, if there is one.
    fn move_other(&mut self, others: &mut Others, host: Host, random: &mut Rng) {
        let ours = self.scenario.hosts().map(peer_address);
        let free = ours.filter(|address| self.network.host_at(address).is_none());
        let mut free: Vec<String> = free.collect();
        // Where the one of its own id was, if it can be: requests that are meant for that one name it.
        let same = peer_address(node_on(host).0);
        if free.contains(&same) {
            free = vec![same];
        }
        let address = random.choice(free);
        if address.is_some() {
            self.stats.rare(Rare::TookOverAddress, 1);
        }
        let anew = || format!("x{}-{}:7000", node_on(host).0, self.now.as_millis());
        let address = address.unwrap_or_else(anew);
        self.trace.note(
            name(host),
            format_args!("of the other cluster moves to {address}"),
        );
        self.network.moves(host, &address);
        if let Some(node) = others.nodes.get_mut(&host) {
            node.boot.config.peer_address = address;
        }
    }

    /// It is given the addresses of ours to join, and none of its own peers'.
    fn tell_it_ours(&self, others: &mut Others, host: Host) {
        let ours = self.nodes.values();
        let ours = ours.map(|node| node.boot.config.peer_address.clone());
        let ours = ours.collect();
        let Some(node) = others.nodes.get_mut(&host) else {
            return;
        };
        // Of its own it names nobody: that is how it would be told ours by mistake.
        node.boot.start = Start::Join(ours);
    }

    /// Its operator removes this one, which then asks ours to be let in, with its data.
    fn remove_other(&self, others: &mut Others, host: Host) {
        others.leaves = Some(host);
        let leads = |node: &&crate::node::Node| {
            let status = node.look(Cluster::status);
            status.is_some_and(|status| {
                let mut members = status.members.iter();
                members.any(|one| one.node == status.node && one.role == Role::Leader)
            })
        };
        let leader = others.nodes.values().find(leads);
        let Some(leader) = leader.filter(|leader| leader.host != host) else {
            others.leaves = None;
            return;
        };
        let trace = self.trace.clone();
        leader.spawn(|cluster| {
            Box::pin(async move {
                let removed = cluster.remove_node(node_on(host)).await;
                trace.note(name(host), format_args!("is removed there: {removed:?}"));
            })
        });
    }
}
