//! Which quarantined address is probed again, and when: the one that has waited longest first, and again after a pause
//! (contract S7). Pure.
//!
//! One node in service does it, one address at a time, so that an idle network has almost no traffic. A host that answers
//! for many of the addresses delays the others, but cannot keep one from being probed.
//!
//! **Bounded.** By the quarantined addresses, and by [`MAX_RECHECKED`].

use crate::MonotonicTime;
use crate::limits::{MAX_RECHECKED, RECHECK_PAUSE};
use ipam::{ClusterTime, LeaseTimes, NodeId};
use std::collections::BTreeMap;
use std::net::Ipv4Addr;

/// From when on each address may be probed.
#[derive(Debug, Default)]
pub(super) struct Rechecks(BTreeMap<Ipv4Addr, MonotonicTime>);

impl Rechecks {
    /// The next to probe of these, which are sorted by age. Asked at most once a second.
    pub(super) fn next(
        &mut self,
        quarantined: &[(Ipv4Addr, ClusterTime)],
        times: &LeaseTimes,
        clock: ClusterTime,
        now: MonotonicTime,
    ) -> Option<(Ipv4Addr, ClusterTime)> {
        let is_due = |(_, until): &&(Ipv4Addr, ClusterTime)| clock >= times.lift_from(*until);
        let due = quarantined.iter().filter(is_due).take(MAX_RECHECKED);
        let turns: Vec<_> = due
            .map(|of| (*of, self.0.get(&of.0).copied().unwrap_or(now)))
            .collect();
        self.0 = turns
            .iter()
            .map(|((address, _), at)| (*address, *at))
            .collect();
        let waiting = turns.into_iter().filter(|(_, at)| *at <= now);
        // Of those that have waited equally long, the first: the oldest.
        let (next, _) = waiting.min_by_key(|(_, at)| *at)?;
        self.0.insert(next.0, now + RECHECK_PAUSE);
        Some(next)
    }
}

/// Whether this node does it: one of those in service.
pub(super) fn falls_to(node: NodeId, in_service: &[NodeId]) -> bool {
    in_service.iter().min() == Some(&node)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn at(seconds: u64) -> MonotonicTime {
        MonotonicTime(Duration::from_secs(seconds))
    }

    #[test]
    fn next_takes_the_oldest_and_pauses_between_probes() {
        let times = LeaseTimes::default();
        let until = |seconds: u64| ClusterTime(times.quarantine.0 + seconds * 1000);
        let address = |host| Ipv4Addr::new(10, 15, 3, host);
        let quarantined = [(address(22), until(0)), (address(20), until(30))];
        let mut rechecks = Rechecks::default();
        let quarter = ClusterTime(times.quarantine.0 / 4);
        let mut next = |clock, now| rechecks.next(&quarantined, &times, clock, at(now));
        assert_eq!(next(ClusterTime(quarter.0 - 1), 1), None, "the set time");
        assert_eq!(next(quarter, 2), Some(quarantined[0]));
        assert_eq!(
            next(quarter, 3),
            None,
            "a pause, and the other is too young"
        );
        let later = ClusterTime(quarter.0 + 30_000);
        assert_eq!(next(later, 32), Some(quarantined[1]));
        assert_eq!(next(later, 33), None);
        let pause = RECHECK_PAUSE.as_secs();
        assert_eq!(next(later, 2 + pause), Some(quarantined[0]), "again");
    }

    /// S7: somebody answers for all of them, and more are quarantined than one pause has seconds.
    #[test]
    fn s7_every_quarantined_address_is_rechecked() {
        let times = LeaseTimes::default();
        let clock = ClusterTime(times.quarantine.0);
        for number in [1, 60, 65, 200, 1000_u32] {
            let address = |host| Ipv4Addr::from_bits(0x0a0f_0000 + host);
            let quarantined: Vec<_> = (0..number)
                .map(|host| (address(host), ClusterTime(times.quarantine.0)))
                .collect();
            let mut rechecks = Rechecks::default();
            let round = u64::from(number).max(RECHECK_PAUSE.as_secs());
            for start in [1, 1 + round, 1 + 2 * round] {
                let probed: std::collections::BTreeSet<_> = (start..start + round)
                    .filter_map(|second| rechecks.next(&quarantined, &times, clock, at(second)))
                    .collect();
                assert_eq!(probed.len(), quarantined.len(), "from {start} on");
            }
            assert_eq!(rechecks.0.len(), quarantined.len());
            rechecks.next(&[], &times, clock, at(9999));
            assert!(rechecks.0.is_empty(), "what is freed is forgotten");
        }
    }

    #[test]
    fn falls_to_exactly_one_node() {
        let nodes = [NodeId(3), NodeId(2)];
        assert!(falls_to(NodeId(2), &nodes) && !falls_to(NodeId(3), &nodes));
        assert!(!falls_to(NodeId(1), &[]));
    }
}
