//! How long the way to each peer and back takes, so that status can tell latency from silence.
//!
//! That is the shortest of its last answers, some at least: a peer that stood still, or is busy, answers late,
//! and is no further away (S11: else status told operators to set a profile because of a paused peer). Calls that
//! waited at the same time are one: all that are under way when one of the two stands still are late.
//!
//! Measured by health calls, which go by the same connections as replication. A peer whose answers come
//! too late to count is asked now and then with more patience: to operators it is not silent.

mod latency;
mod measure;

pub(crate) use latency::Latency;
pub(crate) use measure::{Measure, run as measure};

use ipam::NodeId;
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// How often a peer that is not measured otherwise is asked.
const PATIENT_EVERY: Duration = Duration::from_secs(2);
/// How long a measurement counts.
const VALID: Duration = Duration::from_secs(10);
/// How many are kept of each peer.
const KEPT: usize = 8;
/// With fewer, nothing is known: the first answers of a node that stood still are late ones.
const ENOUGH: usize = 3;

/// What was measured.
#[derive(Debug, Default)]
pub(crate) struct RoundTrips(Mutex<BTreeMap<NodeId, VecDeque<Measured>>>);

#[derive(Clone, Copy, Debug)]
struct Measured {
    took: Duration,
    at: Instant,
}

impl RoundTrips {
    /// One more.
    pub(crate) fn note(&self, node: NodeId, took: Duration, at: Instant) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let last = all.entry(node).or_default();
        last.retain(|one| at - one.at < VALID);
        if let Some(before) = last.back_mut().filter(|before| at - took < before.at) {
            before.took = before.took.min(took);
            return;
        }
        if last.len() >= KEPT {
            last.pop_front();
        }
        last.push_back(Measured { took, at });
    }

    /// Each peer's, as far as it is known lately.
    pub(crate) fn known(&self, now: Instant) -> BTreeMap<NodeId, Duration> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let shortest = |last: &VecDeque<Measured>| {
            let fresh = last.iter().filter(|one| now - one.at < VALID);
            let fresh: Vec<Duration> = fresh.map(|one| one.took).collect();
            fresh
                .iter()
                .min()
                .copied()
                .filter(|_| fresh.len() >= ENOUGH)
        };
        all.iter()
            .filter_map(|(node, last)| Some((*node, shortest(last)?)))
            .collect()
    }

    /// Whether it was measured lately.
    fn is_fresh(&self, node: NodeId) -> bool {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let last = all.get(&node).and_then(VecDeque::back);
        last.is_some_and(|one| one.at.elapsed() < PATIENT_EVERY)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// S11: a peer that stood still is late, and not far away.
    #[test]
    fn late_answers_are_no_latency_and_old_ones_do_not_count() {
        let (trips, node, start) = (RoundTrips::default(), NodeId(2), Instant::now());
        let mut now = start;
        let millis = Duration::from_millis;
        let only = |trip| BTreeMap::from([(node, millis(trip))]);
        for waited in [300, 200, 100] {
            trips.note(node, millis(waited), start);
        }
        assert!(trips.known(start).is_empty(), "they waited for one thing");
        for late in [2900, 8, 2900] {
            now += millis(3000);
            trips.note(node, millis(late), now);
        }
        assert_eq!(trips.known(now), only(8));
        now += VALID;
        assert!(trips.known(now).is_empty());
        // Calls begin before the answer to the last one is here.
        for _ in 0..2 * ENOUGH {
            now += millis(150);
            trips.note(node, millis(200), now);
        }
        assert_eq!(trips.known(now), only(200));
    }
}
