//! Deliberate bugs of the product, and whether the simulation notices them (house rule 13).

use crate::batch::{Batch, Played, play_all};
use crate::check::Promises;
use crate::run::{Failure, Manner};
use anyhow::Result;
#[cfg(not(gatewayd_mutations))]
use anyhow::bail;
use ipam::mutation::{ALL, Mutation};
use std::num::NonZeroUsize;

/// Bugs that show only by a rare coincidence, and how many times the usual number of seeds they are
/// given. A voter without a log: the power must fail in one of the few first writes of a newcomer.
const RARE: [(&str, u64); 1] = [("l1_voter_without_a_log", 5)];

/// What came of one mutation.
#[derive(Debug)]
pub struct Hunt {
    /// Which.
    pub mutation: &'static Mutation,
    /// How many seeds were played.
    pub played: u64,
    /// The first seed that noticed, and what it said.
    pub caught: Option<(u64, Failure)>,
}

/// The promises that the mutation of this name breaks: only their checkers catch it.
#[must_use]
pub fn promises_of(name: &str) -> Option<Promises> {
    let mutation = ALL.iter().find(|mutation| mutation.name == name);
    mutation.map(|mutation| Promises(mutation.promise))
}

/// Turns the mutation of this name on, or all off.
#[cfg(gatewayd_mutations)]
pub fn select(name: Option<&str>) -> Result<()> {
    Ok(ipam::mutation::select(name)?)
}

/// An ordinary build has none.
#[cfg(not(gatewayd_mutations))]
pub fn select(name: Option<&str>) -> Result<()> {
    match name {
        None => Ok(()),
        Some(name) => bail!(
            "this build has no mutation {name:?} in it: run `./x sim`, or build with \
             RUSTFLAGS=\"--cfg gatewayd_mutations --cfg tokio_unstable\""
        ),
    }
}

/// Plays seeds with each mutation that shows in the simulation, until one notices or there are no more.
pub fn hunt_all(batch: Batch, mut watch: impl FnMut(&Hunt)) -> Result<Vec<Hunt>> {
    let mut hunts = Vec::new();
    let shows = |mutation: &&Mutation| mutation.by_tests_of.is_none();
    for mutation in ALL.iter().filter(shows) {
        let hunt = hunt(batch, mutation)?;
        watch(&hunt);
        hunts.push(hunt);
    }
    select(None)?;
    Ok(hunts)
}

fn hunt(batch: Batch, mutation: &'static Mutation) -> Result<Hunt> {
    select(Some(mutation.name))?;
    let rare = RARE.iter().find(|(name, _)| *name == mutation.name);
    let times = rare.map_or(1, |(_, times)| *times);
    // One after the other, so that the first seed that notices is always the same.
    let batch = Batch {
        seeds: batch.seeds.saturating_mul(times),
        jobs: NonZeroUsize::MIN,
        until_failure: true,
        manner: Manner {
            minds: promises_of(mutation.name),
            ..batch.manner
        },
        ..batch
    };
    let Played {
        stats, failures, ..
    } = play_all(batch, |_, _| {})?;
    Ok(Hunt {
        mutation,
        played: stats.seeds,
        caught: failures.into_iter().next(),
    })
}
