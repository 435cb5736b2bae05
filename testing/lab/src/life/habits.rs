//! How clients live: what they do with an address, how long they keep it, when they come back.

use std::ops::Range;
use std::time::Duration;

use fastrand::Rng;

/// What a client does when it has had its address for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    /// Gives it back, and comes again after a pause.
    Release,
    /// Gives it back; another client comes in its place.
    ReleaseForGood,
    /// Starts anew and asks for its address (INIT-REBOOT).
    Reboot,
    /// Starts anew and asks for an address that is not its own (INIT-REBOOT); perhaps it gives its own
    /// back before.
    RebootAstray,
    /// Falls silent without a word, and comes again after a pause.
    Vanish,
    /// Falls silent for good; another client comes in its place.
    VanishForGood,
    /// Says that somebody else is on the address.
    Decline,
    /// Releases or declines an address that is not its own, and keeps its own.
    Forge,
}

/// The habits of a population. Weights are relative to each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Habits {
    /// How long an address is kept before the next deed, in milliseconds.
    pub stay_ms: Range<u64>,
    /// How long a client stays away, in milliseconds.
    pub pause_ms: Range<u64>,
    /// Weight of each deed.
    pub deeds: Vec<(Deed, u32)>,
    /// Clients out of a hundred that never renew by unicast, and so rebind.
    pub deaf_percent: u8,
    /// Milliseconds before the first retransmission; it doubles up to 4 times that.
    pub retransmit_ms: u64,
    /// Clients come back only at multiples of this, in milliseconds: all at once.
    pub wave_ms: Option<u64>,
}

impl Habits {
    /// The next deed, and when.
    pub fn next_deed(&self, now: Duration, rng: &mut Rng) -> (Duration, Deed) {
        let stay = Duration::from_millis(rng.u64(self.stay_ms.clone()));
        let total: u32 = self.deeds.iter().map(|(_, weight)| weight).sum();
        let mut ticket = rng.u32(0..total.max(1));
        for (deed, weight) in &self.deeds {
            if ticket < *weight {
                return (now + stay, *deed);
            }
            ticket -= weight;
        }
        (now + stay, Deed::Reboot)
    }

    /// When a client that leaves now comes back.
    pub fn return_at(&self, now: Duration, rng: &mut Rng) -> Duration {
        let back = now + Duration::from_millis(rng.u64(self.pause_ms.clone()));
        match self.wave_ms {
            None => back,
            Some(wave) => {
                let ms = u64::try_from(back.as_millis()).unwrap_or(u64::MAX);
                Duration::from_millis(ms.div_ceil(wave).saturating_mul(wave))
            }
        }
    }

    /// Whether a client is one of those that never renew by unicast.
    pub fn is_deaf(&self, rng: &mut Rng) -> bool {
        rng.u8(0..100) < self.deaf_percent
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn habits() -> Habits {
        Habits {
            stay_ms: 10..20,
            pause_ms: 1..2,
            deeds: vec![(Deed::Release, 0), (Deed::Vanish, 3)],
            deaf_percent: 0,
            retransmit_ms: 100,
            wave_ms: None,
        }
    }

    #[test]
    fn a_weight_of_zero_is_never_drawn() {
        let mut rng = Rng::with_seed(1);
        for _ in 0..50 {
            let (at, deed) = habits().next_deed(Duration::ZERO, &mut rng);
            assert_eq!(deed, Deed::Vanish);
            assert!((10..20).contains(&at.as_millis()));
        }
    }

    #[test]
    fn a_wave_brings_all_back_at_once() {
        let mut rng = Rng::with_seed(1);
        let waves = Habits {
            wave_ms: Some(500),
            ..habits()
        };
        let back = waves.return_at(Duration::from_millis(730), &mut rng);
        assert_eq!(back, Duration::from_millis(1000));
    }
}
