//! Addresses whose conflict probe was answered by somebody who has reported too many conflicts already. They are not
//! quarantined, only not offered for some seconds (contract L6, ADR 0026). Pure.
//!
//! **Bounded.** [`MAX_UNCONFIRMED_CONFLICTS`], for [`UNCONFIRMED_CONFLICT_LIFETIME`].

use crate::MonotonicTime;
use crate::limits::{MAX_UNCONFIRMED_CONFLICTS, UNCONFIRMED_CONFLICT_LIFETIME};
use std::collections::BTreeMap;
use std::net::Ipv4Addr;

/// The addresses, and when each was answered for.
#[derive(Clone, Debug, Default)]
pub struct UnconfirmedConflicts(BTreeMap<Ipv4Addr, MonotonicTime>);

impl UnconfirmedConflicts {
    /// Notes that somebody answered. If there are too many, a new one is not kept: its probe will find it again.
    pub fn note(&mut self, address: Ipv4Addr, now: MonotonicTime) {
        self.0
            .retain(|_, at| now.since(*at) < UNCONFIRMED_CONFLICT_LIFETIME);
        if self.0.len() < MAX_UNCONFIRMED_CONFLICTS {
            self.0.insert(address, now);
        }
    }

    /// The addresses that somebody answered for lately.
    #[must_use]
    pub fn recent(&self, now: MonotonicTime) -> Vec<Ipv4Addr> {
        let recent = self
            .0
            .iter()
            .filter(|(_, at)| now.since(**at) < UNCONFIRMED_CONFLICT_LIFETIME);
        recent.map(|(address, _)| *address).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn recent_is_bounded_in_number_and_time() {
        let mut unconfirmed_conflicts = UnconfirmedConflicts::default();
        let start = MonotonicTime(Duration::from_secs(1));
        for number in 0..1000 {
            unconfirmed_conflicts.note(Ipv4Addr::from_bits(number), start);
        }
        assert_eq!(
            unconfirmed_conflicts.recent(start).len(),
            MAX_UNCONFIRMED_CONFLICTS
        );
        assert!(
            unconfirmed_conflicts
                .recent(start + UNCONFIRMED_CONFLICT_LIFETIME)
                .is_empty()
        );
        unconfirmed_conflicts.note(
            Ipv4Addr::from_bits(7),
            start + UNCONFIRMED_CONFLICT_LIFETIME,
        );
        assert_eq!(unconfirmed_conflicts.0.len(), 1);
    }
}
