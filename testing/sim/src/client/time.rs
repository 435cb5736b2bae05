//! True time, and a client's own clock beside it.

use std::fmt;
use std::ops::Add;
use std::time::Duration;

/// Real time since the run began. No node and no client can read it; checkers judge by it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct TrueTime(pub Duration);

/// A point on one client's own monotonic clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct LocalTime(pub Duration);

/// A monotonic clock that runs a little fast or slow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RateClock {
    /// How much too fast, in millionths; negative: too slow.
    ppm: i32,
}

const MILLION: u64 = 1_000_000;

impl TrueTime {
    /// The time passed since `earlier`; zero if that is in fact later.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

impl LocalTime {
    /// The time passed since `earlier`; zero if that is in fact later.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

impl RateClock {
    /// The most that the contract allows for (T4), in millionths.
    pub const MAX_PPM: i32 = 2000;

    /// A clock that is `ppm` millionths too fast, within ±[`Self::MAX_PPM`].
    #[must_use]
    pub fn new(ppm: i32) -> Self {
        Self {
            ppm: ppm.clamp(-Self::MAX_PPM, Self::MAX_PPM),
        }
    }

    /// What this clock shows.
    #[must_use]
    pub fn local(self, now: TrueTime) -> LocalTime {
        LocalTime(scaled(now.0, self.rate(), MILLION))
    }

    /// The first moment at which this clock shows `local`.
    #[must_use]
    pub fn true_time(self, local: LocalTime) -> TrueTime {
        let moment = scaled(local.0, MILLION, self.rate());
        // Rounding down may have fallen a nanosecond or two short.
        (0..=2)
            .map(|nanos| TrueTime(moment + Duration::from_nanos(nanos)))
            .find(|moment| self.local(*moment) >= local)
            .unwrap_or(TrueTime(moment))
    }

    fn rate(self) -> u64 {
        MILLION.saturating_add_signed(i64::from(self.ppm))
    }
}

fn scaled(duration: Duration, by: u64, of: u64) -> Duration {
    let nanos = duration.as_nanos() * u128::from(by) / u128::from(of);
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}

impl Add<Duration> for TrueTime {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(duration))
    }
}

impl Add<Duration> for LocalTime {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(duration))
    }
}

impl fmt::Display for TrueTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:06}s", self.0.as_secs(), self.0.subsec_micros())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_a_thousandth_fast() {
        let clock = RateClock::new(1000);
        let hour = TrueTime(Duration::from_secs(3600));
        assert_eq!(clock.local(hour).0, Duration::from_millis(3_603_600));
        assert_eq!(clock.true_time(clock.local(hour)), hour);
    }

    #[test]
    fn an_alarm_never_rings_before_its_time() {
        for ppm in [-2000, -1999, -7, 0, 3, 1999, 2000] {
            let clock = RateClock::new(ppm);
            for nanos in [0, 1, 999, 1_000_000_007, 86_400_000_000_123] {
                let local = LocalTime(Duration::from_nanos(nanos));
                assert!(
                    clock.local(clock.true_time(local)) >= local,
                    "{ppm} {nanos}"
                );
            }
        }
    }
}
