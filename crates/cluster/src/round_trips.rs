//! How long an answer of each peer takes, smoothed, so that status can tell latency from silence.
//!
//! Measured by health calls, which go by the same connections as replication. A peer whose answers come
//! too late to count is asked now and then with more patience: to operators it is not silent.

use crate::node::Inner;
use futures::future::join_all;
use ipam::NodeId;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout};

/// How often a peer that is not measured otherwise is asked.
const PATIENT_EVERY: Duration = Duration::from_secs(2);
/// How long it may take then.
const PATIENT: Duration = Duration::from_secs(3);
/// How long a measurement counts.
const VALID: Duration = Duration::from_secs(10);

/// What was measured.
#[derive(Debug, Default)]
pub(crate) struct RoundTrips(Mutex<BTreeMap<NodeId, Measured>>);

#[derive(Clone, Copy, Debug)]
struct Measured {
    smoothed: Duration,
    at: Instant,
}

impl RoundTrips {
    /// One more: an eighth of it counts, as in TCP (RFC 6298).
    pub(crate) fn note(&self, node: NodeId, took: Duration, at: Instant) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let smoothed = match all.get(&node) {
            Some(before) if at - before.at < VALID => (before.smoothed * 7 + took) / 8,
            _ => took,
        };
        all.insert(node, Measured { smoothed, at });
    }

    /// Each peer's, as far as it is known lately.
    pub(crate) fn known(&self, now: Instant) -> BTreeMap<NodeId, Duration> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = all.iter().filter(|(_, one)| now - one.at < VALID);
        fresh.map(|(node, one)| (*node, one.smoothed)).collect()
    }

    fn is_fresh(&self, node: NodeId) -> bool {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(&node)
            .is_some_and(|one| one.at.elapsed() < PATIENT_EVERY)
    }
}

/// Asks patiently whoever is not measured otherwise, until the node stops.
pub(crate) async fn run(inner: Arc<Inner>) {
    loop {
        sleep(PATIENT_EVERY).await;
        let members = inner.members().into_iter();
        let quiet = members
            .filter(|(node, _)| *node != inner.config.node && !inner.round_trips.is_fresh(*node));
        join_all(quiet.map(|(node, address)| measure(&inner, node, address))).await;
    }
}

async fn measure(inner: &Inner, node: NodeId, address: String) {
    let Ok(mut client) = inner.peers.connect(node, &address) else {
        return;
    };
    let asked = Instant::now();
    let answer = timeout(PATIENT, client.health(inner.health_request())).await;
    if let Ok(Ok(answer)) = answer
        && answer.get_ref().node_id == node.0
    {
        inner
            .round_trips
            .note(node, asked.elapsed(), Instant::now());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_late_answer_is_no_latency_and_old_ones_do_not_count() {
        let (trips, node, start) = (RoundTrips::default(), NodeId(2), Instant::now());
        let millis = Duration::from_millis;
        let only = |trip| BTreeMap::from([(node, millis(trip))]);
        trips.note(node, millis(8), start);
        trips.note(node, millis(88), start);
        assert_eq!(trips.known(start), only(18));
        assert!(trips.known(start + VALID).is_empty());
        trips.note(node, millis(200), start + VALID);
        assert_eq!(trips.known(start + VALID), only(200));
    }
}
