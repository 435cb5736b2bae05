//! On which ports this host listens, so that the cluster refuses to forward them.
//!
//! Read from `/proc/net` (this network namespace's), announced with the node's registration: at the
//! start, and when it has changed. A port that appears is announced once it has stayed for a look;
//! one that goes away is kept for a while, so that a program that is restarted writes nothing to the
//! log (T5). What listens on the loopback alone is nobody else's, but the node's own admin port
//! counts.

mod table;

use cluster::Cluster;
use ipam::{ForwardKey, Listener, MAX_LISTENERS, Protocol};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use tokio::time::{Instant, MissedTickBehavior, interval};

/// How often the tables are read.
const LOOK: Duration = Duration::from_secs(10);
/// How long a port must be unused before it is no longer announced.
const KEEP: Duration = Duration::from_secs(600);

/// Ports of this node itself.
pub type Own = BTreeMap<ForwardKey, Listener>;

/// What listens on this host.
#[derive(Debug)]
pub struct Listeners {
    own: Own,
    /// Seen in the last look.
    last: BTreeSet<ForwardKey>,
    /// Announced, and when it was last seen.
    seen: BTreeMap<ForwardKey, Instant>,
}

impl Listeners {
    /// The first look. What is there counts at once: it was there before the node.
    pub fn new(peer_port: u16, admin_port: u16) -> Self {
        let tcp = |port| ForwardKey {
            protocol: Protocol::Tcp,
            port,
        };
        let own = Own::from([
            (tcp(peer_port), Listener::Peer),
            (tcp(admin_port), Listener::Admin),
        ]);
        let last = table::read();
        let now = Instant::now();
        Self {
            own,
            seen: last.iter().map(|key| (*key, now)).collect(),
            last,
        }
    }

    /// What is to be announced.
    pub fn announced(&self) -> BTreeMap<ForwardKey, Listener> {
        let room = MAX_LISTENERS - self.own.len();
        let others = self.seen.keys().filter(|key| !self.own.contains_key(key));
        let others = others.take(room).map(|key| (*key, Listener::Other));
        others.chain(self.own.clone()).collect()
    }

    /// Takes in a look at the tables.
    fn note(&mut self, now_listening: BTreeSet<ForwardKey>) {
        let now = Instant::now();
        for key in now_listening.intersection(&self.last) {
            self.seen.insert(*key, now);
        }
        self.seen.retain(|_, at| now.duration_since(*at) < KEEP);
        self.last = now_listening;
    }

    /// Announces every change, until dropped.
    pub async fn follow(mut self, cluster: Cluster) {
        let mut ticks = interval(LOOK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut announced = self.announced();
        loop {
            ticks.tick().await;
            self.note(table::read());
            let next = self.announced();
            if next == announced {
                continue;
            }
            cluster.set_listeners(next.clone());
            if let Err(error) = cluster.announce().await {
                tracing::warn!(%error, "the ports on which this host listens are not announced");
            }
            announced = next;
        }
    }
}

#[cfg(test)]
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
            last: BTreeSet::new(),
            seen: BTreeMap::new(),
            own: Own::from([(tcp(7066), Listener::Peer)]),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_port_is_announced_once_it_stays_and_kept_over_a_restart() {
        let mut listeners = none();
        let web = BTreeSet::from([tcp(8006)]);
        listeners.note(web.clone());
        assert!(!listeners.announced().contains_key(&tcp(8006)));
        listeners.note(web);
        assert_eq!(listeners.announced()[&tcp(8006)], Listener::Other);
        listeners.note(BTreeSet::new());
        tokio::time::advance(KEEP / 2).await;
        listeners.note(BTreeSet::new());
        assert!(listeners.announced().contains_key(&tcp(8006)));
        tokio::time::advance(KEEP).await;
        listeners.note(BTreeSet::new());
        assert!(!listeners.announced().contains_key(&tcp(8006)));
    }

    #[tokio::test(start_paused = true)]
    async fn the_nodes_own_ports_are_always_announced_and_the_number_is_bounded() {
        let mut listeners = none();
        let many: BTreeSet<_> = (1..=u16::MAX).step_by(7).map(tcp).collect();
        listeners.note(many.clone());
        listeners.note(many);
        let announced = listeners.announced();
        assert_eq!(announced.len(), MAX_LISTENERS);
        assert_eq!(announced[&tcp(7066)], Listener::Peer);
    }
}
