//! Which connections there are.

use super::descriptors;
use crate::limits::{MAX_CONNECTIONS, MAX_CONNECTIONS_OF_ADDRESS};
use crate::peer_refusals::PeerRefusals;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::Instant;

/// How often at most it is said that connections are refused.
const SAY_EVERY: Duration = Duration::from_secs(60);

/// All open connections of peers.
#[derive(Default)]
pub(crate) struct Registry {
    state: Mutex<State>,
    refusals: Arc<PeerRefusals>,
}

#[derive(Default)]
struct State {
    connections: BTreeMap<u64, Entry>,
    /// Those of them on which a request has come.
    asked: BTreeSet<SocketAddr>,
    next: u64,
    refused: u64,
    said: Option<Instant>,
}

struct Entry {
    from: IpAddr,
    /// Dropped to have the connection close.
    _open: oneshot::Sender<()>,
}

/// A place among the connections, until it is dropped.
pub(crate) struct Admitted {
    registry: Arc<Registry>,
    number: u64,
    from: SocketAddr,
    /// Resolves when the place is taken away.
    pub(super) closed: oneshot::Receiver<()>,
}

impl Registry {
    /// What is refused counts there.
    pub(crate) fn new(refusals: Arc<PeerRefusals>) -> Self {
        Self {
            state: Mutex::default(),
            refusals,
        }
    }

    /// Counts something that was refused without anybody's name.
    pub(super) fn count(&self, kind: &'static str) {
        self.refusals.count_unnamed(kind);
    }

    /// A request has come on the connection from this address: TLS let it through.
    pub(super) fn asked(&self, from: SocketAddr) {
        let mut state = self.lock();
        if state.asked.len() < 2 * MAX_CONNECTIONS {
            state.asked.insert(from);
        }
    }

    /// A place for a connection from `address`, if it may have one.
    pub(super) fn admit(self: &Arc<Self>, address: SocketAddr) -> Option<Admitted> {
        let admitted = self.try_admit(address);
        if admitted.is_none() {
            self.count("too_many_connections");
        }
        admitted
    }

    fn try_admit(self: &Arc<Self>, address: SocketAddr) -> Option<Admitted> {
        let from = network_of(address.ip());
        // Asked before the state is locked.
        let most = MAX_CONNECTIONS.min(descriptors::limit() / 2);
        let mut state = self.lock();
        if state.count(from) >= MAX_CONNECTIONS_OF_ADDRESS {
            state.refuse(&format!(
                "{address} has {MAX_CONNECTIONS_OF_ADDRESS} connections already"
            ));
            return None;
        }
        if state.connections.len() >= most && !state.make_room(from) {
            state.refuse(&format!("there are {most} connections already"));
            return None;
        }
        state.next += 1;
        let number = state.next;
        let (open, closed) = oneshot::channel();
        state
            .connections
            .insert(number, Entry { from, _open: open });
        Some(Admitted {
            registry: Arc::clone(self),
            number,
            from: address,
            closed,
        })
    }

    /// The kernel has no descriptor, or no memory, for one that waits.
    pub(super) fn not_accepted(&self, error: &io::Error) {
        self.count("no_descriptors");
        self.lock().refuse(&format!(
            "the system has no room ({error}): raise LimitNOFILE, or see who connects"
        ));
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn count(&self, from: IpAddr) -> usize {
        let of = |entry: &&Entry| entry.from == from;
        self.connections.values().filter(of).count()
    }

    /// Closes the newest connection of whoever has the most, if that is more than `from` would have.
    fn make_room(&mut self, from: IpAddr) -> bool {
        let mut counts = BTreeMap::<IpAddr, usize>::new();
        for entry in self.connections.values() {
            *counts.entry(entry.from).or_default() += 1;
        }
        let Some((most, count)) = counts.iter().max_by_key(|(_, count)| **count) else {
            return false;
        };
        if *count <= counts.get(&from).copied().unwrap_or(0) + 1 {
            return false;
        }
        let most = *most;
        let newest = self.connections.iter().rev();
        let newest = newest.clone().find(|(_, entry)| entry.from == most);
        let Some(number) = newest.map(|(number, _)| *number) else {
            return false;
        };
        drop(self.connections.remove(&number));
        self.refuse(&format!("{most} has {count} connections"));
        true
    }

    fn refuse(&mut self, why: &str) {
        self.refused += 1;
        if self.said.is_some_and(|said| said.elapsed() < SAY_EVERY) {
            return;
        }
        self.said = Some(Instant::now());
        let refused = self.refused;
        tracing::warn!(refused, "a connection to the peer port is refused: {why}");
    }
}

impl Drop for Admitted {
    fn drop(&mut self) {
        let mut state = self.registry.lock();
        drop(state.connections.remove(&self.number));
        let has_asked = state.asked.remove(&self.from);
        drop(state);
        if !has_asked {
            // No certificate, no TLS, or nothing to say.
            self.registry.count("no_request");
        }
    }
}

/// One host may have as many IPv6 addresses as it likes, but they share their first 64 bits.
pub(super) fn network_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let network = address.to_bits() & !u128::from(u64::MAX);
            IpAddr::V6(Ipv6Addr::from_bits(network))
        }
        address => address,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    fn host(bits: u32) -> IpAddr {
        IpAddr::V4(Ipv4Addr::from_bits(0x0a00_0000 + bits))
    }

    fn port(bits: u32) -> SocketAddr {
        (host(bits), 40_000).into()
    }

    #[test]
    fn a_connection_without_a_request_is_counted() {
        let registry = Arc::new(Registry::default());
        let asked = registry.admit(port(1)).unwrap();
        registry.asked(port(1));
        drop(asked);
        assert_eq!(registry.refusals.counts().get("no_request"), None);
        drop(registry.admit(port(1)).unwrap());
        assert_eq!(registry.refusals.counts().get("no_request"), Some(&1));
    }

    #[test]
    fn one_address_has_its_share_and_gets_it_back() {
        let registry = Arc::new(Registry::default());
        let mut held: Vec<_> = (0..MAX_CONNECTIONS_OF_ADDRESS)
            .map(|_| registry.admit(port(1)).unwrap())
            .collect();
        assert!(registry.admit(port(1)).is_none());
        assert!(registry.admit(port(2)).is_some());
        held.pop();
        assert!(registry.admit(port(1)).is_some());
        assert_eq!(registry.lock().refused, 1);
    }

    #[test]
    fn full_registry_takes_a_newcomer_in_the_place_of_the_greediest() {
        let registry = Arc::new(Registry::default());
        let hosts = u32::try_from(MAX_CONNECTIONS / MAX_CONNECTIONS_OF_ADDRESS).unwrap();
        let mut greedy: Vec<_> = (0..hosts)
            .flat_map(|number| {
                (0..MAX_CONNECTIONS_OF_ADDRESS)
                    .map(|_| registry.admit(port(number)).unwrap())
                    .collect::<Vec<_>>()
            })
            .collect();
        assert_eq!(registry.lock().connections.len(), MAX_CONNECTIONS);
        let newcomer = registry.admit(port(9999));
        assert!(newcomer.is_some());
        let closed = |admitted: &mut Admitted| admitted.closed.try_recv().is_err_and(is_closed);
        assert_eq!(
            greedy
                .iter_mut()
                .filter_map(|one| closed(one).then_some(()))
                .count(),
            1
        );
        assert_eq!(registry.lock().connections.len(), MAX_CONNECTIONS);
    }

    fn is_closed(error: oneshot::error::TryRecvError) -> bool {
        error == oneshot::error::TryRecvError::Closed
    }

    #[test]
    fn addresses_of_one_ipv6_network_count_as_one() {
        let one = network_of("2001:db8::1".parse().unwrap());
        assert_eq!(one, network_of("2001:db8::ffff:2".parse().unwrap()));
        assert_ne!(one, network_of("2001:db8:0:1::1".parse().unwrap()));
        assert_eq!(network_of("::ffff:10.0.0.1".parse().unwrap()), host(1));
    }
}
