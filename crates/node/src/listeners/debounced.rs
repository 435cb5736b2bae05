//! A debounced set: something that appears or disappears only briefly changes nothing. Pure, except for tokio's
//! clock.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use tokio::time::Instant;

/// How long an element must be absent before it is removed.
const KEEP: Duration = Duration::from_secs(600);

/// The elements that were in at least two consecutive samples, the last time less than [`KEEP`] ago.
#[derive(Debug)]
pub(super) struct Debounced<T> {
    /// The last sample.
    last: BTreeSet<T>,
    /// The elements, and when each was last seen.
    seen: BTreeMap<T, Instant>,
}

impl<T> Default for Debounced<T> {
    fn default() -> Self {
        Self {
            last: BTreeSet::new(),
            seen: BTreeMap::new(),
        }
    }
}

impl<T: Ord + Clone> Debounced<T> {
    /// These were there before, so they are elements at once.
    pub(super) fn already_stable(there: BTreeSet<T>) -> Self {
        let now = Instant::now();
        Self {
            seen: there.iter().map(|one| (one.clone(), now)).collect(),
            last: there,
        }
    }

    /// Takes in a sample.
    pub(super) fn note(&mut self, there: BTreeSet<T>) {
        let now = Instant::now();
        for one in there.intersection(&self.last) {
            self.seen.insert(one.clone(), now);
        }
        self.seen.retain(|_, at| now.duration_since(*at) < KEEP);
        self.last = there;
    }

    /// The elements, in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = &T> {
        self.seen.keys()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_stays_counts_and_is_kept_over_a_restart() {
        let mut debounced = Debounced::default();
        let counts = |debounced: &Debounced<u16>| debounced.iter().any(|port| *port == 8006);
        let web = BTreeSet::from([8006]);
        debounced.note(web.clone());
        assert!(!counts(&debounced));
        debounced.note(web);
        assert!(counts(&debounced));
        debounced.note(BTreeSet::new());
        tokio::time::advance(KEEP / 2).await;
        debounced.note(BTreeSet::new());
        assert!(counts(&debounced));
        tokio::time::advance(KEEP).await;
        debounced.note(BTreeSet::new());
        assert!(!counts(&debounced));
    }
}
