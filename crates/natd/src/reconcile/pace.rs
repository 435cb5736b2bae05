//! Pacing of reconcile passes: when the next may start. Pure; time is given to it.
//!
//! Drift is repaired at once. If somebody keeps on changing our table (another firewall manager in a
//! loop), repairs back off, so that the two do not use up the machine. New intents are never delayed.

use std::time::Duration;
use tokio::time::Instant;

/// Between the starts of two passes that events caused. Others' transactions cause events too.
const EVENT_SPACING: Duration = Duration::from_millis(20);
/// How many repairs are made at once before they are delayed.
const REPAIR_BURST: u32 = 8;
/// The first delay of a repair; each further one is twice as long.
const FIRST_REPAIR_DELAY: Duration = Duration::from_millis(100);
/// The longest delay of a repair.
const MAX_REPAIR_DELAY: Duration = Duration::from_secs(5);
/// After so long without a repair, the delay is reset. More than [`MAX_REPAIR_DELAY`].
const CALM: Duration = Duration::from_secs(30);
/// The first pause before a failed pass is tried again; each further one is twice as long.
const FIRST_RETRY: Duration = Duration::from_millis(100);
/// The longest pause before a failed pass is tried again.
const MAX_RETRY: Duration = Duration::from_secs(10);

/// Remembers what passes did lately.
#[derive(Debug)]
pub(super) struct Pacer {
    event_pass_at: Instant,
    repairs: u32,
    last_repair: Option<Instant>,
    failures: u32,
    retry_at: Option<Instant>,
}

impl Pacer {
    pub(super) const fn new(now: Instant) -> Self {
        Self {
            event_pass_at: now,
            repairs: 0,
            last_repair: None,
            failures: 0,
            retry_at: None,
        }
    }

    /// A pass that started at `started` has ended.
    pub(super) fn after_pass(&mut self, started: Instant, repaired: bool, failed: bool) {
        if self
            .last_repair
            .is_some_and(|last| started.duration_since(last) >= CALM)
        {
            self.repairs = 0;
        }
        if repaired {
            self.repairs = self.repairs.saturating_add(1);
            self.last_repair = Some(started);
        }
        self.failures = if failed {
            self.failures.saturating_add(1)
        } else {
            0
        };
        self.retry_at =
            failed.then(|| started + doubled(FIRST_RETRY, self.failures - 1, MAX_RETRY));
        let spacing = match self.repairs.checked_sub(REPAIR_BURST) {
            Some(beyond) => doubled(FIRST_REPAIR_DELAY, beyond, MAX_REPAIR_DELAY),
            None => EVENT_SPACING,
        };
        // A pass that fails may have caused events itself.
        self.event_pass_at = self.retry_at.unwrap_or(started + spacing);
    }

    /// When an event may cause a pass.
    pub(super) const fn event_pass_at(&self) -> Instant {
        self.event_pass_at
    }

    /// When the failed pass is tried again.
    pub(super) const fn retry_at(&self) -> Option<Instant> {
        self.retry_at
    }
}

fn doubled(first: Duration, times: u32, most: Duration) -> Duration {
    2_u32
        .checked_pow(times)
        .and_then(|factor| first.checked_mul(factor))
        .map_or(most, |delay| delay.min(most))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_repaired_at_once_and_a_fight_ever_more_slowly() {
        let start = Instant::now();
        let mut pacer = Pacer::new(start);
        let delay = |pacer: &mut Pacer, at: Instant| {
            pacer.after_pass(at, true, false);
            pacer.event_pass_at() - at
        };
        for _ in 1..REPAIR_BURST {
            assert_eq!(delay(&mut pacer, start), EVENT_SPACING);
        }
        let delays: Vec<_> = (0..8)
            .map(|_| delay(&mut pacer, start).as_millis())
            .collect();
        assert_eq!(delays, [100, 200, 400, 800, 1600, 3200, 5000, 5000]);
        assert_eq!(delay(&mut pacer, start + CALM), EVENT_SPACING, "forgotten");
    }

    #[test]
    fn failures_are_retried_ever_more_slowly_until_one_succeeds() {
        let start = Instant::now();
        let mut pacer = Pacer::new(start);
        assert_eq!(pacer.retry_at(), None);
        let mut pause = |failed| {
            pacer.after_pass(start, false, failed);
            pacer.retry_at().map(|at| (at - start).as_millis())
        };
        let pauses: Vec<_> = (0..9).filter_map(|_| pause(true)).collect();
        assert_eq!(pauses, [100, 200, 400, 800, 1600, 3200, 6400, 10000, 10000]);
        assert_eq!(pause(false), None);
        assert_eq!(pause(true), Some(100));
    }
}
