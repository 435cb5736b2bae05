//! A point on this node's monotonic clock. Pure code is given the time; only the shell reads a clock.

use std::ops::Add;
use std::time::Duration;

/// Time since an origin that the caller chose once (the server: when it was bound).
///
/// It is not the cluster clock: nothing that is replicated depends on it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct MonotonicTime(pub Duration);

impl MonotonicTime {
    /// The time passed since `earlier`; zero if that is in fact later.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

impl Add<Duration> for MonotonicTime {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(duration))
    }
}
