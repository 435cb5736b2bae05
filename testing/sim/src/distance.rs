//! How far apart the nodes of a run are: the base latency of each link between them, in each direction,
//! the loss that never ends, and the profile that is set for it (contract L7, ADR 0022).
//!
//! It is what the network is while nothing is wrong with it; faults come on top ([`crate::network::Weather`]).
//! The clients' link stays one segment: its frames do not pass between sites.

use crate::check::Pace;
use crate::network::Host;
use fastrand::Rng;
use ipam::Profile;
use std::collections::BTreeMap;
use std::time::Duration;

/// So that what a seed drew before there were distances stays what it was.
const SALT: u64 = 0xd157_a4ce;
/// The most that is lost for ever (contract L7).
const WORST_LOSS: f64 = 0.10;

/// How far apart the nodes are.
#[derive(Clone, Debug, PartialEq)]
pub struct Distance {
    /// What operators set for it at the bootstrap.
    pub profile: Profile,
    /// How long each link takes in this direction, beside what any takes.
    pub one_way: BTreeMap<(Host, Host), Duration>,
    /// How likely a message is lost, always.
    pub loss: f64,
}

impl Distance {
    /// Of a run of so many nodes.
    #[must_use]
    pub fn draw(seed: u64, nodes: u64) -> Self {
        let mut random = Rng::with_seed(seed ^ SALT);
        let profile = match random.u8(0..10) {
            0..6 => Profile::Lan,
            6..8 => Profile::Metro,
            _ => Profile::Wan,
        };
        let loss = match random.u8(0..4) {
            0 => random.f64() * WORST_LOSS,
            _ => 0.0,
        };
        Self::between(&mut random, profile, loss, nodes)
    }

    /// Links as `profile` is made for, no two alike.
    pub fn between(random: &mut Rng, profile: Profile, loss: f64, nodes: u64) -> Self {
        let round_trips = match profile {
            Profile::Lan => 0..=0,
            Profile::Metro => 40..=80,
            Profile::Wan => 120..=390,
        };
        let mut one_way = BTreeMap::new();
        for one in 1..=nodes {
            for other in one + 1..=nodes {
                let round_trip = Duration::from_millis(random.u64(round_trips.clone()));
                let there = round_trip.mul_f64(0.2 + 0.6 * random.f64());
                one_way.insert((one, other), there);
                one_way.insert((other, one), round_trip - there);
            }
        }
        Self {
            profile,
            one_way,
            loss,
        }
    }

    /// What is owed at such a distance.
    #[must_use]
    pub fn pace(&self) -> Pace {
        Pace::of(self.profile, self.loss > 0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_link_is_as_long_as_its_profile_bears() {
        for seed in 0..200 {
            let distance = Distance::draw(seed, 5);
            assert_eq!(distance.one_way.len(), 20);
            assert!((0.0..=WORST_LOSS).contains(&distance.loss));
            for ((one, other), there) in &distance.one_way {
                let back = distance.one_way[&(*other, *one)];
                // Beside the four milliseconds that any message takes each way.
                let most = match distance.profile {
                    Profile::Lan => 0,
                    Profile::Metro => 80,
                    Profile::Wan => 392,
                };
                assert!(*there + back <= Duration::from_millis(most));
            }
        }
    }
}
