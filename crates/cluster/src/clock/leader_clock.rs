//! The leader's clock: what stamps are made of (contract T2, T3).
//!
//! A leader anchors itself on the first entry of its own term that it has applied: the clock value
//! of that entry, and its own monotonic time right after. A stamp is the anchor's clock value plus
//! the monotonic time since. The monotonic clock stands still in suspend and knows no steps, so
//! stamps never run faster than real time (T2). Before the anchor there is no stamp (T3).
//!
//! The first anchor of a term is kept: anchoring again at every entry would lose the time between
//! stamp and apply each time, and the clock would lag behind for no gain in safety.

use ipam::{ClusterTime, Span, Stamp};
use std::sync::{Mutex, PoisonError};
use tokio::time::Instant;

/// Makes stamps for one node.
#[derive(Debug, Default)]
pub(crate) struct LeaderClock {
    anchor: Mutex<Option<Anchor>>,
    /// The newest entry that this node applied, whoever leads; for display only.
    seen: Mutex<Option<Anchor>>,
}

#[derive(Clone, Copy, Debug)]
struct Anchor {
    term: u64,
    clock: ClusterTime,
    applied_at: Instant,
}

impl LeaderClock {
    /// Notes that this node, leading `term`, has just applied an entry of that term, after which
    /// the cluster clock stood at `clock`.
    pub(crate) fn anchor(&self, term: u64, clock: ClusterTime) {
        let mut anchor = self.anchor.lock().unwrap_or_else(PoisonError::into_inner);
        //~ mutant t2_anchor_of_another_term: if anchor.is_some() { return; }
        if !anchor.is_some_and(|anchor| anchor.term == term) {
            *anchor = Some(Anchor {
                term,
                clock,
                applied_at: Instant::now(),
            });
        }
    }

    /// Notes that an entry of `term` was applied, after which the cluster clock stood at `clock`.
    pub(crate) fn saw(&self, term: u64, clock: ClusterTime) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if !seen.is_some_and(|seen| seen.term == term && seen.clock == clock) {
            *seen = Some(Anchor {
                term,
                clock,
                applied_at: Instant::now(),
            });
        }
    }

    /// What the clock would say if somebody wrote now, as far as this node can tell, while a quorum is in
    /// reach: nobody writes on an idle cluster (T5). For display; nothing is decided by it.
    pub(crate) fn estimate(&self, clock: ClusterTime, has_quorum: bool) -> ClusterTime {
        let seen = *self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        match seen.filter(|_| has_quorum) {
            Some(seen) => clock.max(seen.clock + Span(seen.elapsed_ms())),
            // T3: it stands still.
            None => clock,
        }
    }

    /// A stamp for an entry of `term`, if this node is anchored in that term.
    pub(crate) fn stamp(&self, term: u64) -> Option<Stamp> {
        let anchor = *self.anchor.lock().unwrap_or_else(PoisonError::into_inner);
        //~ mutant t2_anchor_of_another_term: let anchor = anchor.map(|anchor| Anchor { term, ..anchor });
        //~ mutant s5_stamp_of_another_term: return anchor.map(Anchor::stamp);
        // T3: a leader has no clock of its own.
        let anchor = anchor.filter(|anchor| anchor.term == term);
        //~ mutant t3_clock_before_own_term:
        //~     if anchor.is_none() { return Some(Stamp { term, time: ClusterTime(3_600_000) }); }
        anchor.map(Anchor::stamp)
    }
}

impl Anchor {
    /// The anchor's clock value plus the monotonic time since.
    fn elapsed_ms(self) -> u64 {
        u64::try_from(self.applied_at.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn stamp(self) -> Stamp {
        // T2: never faster than real time.
        let elapsed = self.elapsed_ms();
        //~ mutant t2_clock_runs_fast: let elapsed = elapsed + elapsed / 2;
        Stamp {
            term: self.term,
            time: self.clock + Span(elapsed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn there_is_no_stamp_before_an_entry_of_the_own_term_is_applied() {
        let clock = LeaderClock::default();
        assert_eq!(clock.stamp(1), None);
        clock.anchor(1, ClusterTime(500));
        assert!(
            clock
                .stamp(1)
                .is_some_and(|stamp| stamp.time >= ClusterTime(500))
        );
        assert_eq!(
            clock.stamp(2),
            None,
            "an anchor of an older term is worth nothing"
        );
    }

    #[test]
    fn a_term_keeps_its_first_anchor() {
        let clock = LeaderClock::default();
        clock.anchor(1, ClusterTime(500));
        clock.anchor(1, ClusterTime(900_000));
        assert!(
            clock
                .stamp(1)
                .is_some_and(|stamp| stamp.time < ClusterTime(900_000))
        );
    }

    #[test]
    fn what_is_shown_moves_when_nobody_writes_and_a_quorum_is_there() {
        let (clock, hour_ago) = (LeaderClock::default(), Duration::from_secs(3600));
        assert_eq!(clock.estimate(ClusterTime(7), true), ClusterTime(7));
        clock.saw(1, ClusterTime(500));
        let mut seen = clock.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(seen) = seen.as_mut() {
            seen.applied_at -= hour_ago;
        }
        drop(seen);
        clock.saw(1, ClusterTime(500));
        assert!(clock.estimate(ClusterTime(500), true) >= ClusterTime(3_600_500));
        assert_eq!(
            clock.estimate(ClusterTime(500), false),
            ClusterTime(500),
            "T3"
        );
        clock.saw(2, ClusterTime(500));
        let again = clock.estimate(ClusterTime(500), true);
        assert!(
            again < ClusterTime(3_600_000),
            "a new leader begins where the last one wrote"
        );
    }
}
