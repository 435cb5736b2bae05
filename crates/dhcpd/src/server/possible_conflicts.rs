//! Addresses that should be free and whose probe was answered: address conflicts, unless a grant explains them.
//!
//! Another node may just have granted the address: its new holder answers our probe before this node has
//! applied the grant. So each is kept for some seconds, and then compared with the state. Pure.

use crate::MonotonicTime;
use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::time::Duration;

/// How long a grant may take to be known here: an election and a half.
const SETTLES: Duration = Duration::from_secs(4);
/// How many are kept. With more than that, one line in the log is enough.
const MOST: usize = 64;

/// Addresses that should be free, and who answered there.
#[derive(Debug, Default)]
pub(super) struct PossibleConflicts(BTreeMap<Ipv4Addr, (MonotonicTime, [u8; 6])>);

impl PossibleConflicts {
    /// Somebody answered.
    pub(super) fn note(&mut self, address: Ipv4Addr, hardware: [u8; 6], now: MonotonicTime) {
        if self.0.len() < MOST {
            self.0.entry(address).or_insert((now, hardware));
        }
    }

    /// Takes those out that a grant would explain by now.
    pub(super) fn take_due(&mut self, now: MonotonicTime) -> Vec<(Ipv4Addr, [u8; 6])> {
        let due = self
            .0
            .extract_if(.., |_, (since, _)| now.since(*since) >= SETTLES);
        due.map(|(address, (_, hardware))| (address, hardware))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn take_due_only_after_a_grant_could_be_applied() {
        let (mut possible_conflicts, address) =
            (PossibleConflicts::default(), Ipv4Addr::new(10, 15, 3, 20));
        let at = |seconds| MonotonicTime(Duration::from_secs(seconds));
        possible_conflicts.note(address, [2; 6], at(1));
        assert!(possible_conflicts.take_due(at(4)).is_empty());
        possible_conflicts.note(address, [2; 6], at(4));
        assert_eq!(possible_conflicts.take_due(at(5)), [(address, [2; 6])]);
        assert!(possible_conflicts.take_due(at(60)).is_empty());
    }
}
