//! How far the cluster clock and the log can have come by now (S12).
//!
//! Both only grow, and whatever is in a log or a snapshot stays. A leader that lies could move the clock to
//! where no lease ever ends, at once. So a node takes what is within reach of where it was when it started:
//! [`AHEAD`] for the time that it was away, and [`RATE`] times the time that it has been running.
//!
//! * **An honest cluster** never gets there. The clock runs no faster than real time (T2), so it is beyond
//!   reach of a node only that was away for longer than 34 years; a log needs 1,000 entries a second for as
//!   long.
//! * **A liar** moves them further than they are. Nothing hangs on how large they are below [`LARGEST`], and
//!   there it does not get: that takes 139 years at [`RATE`], or four million starts of a node.
//! * **Nobody is left behind for ever** because of what a liar has moved: what is out of reach comes into
//!   reach, at 12 days a second.
//!
//! Pure but for the clock. Times are tokio's, which stand still in suspend: reach is then less, and
//! [`AHEAD`] has room for it.

use ipam::ClusterTime;
use tokio::time::Instant;

/// How much further than this node was at its start: in ms of the clock, and in entries of the log.
pub(crate) const AHEAD: u64 = 1 << 40;
/// How much more for each millisecond since then.
pub(crate) const RATE: u64 = 1 << 20;
/// The largest that is ever taken: what is added to it does not overflow.
pub(crate) const LARGEST: u64 = 1 << 62;

/// What is taken now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reach {
    /// The latest time on the cluster clock.
    pub(crate) clock: ClusterTime,
    /// The largest index of an entry.
    pub(crate) index: u64,
}

/// Where this node was when it started.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Start {
    at: Instant,
    clock: ClusterTime,
    index: u64,
}

impl Start {
    /// It starts now, with a state and a log up to there.
    pub(crate) fn now(clock: ClusterTime, index: u64) -> Self {
        Self {
            at: Instant::now(),
            clock,
            index,
        }
    }

    /// What is within reach by now.
    pub(crate) fn reach(&self) -> Reach {
        let elapsed = u64::try_from(self.at.elapsed().as_millis()).unwrap_or(u64::MAX);
        let ahead = AHEAD.saturating_add(elapsed.saturating_mul(RATE));
        let from = |start: u64| start.saturating_add(ahead).min(LARGEST);
        Reach {
            clock: ClusterTime(from(self.clock.0)),
            index: from(self.index),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use tokio::time::advance;

    const YEAR: Duration = Duration::from_secs(365 * 24 * 3600);

    fn years(years: u32) -> u64 {
        u64::try_from((YEAR * years).as_millis()).unwrap_or(u64::MAX)
    }

    #[tokio::test(start_paused = true)]
    async fn reach_includes_what_an_honest_cluster_has_counted() {
        // A node comes back after 30 years; another has run for 50.
        let start = Start::now(ClusterTime(7), 7);
        assert!(start.reach().clock.0 > years(30));
        assert!(start.reach().index > 30 * 365 * 24 * 3600 * 1000);
        advance(YEAR).await;
        assert!(start.reach().clock.0 > years(50));
    }

    #[tokio::test(start_paused = true)]
    async fn reach_is_not_the_largest_within_a_century() {
        let start = Start::now(ClusterTime(0), 0);
        advance(YEAR * 100).await;
        let reach = start.reach();
        assert!(reach.clock.0 < LARGEST && reach.index < LARGEST);
        let last = Start::now(ClusterTime(u64::MAX), u64::MAX).reach();
        assert_eq!((last.clock, last.index), (ClusterTime(LARGEST), LARGEST));
    }

    #[tokio::test(start_paused = true)]
    async fn reach_comes_to_what_a_liar_has_moved() {
        // It had others, with as much behind them, go as far as they go, and led for an hour.
        let hour = Duration::from_secs(3600);
        let others = Start::now(ClusterTime(years(20)), 0);
        advance(hour).await;
        let moved = others.reach().clock;
        let newcomer = Start::now(ClusterTime(0), 0);
        assert!(newcomer.reach().clock < moved);
        advance(hour + hour / 2).await;
        assert!(newcomer.reach().clock > moved);
    }
}
