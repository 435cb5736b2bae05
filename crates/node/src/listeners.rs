//! What this host is to clients and peers: on which ports it listens, so that the cluster refuses to forward
//! them, and at which addresses it can be reached, so that clients do not get at the nodes' ports there (S12).
//!
//! Read from `/proc/net` and over rtnetlink (this network namespace's), announced with the node's
//! registration: at the start, and when it has changed. What appears is announced once it has stayed for
//! a look; what goes away is kept for a while, so that a program that is restarted writes nothing to the
//! log (T5). What listens on the loopback alone is nobody else's, but the node's own admin port
//! counts.

mod debounced;
mod table;

use cluster::Cluster;
use debounced::Debounced;
use ipam::{ForwardKey, Listener, MAX_HOST_ADDRESSES, MAX_LISTENERS, Protocol};
use natd::netlink::Links;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::time::Duration;
use tokio::time::{MissedTickBehavior, interval};

/// How often the tables are read.
const LOOK: Duration = Duration::from_secs(10);

/// Ports of this node itself.
type Own = BTreeMap<ForwardKey, Listener>;

/// What listens on this host, and where.
#[derive(Debug)]
pub struct Listeners {
    own: Own,
    ports: Debounced<ForwardKey>,
    addresses: Debounced<IpAddr>,
}

/// What is to be announced.
type Announced = (BTreeMap<ForwardKey, Listener>, BTreeSet<IpAddr>);

impl Listeners {
    /// The first look. What is there counts at once: it was there before the node.
    pub async fn new(peer_port: u16, admin_port: u16) -> Self {
        let tcp = |port| ForwardKey {
            protocol: Protocol::Tcp,
            port,
        };
        Self {
            own: Own::from([
                (tcp(peer_port), Listener::Peer),
                (tcp(admin_port), Listener::Admin),
            ]),
            ports: Debounced::already_stable(table::read()),
            addresses: Debounced::already_stable(addresses().await.unwrap_or_default()),
        }
    }

    /// Has the node announce what was seen.
    pub fn tell(&self, cluster: &Cluster) {
        let (ports, addresses) = self.announced();
        let left_out = self.addresses.iter().count() - addresses.len();
        if left_out > 0 {
            tracing::warn!(
                left_out,
                "this host has more than {MAX_HOST_ADDRESSES} addresses: clients get at the nodes' ports at \
                 those that are left out, private ones first. Close them with a firewall of your own"
            );
        }
        cluster.set_listeners(ports);
        cluster.set_host_addresses(addresses);
    }

    fn announced(&self) -> Announced {
        let room = MAX_LISTENERS - self.own.len();
        let others = self.ports.iter().filter(|key| !self.own.contains_key(key));
        let others = others.take(room).map(|key| (*key, Listener::Other));
        (
            others.chain(self.own.clone()).collect(),
            first(self.addresses.iter().copied()).collect(),
        )
    }

    /// Announces every change, until dropped.
    pub(crate) async fn follow(mut self, cluster: Cluster) {
        let mut ticks = interval(LOOK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut announced = self.announced();
        loop {
            ticks.tick().await;
            self.ports.note(table::read());
            if let Some(addresses) = addresses().await {
                self.addresses.note(addresses);
            }
            let next = self.announced();
            if next == announced {
                continue;
            }
            self.tell(&cluster);
            if let Err(error) = cluster.announce().await {
                tracing::warn!(%error, "the ports on which this host listens are not announced");
            }
            announced = next;
        }
    }
}

/// As many as are announced. A host with many bridges has many private ones; the one that leads to it from
/// elsewhere is not to be the one that is left out.
fn first(addresses: impl Iterator<Item = IpAddr>) -> impl Iterator<Item = IpAddr> {
    let mut all: Vec<_> = addresses.collect();
    all.sort_by_key(|address| (is_private(*address), *address));
    all.into_iter().take(MAX_HOST_ADDRESSES)
}

fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.is_private(),
        IpAddr::V6(address) => address.is_unique_local(),
    }
}

/// At which addresses others reach this host; none if the kernel does not say.
async fn addresses() -> Option<BTreeSet<IpAddr>> {
    let links = Links::open().inspect_err(unknown).ok()?;
    let addresses = links.reachable_addresses().await;
    addresses.inspect_err(unknown).ok()
}

fn unknown(error: &natd::netlink::LinkError) {
    tracing::warn!(%error, "the addresses of this host are not announced");
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    fn tcp(port: u16) -> ForwardKey {
        ForwardKey {
            protocol: Protocol::Tcp,
            port,
        }
    }

    fn none() -> Listeners {
        Listeners {
            own: Own::from([(tcp(7066), Listener::Peer)]),
            ports: Debounced::default(),
            addresses: Debounced::default(),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_nodes_own_ports_are_always_announced_and_the_number_is_bounded() {
        let mut listeners = none();
        let many: BTreeSet<_> = (1..=u16::MAX).step_by(7).map(tcp).collect();
        let public: [IpAddr; 2] =
            ["203.0.113.7".parse(), "2001:db8::7".parse()].map(Result::unwrap);
        let private = (0..200).map(|host| [10, 0, 0, host].into());
        let addresses: BTreeSet<IpAddr> = private.chain(public).collect();
        for _ in 0..2 {
            listeners.ports.note(many.clone());
            listeners.addresses.note(addresses.clone());
        }
        let (ports, addresses) = listeners.announced();
        assert_eq!(ports.len(), MAX_LISTENERS);
        assert_eq!(ports[&tcp(7066)], Listener::Peer);
        assert_eq!(addresses.len(), MAX_HOST_ADDRESSES);
        assert!(public.iter().all(|address| addresses.contains(address)));
    }
}
