//! A node that is started with another configuration: at another peer address, with another listen IP, profile or
//! list of peers, with `--bootstrap` left on, with its data or without. Where that is a mistake the operator sees
//! after a while that the node does not serve, and mends it; a node without its data is removed and added again.

use super::arena::{World, name, new_disk};
use crate::disk::Crash;
use crate::network::Host;
use crate::node::Boot;
use crate::scenario::listen_ip;
use crate::stats::Rare;
use anyhow::Result;
use cluster::{Cluster, Start};
use fastrand::Rng;
use ipam::{LeaseState, Profile};
use std::net::Ipv4Addr;
use std::time::Duration;

/// How long a node is down while its configuration is changed, at most.
const DOWN: u64 = 1500;
/// The last bytes of listen IPs that nobody has, before the host's number.
const FREE_LISTEN_IPS: u8 = 200;

/// A node with another configuration.
pub(super) struct Reconfiguration {
    host: Host,
    change: Change,
    /// What it was started with before.
    before: Boot,
    stage: Stage,
    over: Duration,
    random: Rng,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// It is down until then.
    Down(Duration),
    /// It runs, or has refused to.
    Started,
    /// It is as it should be, and the cluster learns it.
    Settles,
}

/// What is other than before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Change {
    /// Its peer address is one that nobody has, now.
    Moves,
    /// It says that it is where another node is.
    TakenPeerAddress,
    /// `--bootstrap` is left on.
    Bootstraps,
    /// The same, and its disk is empty.
    BootstrapsEmpty,
    /// Its disk is empty, and it asks the other cluster to be let in, or ours.
    JoinsEmpty,
    /// Its list of peers has nobody in it, itself, or another cluster.
    OtherPeers,
    /// It has another profile than the cluster.
    OtherProfile,
    /// Its listen IP is one that nobody has.
    FreeListenIp,
    /// Its listen IP is another node's, a client's or the router's.
    TakenListenIp,
}

const ALL: [Change; 9] = [
    Change::Moves,
    Change::TakenPeerAddress,
    Change::Bootstraps,
    Change::BootstrapsEmpty,
    Change::JoinsEmpty,
    Change::OtherPeers,
    Change::OtherProfile,
    Change::FreeListenIp,
    Change::TakenListenIp,
];

impl Change {
    /// A move more often than the rest, above all where another cluster's node may come after it.
    fn draw(random: &mut Rng, has_others: bool) -> Self {
        match random.u8(0..4) {
            0 => Self::Moves,
            1 | 2 if has_others => Self::Moves,
            _ => ALL[random.usize(0..ALL.len())],
        }
    }

    const fn is_without_data(self) -> bool {
        matches!(self, Self::BootstrapsEmpty | Self::JoinsEmpty)
    }

    /// Whether the node stays as it is: nothing is wrong with that.
    const fn stays(self) -> bool {
        matches!(self, Self::Moves | Self::FreeListenIp)
    }
}

impl World {
    /// Whether some node is in the middle of a change of voters. Two voters, of which one is on its way to be the
    /// third, bear no loss: they are down until the data is back (Raft's joint consensus).
    fn some_voters_change(&self) -> bool {
        let mut nodes = self.nodes.values();
        nodes.any(|node| node.look(Cluster::is_changing_voters).unwrap_or(true))
    }

    /// Whether a client may get the node's listen IP while it is no member, and keep it out.
    fn may_be_given_away(&self, host: Host) -> bool {
        let subnet = &self.scenario.bootstrap.subnet;
        let own = listen_ip(host);
        subnet.pool.contains(own) && !subnet.excluded.iter().any(|range| range.contains(own))
    }

    pub(super) fn begin_reconfiguration(&mut self, host: Host, lasts: Duration, mut random: Rng) {
        let is_alone = self.faults.replacement.is_none()
            && self.faults.rollback.is_none()
            && self.faults.reconfiguration.is_none();
        let all_members = self.all_vote();
        let Some(node) = self.nodes.get(&host).filter(|_| is_alone && all_members) else {
            return;
        };
        let before = node.boot.clone();
        let change = Change::draw(&mut random, self.others.is_some());
        if change.is_without_data() && (self.some_voters_change() || self.may_be_given_away(host)) {
            return;
        }
        let down = self.now + Duration::from_millis(random.u64(5..DOWN));
        self.crash(host, Crash::Process);
        self.trace.note(
            name(host),
            format_args!("has another configuration: {change:?}"),
        );
        self.stage.reconfigured.insert(host);
        let boot = self.changed(host, change, before.clone(), &mut random);
        if boot.config.peer_address != before.config.peer_address && change == Change::Moves {
            self.moves_to(host, &boot.config.peer_address, &mut random);
        }
        let seed = random.u64(..);
        if let Some(node) = self.nodes.get_mut(&host) {
            node.boot = boot;
            if change.is_without_data() {
                self.stage.emptied.insert(host);
                self.stats.disk(&node.disk.counters());
                node.disk = new_disk(seed);
            }
        }
        self.faults.reconfiguration = Some(Reconfiguration {
            host,
            change,
            before,
            stage: Stage::Down(down),
            over: down + lasts,
            random,
        });
    }

    fn changed(&self, host: Host, change: Change, mut boot: Boot, random: &mut Rng) -> Boot {
        let other = host % self.scenario.nodes + 1;
        let listens = |boot: &mut Boot, address| {
            boot.config.listen_ip = address;
            boot.nat.listen_ip = address;
        };
        let theirs = || {
            let others = self.others.iter().flat_map(|others| others.nodes.values());
            let there = others.map(|node| node.boot.config.peer_address.clone());
            there.collect::<Vec<_>>()
        };
        match change {
            Change::Moves => boot.config.peer_address = self.free_peer_address(host, random),
            Change::TakenPeerAddress => {
                let taken = self.nodes.get(&other).map(|node| &node.boot.config);
                if let Some(taken) = taken {
                    boot.config.peer_address.clone_from(&taken.peer_address);
                }
            }
            Change::Bootstraps | Change::BootstrapsEmpty => {
                let mut bootstrap = self.scenario.bootstrap.clone();
                bootstrap.cluster_id = random.u128(1..).to_be_bytes();
                let peers = self.peers_of(host);
                boot.start = Start::Bootstrap(Box::new(bootstrap), peers);
            }
            Change::JoinsEmpty => {
                let theirs = theirs();
                let ask = match theirs.is_empty() || random.bool() {
                    true => self.peers_of(host),
                    false => theirs,
                };
                boot.start = Start::Join(ask);
            }
            Change::OtherPeers => {
                let mut peers = theirs();
                peers.push("nowhere:7000".to_owned());
                peers.push(boot.config.peer_address.clone());
                peers.truncate(random.usize(0..=peers.len()));
                boot.start = Start::Join(peers);
            }
            Change::OtherProfile => {
                let profiles = [Profile::Lan, Profile::Metro, Profile::Wan];
                boot.config.profile = profiles[random.usize(0..profiles.len())];
            }
            Change::FreeListenIp => {
                let last = FREE_LISTEN_IPS + u8::try_from(host).unwrap_or_default();
                listens(&mut boot, Ipv4Addr::new(10, 15, 3, last));
            }
            Change::TakenListenIp => listens(&mut boot, self.taken_address(other, random)),
        }
        boot
    }

    /// Where the other members are.
    fn peers_of(&self, host: Host) -> Vec<String> {
        let others = self.nodes.values().filter(|node| node.host != host);
        others
            .map(|node| node.boot.config.peer_address.clone())
            .collect()
    }

    /// One that one of the other cluster's nodes has left, or a new one.
    fn free_peer_address(&self, host: Host, random: &mut Rng) -> String {
        let others = self.others.iter().flat_map(|others| others.nodes.keys());
        let theirs = others.map(|other| crate::others::peer_address(*other));
        let free = theirs.filter(|address| self.network.host_at(address).is_none());
        let free: Vec<String> = free.collect();
        let anew = || format!("m{host}-{}:7000", self.now.as_millis());
        random.choice(free).unwrap_or_else(anew)
    }

    /// The machine is somewhere else; another cluster's node, if there is one, is soon where it was.
    fn moves_to(&mut self, host: Host, address: &str, random: &mut Rng) {
        self.network.moves(host, address);
        self.observer.judge.address(address);
        self.stats.rare(Rare::PeerMoved, 1);
        if self.others.is_some() {
            self.others_follow(random);
        }
    }

    fn taken_address(&self, other: Host, random: &mut Rng) -> Ipv4Addr {
        let leased = self.addresses(|lease| matches!(lease.state, LeaseState::Bound { .. }));
        match (random.u8(0..3), random.choice(leased)) {
            (0, Some(leased)) => leased,
            (1, _) => self.scenario.bootstrap.subnet.router,
            _ => listen_ip(other),
        }
    }

    /// Takes the next step of it, if one is due.
    pub(super) fn reconfigure_further(&mut self) -> Result<()> {
        let Some(mut now) = self.faults.reconfiguration.take() else {
            return Ok(());
        };
        let host = now.host;
        match now.stage {
            Stage::Down(until) if self.now >= until => {
                if self.nodes.get(&host).is_some_and(|node| !node.is_up()) {
                    self.start_node(host)?;
                }
                now.stage = Stage::Started;
            }
            Stage::Started => {
                self.notice_refusal(&now);
                if self.now >= now.over {
                    return self.end_reconfiguration(now);
                }
            }
            Stage::Settles if self.serves(host) && self.is_in_service_for(host) => {
                self.stage.reconfigured.remove(&host);
                return Ok(());
            }
            Stage::Down(_) | Stage::Settles => {}
        }
        self.faults.reconfiguration = Some(now);
        Ok(())
    }

    /// The process of a node that was refused ends, and stays so.
    fn notice_refusal(&mut self, now: &Reconfiguration) {
        let failure = self.nodes.get(&now.host);
        let failure = failure.and_then(|node| node.seen(|seen| seen.failure.clone()).flatten());
        let Some(failure) = failure else {
            return;
        };
        self.trace
            .note(name(now.host), format_args!("does not start: {failure}"));
        let rare = match now.change {
            Change::BootstrapsEmpty => Rare::SecondBootstrapRefused,
            _ => Rare::ConfigurationRefused,
        };
        self.stats.rare(rare, 1);
        self.crash(now.host, Crash::Process);
    }

    /// The operator mends it.
    fn end_reconfiguration(&mut self, mut now: Reconfiguration) -> Result<()> {
        let host = now.host;
        if now.change.is_without_data() {
            if let Some(node) = self.nodes.get_mut(&host) {
                node.boot = now.before;
            }
            self.stage.reconfigured.remove(&host);
            self.replace(host, now.random);
            return Ok(());
        }
        if !now.change.stays() {
            self.crash(host, Crash::Process);
            if let Some(node) = self.nodes.get_mut(&host) {
                node.boot = now.before.clone();
            }
            self.start_node(host)?;
        }
        now.stage = Stage::Settles;
        self.faults.reconfiguration = Some(now);
        Ok(())
    }

    /// The last fault is over.
    pub(super) fn finish_reconfiguration(&mut self) -> Result<()> {
        match self.faults.reconfiguration.take() {
            Some(now) if now.stage != Stage::Settles => self.end_reconfiguration(now),
            settles => {
                self.faults.reconfiguration = settles;
                Ok(())
            }
        }
    }

    /// Whether its DHCP server runs: the cluster has taken what it announced.
    fn is_in_service_for(&self, host: Host) -> bool {
        let node = self.nodes.get(&host);
        node.and_then(|node| node.seen(|seen| seen.serves)) == Some(true)
    }

    /// The address of the node on `host` on the clients' link.
    pub(super) fn own_ip(&self, host: Host) -> Ipv4Addr {
        let node = self.nodes.get(&host);
        node.map_or(listen_ip(host), |node| node.boot.config.listen_ip)
    }
}
