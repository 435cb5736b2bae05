//! Which quarantined address is probed again, and when: each in its turn, the oldest first, and again after a pause
//! (contract S7). Pure.
//!
//! One node of those in service does it, one address at a time, so an idle network hears next to nothing. Who has waited
//! longest is next: a host that answers for many of them delays the others, and keeps none from its turn.
//!
//! **Bounded.** What is quarantined, and [`MAX_RECHECKED`].

use crate::Moment;
use crate::limits::{MAX_RECHECKED, RECHECK_PAUSE};
use ipam::{ClusterTime, LeaseTimes, NodeId};
use std::collections::BTreeMap;
use std::net::Ipv4Addr;

/// Since when, or from when on, each may be probed.
#[derive(Debug, Default)]
pub(super) struct Rechecks(BTreeMap<Ipv4Addr, Moment>);

impl Rechecks {
    /// The next to probe of these, which are sorted by age. Asked at most once a second.
    pub(super) fn next(
        &mut self,
        quarantined: &[(Ipv4Addr, ClusterTime)],
        times: &LeaseTimes,
        clock: ClusterTime,
        now: Moment,
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

/// Whether it falls to this node: to one of those in service.
pub(super) fn falls_to(node: NodeId, in_service: &[NodeId]) -> bool {
    in_service.iter().min() == Some(&node)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn at(seconds: u64) -> Moment {
        Moment(Duration::from_secs(seconds))
    }

    #[test]
    fn the_oldest_first_and_each_after_a_pause() {
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
    fn s7_every_quarantined_address_gets_its_turn() {
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
    fn one_node_does_it() {
        let nodes = [NodeId(3), NodeId(2)];
        assert!(falls_to(NodeId(2), &nodes) && !falls_to(NodeId(3), &nodes));
        assert!(!falls_to(NodeId(1), &[]));
    }
}
