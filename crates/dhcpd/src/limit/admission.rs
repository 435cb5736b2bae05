//! Budgets for commands, apart for clients that the lease table knows and those it does not: a
//! flood of new hardware addresses never keeps a known client from renewing.

use super::{Rate, RateLimits, TokenBucket};
use crate::Moment;
use crate::decide::Silence;
use crate::limits::{
    EXHAUSTED_OFFERS_BURST, EXHAUSTED_OFFERS_PER_SECOND, QUARANTINES_BURST, QUARANTINES_PER_SECOND,
};

/// The budgets of one server.
#[derive(Clone, Debug)]
pub struct Admission {
    new_clients: TokenBucket,
    known_clients: TokenBucket,
    exhausted: TokenBucket,
    quarantines: TokenBucket,
}

impl Admission {
    /// Full budgets.
    #[must_use]
    pub fn new(limits: &RateLimits) -> Self {
        let exhausted = Rate {
            per_second: EXHAUSTED_OFFERS_PER_SECOND,
            burst: EXHAUSTED_OFFERS_BURST,
        };
        let quarantines = Rate {
            per_second: QUARANTINES_PER_SECOND,
            burst: QUARANTINES_BURST,
        };
        Self {
            new_clients: TokenBucket::new(limits.new_clients),
            known_clients: TokenBucket::new(limits.known_clients),
            exhausted: TokenBucket::new(exhausted),
            quarantines: TokenBucket::new(quarantines),
        }
    }

    /// Charges one command to the budget of known or of new clients.
    pub fn admit(&mut self, is_known: bool, now: Moment) -> Result<(), Silence> {
        let (bucket, silence) = if is_known {
            (&mut self.known_clients, Silence::TooManyKnownClients)
        } else {
            (&mut self.new_clients, Silence::TooManyNewClients)
        };
        bucket.try_take(now).then_some(()).ok_or(silence)
    }

    /// Charges an offer that this node expects to fail because no address is free. A few pass,
    /// since what this node knows may be old.
    pub fn admit_exhausted(&mut self, now: Moment) -> Result<(), Silence> {
        self.exhausted
            .try_take(now)
            .then_some(())
            .ok_or(Silence::PoolExhausted)
    }

    /// Charges the quarantine of an address that a probe found in use.
    pub fn admit_quarantine(&mut self, now: Moment) -> Result<(), Silence> {
        let admitted = self.quarantines.try_take(now);
        admitted.then_some(()).ok_or(Silence::ConflictAfterConflict)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_storm_of_a_thousand_new_clients_passes_and_a_flood_does_not_touch_known_ones() {
        let mut admission = Admission::new(&RateLimits::default());
        let now = Moment::default();
        for _ in 0..crate::limits::NEW_CLIENTS_BURST {
            assert_eq!(admission.admit(false, now), Ok(()));
        }
        assert_eq!(admission.admit(false, now), Err(Silence::TooManyNewClients));
        assert_eq!(admission.admit(true, now), Ok(()));
    }
}
