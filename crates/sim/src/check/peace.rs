//! Since when nothing is wrong: what the liveness rules (L1, L3, L4) are judged by.

use super::facts::Step;
use crate::client::TrueTime;
use std::time::Duration;

/// After the last fault: an election, and requests and offers that were made before it.
const SETTLED_AFTER: Duration = Duration::from_secs(120);

/// Since when nothing is wrong, and when no address was free last.
#[derive(Clone, Debug, Default)]
pub(super) struct Peace {
    healed: Option<TrueTime>,
    exhausted: Option<TrueTime>,
}

impl Peace {
    pub(super) fn healed(&mut self, at: TrueTime) {
        self.healed = Some(at);
    }

    pub(super) fn disturbed(&mut self) {
        self.healed = None;
    }

    pub(super) fn step(&mut self, step: &Step<'_>) {
        let mut subnets = step.after.subnets().values();
        if subnets.any(|subnet| subnet.leases().free_count() == 0) {
            self.exhausted = Some(step.at);
        }
    }

    /// When the last fault was healed, if none has come since.
    pub(super) const fn since(&self) -> Option<TrueTime> {
        self.healed
    }

    /// The same, if that is so long ago that nothing of the fault is left at `at`.
    pub(super) fn settled_since(&self, at: TrueTime) -> Option<TrueTime> {
        self.healed
            .filter(|healed| at.since(*healed) > SETTLED_AFTER)
    }

    /// Whether at some time from `since` on no address was free.
    pub(super) fn was_exhausted(&self, since: TrueTime) -> bool {
        self.exhausted.is_some_and(|exhausted| exhausted >= since)
    }
}
