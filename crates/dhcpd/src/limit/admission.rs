//! Rate limits for commands, separate for clients with and without a lease: a flood of new hardware
//! addresses never keeps a known client from renewing.

use super::{Rate, RateLimits, TokenBucket};
use crate::MonotonicTime;
use crate::decide::NoReplyReason;
use crate::limits::{EXHAUSTED_OFFERS_BURST, EXHAUSTED_OFFERS_PER_SECOND, KEPT_FOR_RETRIES};

/// Which rate limit a client goes by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientClass {
    /// It has a lease or a reservation.
    Known,
    /// It has neither, and has sent a DISCOVER in the last seconds.
    Retrying,
    /// Nothing is known of it.
    New,
}

/// The rate limits of one server.
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

    /// Charges one command to the rate limit of known or of new clients. A part of the latter is kept for
    /// retrying clients.
    pub fn admit(&mut self, class: ClientClass, now: MonotonicTime) -> Result<(), NoReplyReason> {
        let (admitted, reason) = match class {
            ClientClass::Known => (
                self.known_clients.try_take(now),
                NoReplyReason::TooManyKnownClients,
            ),
            ClientClass::Retrying => (
                self.new_clients.try_take(now),
                NoReplyReason::TooManyNewClients,
            ),
            ClientClass::New => (
                self.new_clients.try_take_above(KEPT_FOR_RETRIES, now),
                NoReplyReason::TooManyNewClients,
            ),
        };
        admitted.then_some(()).ok_or(reason)
    }

    /// Charges an offer for which this node knows of no free address. A few are proposed all the same, for
    /// retrying clients only: the view may be stale, or an offer may have gone unused.
    pub fn admit_exhausted(
        &mut self,
        class: ClientClass,
        now: MonotonicTime,
    ) -> Result<(), NoReplyReason> {
        (class != ClientClass::New && self.exhausted.try_take(now))
            .then_some(())
            .ok_or(NoReplyReason::PoolExhausted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn admit_passes_a_storm_and_keeps_floods_from_known_clients() {
        let mut admission = Admission::new(&RateLimits::default());
        let now = MonotonicTime::default();
        let unheard = |admission: &mut Admission| admission.admit(ClientClass::New, now);
        for _ in 0..1000 {
            assert_eq!(unheard(&mut admission), Ok(()));
        }
        assert_eq!(
            unheard(&mut admission),
            Err(NoReplyReason::TooManyNewClients)
        );
        assert_eq!(admission.admit(ClientClass::Known, now), Ok(()));
        for _ in 0..KEPT_FOR_RETRIES {
            assert_eq!(admission.admit(ClientClass::Retrying, now), Ok(()));
        }
        let again = admission.admit(ClientClass::Retrying, now);
        assert_eq!(again, Err(NoReplyReason::TooManyNewClients));
    }
}
