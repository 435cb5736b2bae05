//! A token bucket: so many a second, and a burst.

use super::Rate;
use crate::MonotonicTime;
use std::time::Duration;

/// A token bucket on a caller's clock. Full at first.
#[derive(Clone, Debug)]
pub struct TokenBucket {
    per_second: u32,
    /// The most the bucket holds, in nanotokens (a billionth of a token: whole numbers only, so
    /// that a simulation gets the same answers everywhere).
    capacity: u128,
    level: u128,
    refilled: MonotonicTime,
}

const NANOTOKENS: u128 = 1_000_000_000;

impl TokenBucket {
    /// A full bucket.
    #[must_use]
    pub fn new(rate: Rate) -> Self {
        let Rate { per_second, burst } = rate;
        let capacity = u128::from(burst) * NANOTOKENS;
        Self {
            per_second,
            capacity,
            level: capacity,
            refilled: MonotonicTime::default(),
        }
    }

    /// Takes a token if there is one.
    pub fn try_take(&mut self, now: MonotonicTime) -> bool {
        self.try_take_above(0, now)
    }

    /// Takes a token if at least `kept` are there afterwards.
    pub fn try_take_above(&mut self, kept: u32, now: MonotonicTime) -> bool {
        self.refill(now);
        let kept = u128::from(kept) * NANOTOKENS;
        let left = self.level.checked_sub(NANOTOKENS);
        let left = left.filter(|left| *left >= kept);
        self.level = left.unwrap_or(self.level);
        left.is_some()
    }

    fn refill(&mut self, now: MonotonicTime) {
        //~ mutant l1_budget_not_refilled: return;
        let elapsed: Duration = now.since(self.refilled);
        let gained = elapsed
            .as_nanos()
            .saturating_mul(u128::from(self.per_second));
        self.level = self.level.saturating_add(gained).min(self.capacity);
        self.refilled = self.refilled.max(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(bucket: &mut TokenBucket, now: MonotonicTime, tries: usize) -> usize {
        (0..tries).filter(|_| bucket.try_take(now)).count()
    }

    #[test]
    fn try_take_allows_a_burst_then_the_rate() {
        let mut bucket = TokenBucket::new(Rate {
            per_second: 10,
            burst: 3,
        });
        assert_eq!(taken(&mut bucket, MonotonicTime::default(), 10), 3);
        assert_eq!(
            taken(&mut bucket, MonotonicTime(Duration::from_millis(99)), 10),
            0
        );
        assert_eq!(
            taken(&mut bucket, MonotonicTime(Duration::from_millis(100)), 10),
            1
        );
        assert_eq!(
            taken(&mut bucket, MonotonicTime(Duration::from_secs(60)), 10),
            3,
            "no more than full"
        );
    }

    #[test]
    fn try_take_clock_steps_back_gains_nothing() {
        let mut bucket = TokenBucket::new(Rate {
            per_second: 1,
            burst: 1,
        });
        assert!(bucket.try_take(MonotonicTime(Duration::from_secs(5))));
        assert!(!bucket.try_take(MonotonicTime(Duration::from_secs(1))));
        assert!(!bucket.try_take(MonotonicTime(Duration::from_millis(5500))));
        assert!(bucket.try_take(MonotonicTime(Duration::from_secs(6))));
    }
}
