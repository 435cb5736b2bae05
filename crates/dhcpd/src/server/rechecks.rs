//! Which quarantined address is probed again, and when: the oldest first, each after a pause (contract
//! S7). Pure.
//!
//! One node of those in service does it, one address at a time, so an idle network hears next to nothing.

use crate::Moment;
use crate::limits::{MAX_RECHECKED, RECHECK_PAUSE};
use ipam::{ClusterTime, LeaseTimes, NodeId};
use std::collections::BTreeMap;
use std::net::Ipv4Addr;

/// When each was probed last.
#[derive(Debug, Default)]
pub(super) struct Rechecks(BTreeMap<Ipv4Addr, Moment>);

impl Rechecks {
    /// The next to probe of these, the oldest first.
    pub(super) fn next(
        &mut self,
        quarantined: &[(Ipv4Addr, ClusterTime)],
        times: &LeaseTimes,
        clock: ClusterTime,
        now: Moment,
    ) -> Option<(Ipv4Addr, ClusterTime)> {
        self.0.retain(|_, at| now.since(*at) < RECHECK_PAUSE);
        let mut due = quarantined.iter().copied().filter(|(address, until)| {
            clock >= times.lift_from(*until) && !self.0.contains_key(address)
        });
        let next = due.next().filter(|_| self.0.len() < MAX_RECHECKED)?;
        self.0.insert(next.0, now);
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

    #[test]
    fn one_node_does_it() {
        let nodes = [NodeId(3), NodeId(2)];
        assert!(falls_to(NodeId(2), &nodes) && !falls_to(NodeId(3), &nodes));
        assert!(!falls_to(NodeId(1), &[]));
    }
}
