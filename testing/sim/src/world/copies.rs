//! RELEASEs that the network keeps and delivers again when their client has come back (S7: copies of one end nothing).
//!
//! Of some no server can tell that they are late: they name no grant, and nothing was heard of them before. Those are
//! lost: [`World::is_vain_release`] says which. All others are delivered, however soon their client asks again.

use super::arena::World;
use crate::client::{Client, MessageKind, Request, read_request};
use crate::lan::{Arrived, Station};
use crate::network::Host;
use crate::scenario::SUBNET;
use crate::stats::Rare;
use bytes::Bytes;
use cluster::Cluster;
use ipam::PastGrant;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// The RELEASEs that were delivered, by their bytes.
pub(super) type Released = BTreeMap<Bytes, Delivered>;

/// Where a RELEASE was delivered.
#[derive(Default)]
pub(super) struct Delivered {
    /// To which lives of nodes: each remembers what it heard.
    heard: BTreeSet<(Host, u64)>,
}

/// A frame that the network doubles comes within this.
const EARLY_MILLIS: u32 = 1500;
/// It may also keep one for longer than most clients wait before they ask again.
const LATE: Duration = Duration::from_millis(3200);
/// And for so much more.
const SPREAD_MILLIS: u32 = 4000;

impl World {
    /// Takes note of a RELEASE that arrives at a node, and has copies of it come later. Whether it is one that is lost.
    pub(super) fn is_vain_release(&mut self, what: &Arrived) -> bool {
        let Arrived::Datagram {
            at: Station::Node(host) | Station::NodeByBroadcast(host),
            payload,
            ..
        } = what
        else {
            return false;
        };
        let release = read_request(payload).filter(|read| read.kind == MessageKind::Release);
        let Some(release) = release else {
            return false;
        };
        let Some(life) = self.nodes.get(host).map(|node| (*host, node.lives())) else {
            return false;
        };
        let delivered = self.neighbours.released.get(payload);
        let is_first = delivered.is_none();
        let is_heard = delivered.is_some_and(|delivered| delivered.heard.contains(&life));
        if self.is_late(&release, *host) && !is_heard {
            if !self.has_ended_a_grant(&release) {
                return true;
            }
            self.stats.rare(Rare::ReleaseCopied, 1);
        }
        let is_noted = self.remembers(*host);
        let delivered = self.neighbours.released.entry(payload.clone()).or_default();
        if is_noted {
            delivered.heard.insert(life);
        }
        if is_first {
            let early = Duration::from_millis(u64::from(release.xid % EARLY_MILLIS));
            let late = LATE + Duration::from_millis(u64::from(release.xid % SPREAD_MILLIS));
            for after in [early, late] {
                self.segment.send_later(after, what.clone());
            }
        }
        false
    }

    /// Whether its client has asked anew by now; or may have, before a process that stands still takes it.
    fn is_late(&self, release: &Request, host: Host) -> bool {
        let clients = self.neighbours.residents.iter();
        let mut clients = clients.map(super::residents::Resident::client);
        let client = clients.find(|client| client.hardware() == release.hardware);
        let is_paused = self.nodes.get(&host).is_some_and(|node| node.is_paused());
        let is_hasty = client.is_some_and(Client::is_hasty);
        client.is_some_and(|client| client.has_asked_since(release.xid)) || (is_paused && is_hasty)
    }

    /// Whether the node on `host` listens, and knows the subnet: an empty one cannot tell clients apart.
    fn remembers(&self, host: Host) -> bool {
        let Some(node) = self.nodes.get(&host) else {
            return false;
        };
        let listens = node.seen(|seen| seen.serves).unwrap_or(false);
        let knows = |cluster: Cluster| cluster.read(|state| state.subnets().contains_key(&SUBNET));
        listens && node.cluster().is_some_and(knows)
    }

    fn has_ended_a_grant(&self, release: &Request) -> bool {
        let Some(address) = release.address else {
            return false;
        };
        let ended = |grant: &PastGrant| grant.releases.contains(&release.xid);
        let clusters = self.nodes.values().filter_map(|node| node.cluster());
        clusters.into_iter().any(|cluster| {
            cluster.read(|state| {
                let subnet = state.subnet_containing(address);
                let mut past = subnet
                    .into_iter()
                    .flat_map(|subnet| subnet.past_grants().iter());
                past.any(|(at, grants)| at == address && grants.iter().any(ended))
            })
        })
    }
}
