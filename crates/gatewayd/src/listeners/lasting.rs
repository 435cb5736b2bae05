//! Things that are there for a while: a moment's appearance does not count, nor a moment's absence. Pure, but for
//! tokio's clock.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use tokio::time::Instant;

/// How long something must be gone before it no longer counts.
const KEEP: Duration = Duration::from_secs(600);

/// What was seen in at least two looks one after the other, the last time less than [`KEEP`] ago.
#[derive(Debug)]
pub(super) struct Lasting<T> {
    /// Seen in the last look.
    last: BTreeSet<T>,
    /// What counts, and when it was last seen.
    seen: BTreeMap<T, Instant>,
}

impl<T> Default for Lasting<T> {
    fn default() -> Self {
        Self {
            last: BTreeSet::new(),
            seen: BTreeMap::new(),
        }
    }
}

impl<T: Ord + Clone> Lasting<T> {
    /// These were there before, and count at once.
    pub(super) fn since_ever(there: BTreeSet<T>) -> Self {
        let now = Instant::now();
        Self {
            seen: there.iter().map(|one| (one.clone(), now)).collect(),
            last: there,
        }
    }

    /// Takes in a look.
    pub(super) fn note(&mut self, there: BTreeSet<T>) {
        let now = Instant::now();
        for one in there.intersection(&self.last) {
            self.seen.insert(one.clone(), now);
        }
        self.seen.retain(|_, at| now.duration_since(*at) < KEEP);
        self.last = there;
    }

    /// What counts, in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = &T> {
        self.seen.keys()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_stays_counts_and_is_kept_over_a_restart() {
        let mut lasting = Lasting::default();
        let counts = |lasting: &Lasting<u16>| lasting.iter().any(|port| *port == 8006);
        let web = BTreeSet::from([8006]);
        lasting.note(web.clone());
        assert!(!counts(&lasting));
        lasting.note(web);
        assert!(counts(&lasting));
        lasting.note(BTreeSet::new());
        tokio::time::advance(KEEP / 2).await;
        lasting.note(BTreeSet::new());
        assert!(counts(&lasting));
        tokio::time::advance(KEEP).await;
        lasting.note(BTreeSet::new());
        assert!(!counts(&lasting));
    }
}
