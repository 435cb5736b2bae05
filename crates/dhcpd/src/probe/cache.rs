//! Recent probe results, and which addresses should be probed ahead. Pure.
//!
//! **Bounded.** Results are kept for the addresses that are next in line, and for
//! [`PROBE_VALIDITY`]; at most a few times [`PROBED_AHEAD`] of them.

use crate::MonotonicTime;
use crate::limits::{PROBE_ACTIVITY_WINDOW, PROBE_BATCH, PROBE_VALIDITY, PROBED_AHEAD};
use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;

/// The most results kept: of probes ahead, and of probes made meanwhile for a request.
const MAX_RESULTS: usize = 4 * PROBED_AHEAD;

/// What a probe found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProbeResult {
    /// Nobody answered.
    Clear,
    /// A host uses the address.
    InUse {
        /// Its hardware address.
        hardware: [u8; 6],
    },
    /// An ICMP echo behind a relay was answered; the hardware address is unknown.
    Answered,
}

/// Who answered an ARP probe.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Answers {
    /// The first answer that counts.
    pub first: Option<[u8; 6]>,
    /// An ignored answer, if there was no other.
    pub excepted: Option<[u8; 6]>,
}

impl Answers {
    /// The result for the address.
    #[must_use]
    pub fn result(self) -> ProbeResult {
        self.first
            .map_or(ProbeResult::Clear, |hardware| ProbeResult::InUse {
                hardware,
            })
    }
}

/// What probes found lately.
#[derive(Clone, Debug, Default)]
pub struct ProbeCache {
    results: BTreeMap<Ipv4Addr, (MonotonicTime, ProbeResult)>,
    /// When a client last looked for a server. Before the first one, the start counts as one.
    discovered: MonotonicTime,
}

impl ProbeCache {
    /// Notes that a client looks for a server.
    pub fn note_discover(&mut self, now: MonotonicTime) {
        self.discovered = self.discovered.max(now);
    }

    /// Notes what a probe that ended at `now` found.
    pub fn note(&mut self, address: Ipv4Addr, result: ProbeResult, now: MonotonicTime) {
        if self.results.len() >= MAX_RESULTS {
            self.results
                .retain(|_, (found, _)| now.since(*found) < PROBE_VALIDITY);
        }
        if self.results.len() < MAX_RESULTS || self.results.contains_key(&address) {
            self.results.insert(address, (now, result));
        }
    }

    /// Forgets what is known of an address that a client was given.
    pub fn forget(&mut self, address: Ipv4Addr) {
        self.results.remove(&address);
    }

    /// Whether a recent probe found `address` clear. The opposite result is not relied on: before the address is
    /// offered it is probed again, because a client that has just released it may still answer for it.
    #[must_use]
    pub fn is_clear(&self, address: Ipv4Addr, now: MonotonicTime) -> bool {
        let result = self.results.get(&address);
        result.is_some_and(|(found, result)| {
            *result == ProbeResult::Clear && now.since(*found) < PROBE_VALIDITY
        })
    }

    /// Addresses found in use lately, and by whom. A new client gets another address; nothing else follows.
    pub fn in_use(&self, now: MonotonicTime) -> impl Iterator<Item = (Ipv4Addr, [u8; 6])> {
        let found = self.results.iter();
        found.filter_map(move |(address, (found, result))| match result {
            ProbeResult::InUse { hardware } if now.since(*found) < PROBE_VALIDITY => {
                Some((*address, *hardware))
            }
            _ => None,
        })
    }

    /// Whether to probe ahead now: there were clients lately.
    #[must_use]
    pub fn is_active(&self, now: MonotonicTime) -> bool {
        now.since(self.discovered) < PROBE_ACTIVITY_WINDOW
    }

    /// Which of `candidates`, the addresses next in line, to probe ahead: those without a result, or whose
    /// result expires soon. Drops expired results, and those of other addresses: an address that is no longer
    /// next in line was given to somebody, who may still use it when it comes back.
    pub fn to_probe(&mut self, candidates: &[Ipv4Addr], now: MonotonicTime) -> Vec<Ipv4Addr> {
        if !self.is_active(now) {
            return Vec::new();
        }
        let in_line: BTreeSet<Ipv4Addr> = candidates.iter().copied().collect();
        self.results.retain(|address, (found, _)| {
            in_line.contains(address) && now.since(*found) < PROBE_VALIDITY
        });
        let stale = |address: &&Ipv4Addr| {
            let found = self.results.get(*address);
            found.is_none_or(|(found, _)| now.since(*found) >= PROBE_VALIDITY / 2)
        };
        candidates
            .iter()
            .filter(stale)
            .take(PROBE_BATCH)
            .copied()
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn address(host: u8) -> Ipv4Addr {
        Ipv4Addr::new(10, 15, 3, host)
    }

    fn at(seconds: u64) -> MonotonicTime {
        MonotonicTime(Duration::from_secs(seconds))
    }

    #[test]
    fn is_clear_until_validity_ends() {
        let mut cache = ProbeCache::default();
        cache.note(address(20), ProbeResult::Clear, at(1));
        assert!(cache.is_clear(address(20), at(60)));
        assert!(!cache.is_clear(address(20), at(61)));
        assert!(!cache.is_clear(address(21), at(1)));
    }

    #[test]
    fn is_clear_false_after_a_conflict() {
        let mut cache = ProbeCache::default();
        cache.note(address(20), ProbeResult::InUse { hardware: [2; 6] }, at(1));
        assert!(!cache.is_clear(address(20), at(2)));
    }

    #[test]
    fn in_use_until_validity_ends() {
        let mut cache = ProbeCache::default();
        cache.note(address(20), ProbeResult::InUse { hardware: [2; 6] }, at(1));
        cache.note(address(21), ProbeResult::Clear, at(1));
        let in_use = |now| cache.in_use(now).collect::<Vec<_>>();
        assert_eq!(in_use(at(60)), [(address(20), [2; 6])]);
        assert!(in_use(at(61)).is_empty());
    }

    #[test]
    fn to_probe_probes_candidates_once_at_start() {
        let mut cache = ProbeCache::default();
        let candidates = [address(20), address(21)];
        assert_eq!(cache.to_probe(&candidates, at(0)), candidates);
        cache.note(address(20), ProbeResult::Clear, at(1));
        cache.note(address(21), ProbeResult::InUse { hardware: [2; 6] }, at(1));
        assert!(cache.to_probe(&candidates, at(2)).is_empty());
    }

    #[test]
    fn to_probe_nothing_on_an_idle_network() {
        let mut cache = ProbeCache::default();
        let candidates = [address(20)];
        cache.note(address(20), ProbeResult::Clear, at(1));
        assert!(
            cache.to_probe(&candidates, at(3600)).is_empty(),
            "nobody was there for an hour"
        );
        cache.note_discover(at(3601));
        assert_eq!(cache.to_probe(&candidates, at(3601)), candidates);
    }

    #[test]
    fn to_probe_refreshes_results_while_there_are_clients() {
        let mut cache = ProbeCache::default();
        cache.note(address(20), ProbeResult::Clear, at(0));
        assert!(cache.to_probe(&[address(20)], at(29)).is_empty());
        assert_eq!(cache.to_probe(&[address(20)], at(30)), [address(20)]);
    }

    #[test]
    fn bounded() {
        let mut cache = ProbeCache::default();
        for number in 0..100_000_u32 {
            cache.note(Ipv4Addr::from_bits(number), ProbeResult::Clear, at(0));
        }
        assert_eq!(cache.results.len(), MAX_RESULTS);
        let candidates: Vec<_> = (0..1000).map(Ipv4Addr::from_bits).collect();
        cache.note_discover(at(100));
        assert_eq!(cache.to_probe(&candidates, at(100)).len(), PROBE_BATCH);
    }
}
