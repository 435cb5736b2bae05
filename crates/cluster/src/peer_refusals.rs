//! What peers were refused, counted, and logged once a change.
//!
//! A liar that repeats itself costs one line, and one more when it comes back after a pause. The table is
//! bounded: whom it has no room for is counted under its reason alone.

use ipam::NodeId;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// After a pause of this length the same refusal is logged again.
const PAUSE: Duration = Duration::from_secs(60);
/// How many pairs of a sender and a reason are remembered for the log.
const MAX_REMEMBERED: usize = 256;

/// Counts by reason, and when each sender was last refused for it.
#[derive(Debug, Default)]
pub(crate) struct PeerRefusals(Mutex<Table>);

#[derive(Debug, Default)]
struct Table {
    counts: BTreeMap<&'static str, u64>,
    last: BTreeMap<(NodeId, &'static str), Instant>,
}

impl PeerRefusals {
    /// Counts a request that says that it is from `sender`. `call` is what it asked for.
    pub(crate) fn count(&self, sender: NodeId, call: &str, kind: &'static str, reason: &str) {
        let mut table = self.lock();
        let count = table.counts.entry(kind).or_default();
        *count += 1;
        let so_far = *count;
        if table.is_news((sender, kind), Instant::now()) {
            tracing::warn!(%sender, call, kind, so_far, "a peer was refused: {reason}");
        }
    }

    /// Counts what was refused before anybody said who it is from.
    pub(crate) fn count_unnamed(&self, kind: &'static str) {
        *self.lock().counts.entry(kind).or_default() += 1;
    }

    /// How often each reason was given, since this node started.
    pub(crate) fn counts(&self) -> BTreeMap<&'static str, u64> {
        self.lock().counts.clone()
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    /// Whether this was not so a moment ago.
    fn is_news(&mut self, what: (NodeId, &'static str), now: Instant) -> bool {
        if let Some(last) = self.last.get_mut(&what) {
            let is_news = now.duration_since(*last) > PAUSE;
            *last = now;
            return is_news;
        }
        if self.last.len() >= MAX_REMEMBERED {
            self.last
                .retain(|_, last| now.duration_since(*last) <= PAUSE);
        }
        let has_room = self.last.len() < MAX_REMEMBERED;
        if has_room {
            self.last.insert(what, now);
        }
        has_room
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_news_once_and_again_after_a_pause() {
        let (mut table, start) = (Table::default(), Instant::now());
        let term = (NodeId(9), "term");
        assert!(table.is_news(term, start));
        assert!(!table.is_news(term, start + PAUSE / 2));
        assert!(!table.is_news(term, start + PAUSE));
        assert!(table.is_news((NodeId(8), "term"), start + PAUSE));
        assert!(table.is_news(term, start + PAUSE * 3));
    }

    #[test]
    fn the_table_is_bounded() {
        let (mut table, start) = (Table::default(), Instant::now());
        for sender in 0..10_000 {
            table.is_news((NodeId(sender), "term"), start);
        }
        assert_eq!(table.last.len(), MAX_REMEMBERED);
    }

    #[test]
    fn refusals_are_counted_by_reason() {
        let refusals = PeerRefusals::default();
        for kind in ["term", "removed", "term"] {
            refusals.count(NodeId(9), "Append", kind, "for a reason");
        }
        assert_eq!(
            refusals.counts(),
            BTreeMap::from([("removed", 1), ("term", 2)])
        );
    }
}
