//! What probes found lately, and what should be probed ahead. Pure.
//!
//! **Bounded.** Findings are kept for the addresses that are next in line, and for
//! [`PROBE_VALIDITY`]; at most a few times [`PROBED_AHEAD`] of them.

use crate::Moment;
use crate::limits::{PROBE_ACTIVITY_WINDOW, PROBE_BATCH, PROBE_VALIDITY, PROBED_AHEAD};
use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;

/// The most findings kept: what was probed ahead, and what was probed inline meanwhile.
const MAX_FINDINGS: usize = 4 * PROBED_AHEAD;

/// What a probe found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finding {
    /// Nobody answered.
    Clear,
    /// Somebody uses the address.
    InUse {
        /// Who.
        hardware: [u8; 6],
    },
    /// Somebody answered an ICMP echo from behind a relay; who, it does not say.
    Answered,
}

/// Who answered an ARP probe.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Answers {
    /// The first of those that count.
    pub first: Option<[u8; 6]>,
    /// One that does not, if none did that does.
    pub excepted: Option<[u8; 6]>,
}

impl Answers {
    /// What that says of the address.
    #[must_use]
    pub fn finding(self) -> Finding {
        self.first
            .map_or(Finding::Clear, |hardware| Finding::InUse { hardware })
    }
}

/// What probes found lately.
#[derive(Clone, Debug, Default)]
pub struct ProbeCache {
    findings: BTreeMap<Ipv4Addr, (Moment, Finding)>,
    /// When a client last looked for a server. Before the first one, the start counts as one.
    discovered: Moment,
}

impl ProbeCache {
    /// Notes that a client looks for a server.
    pub fn note_discover(&mut self, now: Moment) {
        self.discovered = self.discovered.max(now);
    }

    /// Notes what a probe that ended at `now` found.
    pub fn note(&mut self, address: Ipv4Addr, finding: Finding, now: Moment) {
        if self.findings.len() >= MAX_FINDINGS {
            self.findings
                .retain(|_, (found, _)| now.since(*found) < PROBE_VALIDITY);
        }
        if self.findings.len() < MAX_FINDINGS || self.findings.contains_key(&address) {
            self.findings.insert(address, (now, finding));
        }
    }

    /// Forgets what is known of an address that a client was given.
    pub fn forget(&mut self, address: Ipv4Addr) {
        self.findings.remove(&address);
    }

    /// Whether nobody was on `address` lately. That somebody was is not taken on trust where the address
    /// is offered all the same: a client that has just released it may still answer for it.
    #[must_use]
    pub fn is_clear(&self, address: Ipv4Addr, now: Moment) -> bool {
        let finding = self.findings.get(&address);
        finding.is_some_and(|(found, finding)| {
            *finding == Finding::Clear && now.since(*found) < PROBE_VALIDITY
        })
    }

    /// Where somebody was lately, and who: worth another address for a new client, and no more.
    pub fn in_use(&self, now: Moment) -> impl Iterator<Item = (Ipv4Addr, [u8; 6])> {
        let found = self.findings.iter();
        found.filter_map(move |(address, (found, finding))| match finding {
            Finding::InUse { hardware } if now.since(*found) < PROBE_VALIDITY => {
                Some((*address, *hardware))
            }
            _ => None,
        })
    }

    /// Whether anything is to be probed ahead now: clients were heard lately.
    #[must_use]
    pub fn is_active(&self, now: Moment) -> bool {
        now.since(self.discovered) < PROBE_ACTIVITY_WINDOW
    }

    /// Which of `candidates`, the addresses next in line, to probe ahead: those of which nothing is
    /// known, or not for much longer. Forgets what is too old, and what is known of others: an
    /// address that left the line was given to somebody, who may still be on it when it returns.
    pub fn to_probe(&mut self, candidates: &[Ipv4Addr], now: Moment) -> Vec<Ipv4Addr> {
        if !self.is_active(now) {
            return Vec::new();
        }
        let in_line: BTreeSet<Ipv4Addr> = candidates.iter().copied().collect();
        self.findings.retain(|address, (found, _)| {
            in_line.contains(address) && now.since(*found) < PROBE_VALIDITY
        });
        let stale = |address: &&Ipv4Addr| {
            let found = self.findings.get(*address);
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

    fn at(seconds: u64) -> Moment {
        Moment(Duration::from_secs(seconds))
    }

    #[test]
    fn a_finding_holds_for_a_while() {
        let mut cache = ProbeCache::default();
        cache.note(address(20), Finding::Clear, at(1));
        assert!(cache.is_clear(address(20), at(60)));
        assert!(!cache.is_clear(address(20), at(61)));
        assert!(!cache.is_clear(address(21), at(1)));
    }

    #[test]
    fn a_conflict_is_never_taken_from_memory() {
        let mut cache = ProbeCache::default();
        cache.note(address(20), Finding::InUse { hardware: [2; 6] }, at(1));
        assert!(!cache.is_clear(address(20), at(2)));
    }

    #[test]
    fn who_is_on_an_address_is_known_for_a_while() {
        let mut cache = ProbeCache::default();
        cache.note(address(20), Finding::InUse { hardware: [2; 6] }, at(1));
        cache.note(address(21), Finding::Clear, at(1));
        let in_use = |now| cache.in_use(now).collect::<Vec<_>>();
        assert_eq!(in_use(at(60)), [(address(20), [2; 6])]);
        assert!(in_use(at(61)).is_empty());
    }

    #[test]
    fn at_the_start_the_candidates_are_probed_once() {
        let mut cache = ProbeCache::default();
        let candidates = [address(20), address(21)];
        assert_eq!(cache.to_probe(&candidates, at(0)), candidates);
        cache.note(address(20), Finding::Clear, at(1));
        cache.note(address(21), Finding::InUse { hardware: [2; 6] }, at(1));
        assert!(cache.to_probe(&candidates, at(2)).is_empty());
    }

    #[test]
    fn an_idle_network_hears_nothing() {
        let mut cache = ProbeCache::default();
        let candidates = [address(20)];
        cache.note(address(20), Finding::Clear, at(1));
        assert!(
            cache.to_probe(&candidates, at(3600)).is_empty(),
            "nobody was there for an hour"
        );
        cache.note_discover(at(3601));
        assert_eq!(cache.to_probe(&candidates, at(3601)), candidates);
    }

    #[test]
    fn refreshed_before_it_runs_out_while_there_are_clients() {
        let mut cache = ProbeCache::default();
        cache.note(address(20), Finding::Clear, at(0));
        assert!(cache.to_probe(&[address(20)], at(29)).is_empty());
        assert_eq!(cache.to_probe(&[address(20)], at(30)), [address(20)]);
    }

    #[test]
    fn bounded() {
        let mut cache = ProbeCache::default();
        for number in 0..100_000_u32 {
            cache.note(Ipv4Addr::from_bits(number), Finding::Clear, at(0));
        }
        assert_eq!(cache.findings.len(), MAX_FINDINGS);
        let candidates: Vec<_> = (0..1000).map(Ipv4Addr::from_bits).collect();
        cache.note_discover(at(100));
        assert_eq!(cache.to_probe(&candidates, at(100)).len(), PROBE_BATCH);
    }
}
