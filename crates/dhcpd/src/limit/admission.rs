//! Budgets for commands, apart for clients that the lease table knows and those it does not: a
//! flood of new hardware addresses never keeps a known client from renewing.

use super::{Rate, RateLimits, TokenBucket};
use crate::Moment;
use crate::decide::Silence;
use crate::limits::{EXHAUSTED_OFFERS_BURST, EXHAUSTED_OFFERS_PER_SECOND, KEPT_FOR_RETRIES};

/// What is known of whoever wants something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// The lease table knows it.
    Known,
    /// It does not, and the client tries again.
    TriesAgain,
    /// Nothing.
    Unheard,
}

/// The budgets of one server.
#[derive(Clone, Debug)]
pub struct Admission {
    new_clients: TokenBucket,
    known_clients: TokenBucket,
    exhausted: TokenBucket,
}

impl Admission {
    /// Full budgets.
    #[must_use]
    pub fn new(limits: &RateLimits) -> Self {
        let exhausted = Rate {
            per_second: EXHAUSTED_OFFERS_PER_SECOND,
            burst: EXHAUSTED_OFFERS_BURST,
        };
        Self {
            new_clients: TokenBucket::new(limits.new_clients),
            known_clients: TokenBucket::new(limits.known_clients),
            exhausted: TokenBucket::new(exhausted),
        }
    }

    /// Charges one command to the budget of known or of new clients. A part of the latter is left to
    /// those that try again.
    pub fn admit(&mut self, standing: Standing, now: Moment) -> Result<(), Silence> {
        let (admitted, silence) = match standing {
            Standing::Known => (
                self.known_clients.try_take(now),
                Silence::TooManyKnownClients,
            ),
            Standing::TriesAgain => (self.new_clients.try_take(now), Silence::TooManyNewClients),
            Standing::Unheard => (
                self.new_clients.try_take_above(KEPT_FOR_RETRIES, now),
                Silence::TooManyNewClients,
            ),
        };
        admitted.then_some(()).ok_or(silence)
    }

    /// Charges an offer for which no address is free, as far as this node knows. A few pass, because that
    /// may be old, or an offer forgotten; but only to clients that try again.
    pub fn admit_exhausted(&mut self, standing: Standing, now: Moment) -> Result<(), Silence> {
        (standing != Standing::Unheard && self.exhausted.try_take(now))
            .then_some(())
            .ok_or(Silence::PoolExhausted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_storm_of_a_thousand_new_clients_passes_and_a_flood_does_not_touch_known_ones() {
        let mut admission = Admission::new(&RateLimits::default());
        let now = Moment::default();
        let unheard = |admission: &mut Admission| admission.admit(Standing::Unheard, now);
        for _ in 0..1000 {
            assert_eq!(unheard(&mut admission), Ok(()));
        }
        assert_eq!(unheard(&mut admission), Err(Silence::TooManyNewClients));
        assert_eq!(admission.admit(Standing::Known, now), Ok(()));
        for _ in 0..KEPT_FOR_RETRIES {
            assert_eq!(admission.admit(Standing::TriesAgain, now), Ok(()));
        }
        let again = admission.admit(Standing::TriesAgain, now);
        assert_eq!(again, Err(Silence::TooManyNewClients));
    }
}
