//! `./x night`: the long forms of everything that can find something new, within a time.
//!
//! The simulation, the fault tests and fuzzing share the time; deliberate bugs, power loss and the
//! drills take what they take. Where randomness begins is drawn from the clock and printed, so that two
//! nights do not look at the same; what is found is a command that plays it again, and becomes a seed or
//! a test of `./x test`.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use clap::Args;

use crate::fuzz::{self, FuzzOptions};
use crate::steps::{Outcome, Steps};
use crate::workspace::Workspace;
use crate::{cargo_mutants, drill, jepsen, mutations, power_loss, sim};

/// How long the attacks may take.
#[derive(Debug, Args)]
pub struct NightOptions {
    /// How long simulation, fault tests and fuzzing take together: 2h, 8h
    #[arg(long = "for", value_name = "TIME", value_parser = fuzz::parse_duration, default_value = "8h")]
    pub limit: Duration,
    /// Where randomness begins, to repeat a night; by default the clock says
    #[arg(long)]
    pub seed: Option<u64>,
}

/// What `./x test` leaves out, or plays in part.
const DRILLS: [&str; 5] = [
    "snapshot_catch_up",
    "hostile_peer",
    "oracles",
    "managers",
    "readme_hosts",
];
/// How long each run of the fault tests lasts.
const CELL: &str = "2m";
/// Crash points of the store.
const CRASH_POINTS: &str = "5000";

/// All of it; whether nothing was found.
pub fn run(workspace: &Workspace, options: &NightOptions) -> Result<bool> {
    let seed = match options.seed {
        Some(seed) => seed,
        None => seed_of_the_clock()?,
    };
    println!("seed {seed}: ./x night --seed {seed} looks at the same again");
    let share = options.limit / 3;
    let mut steps = Steps::new();
    mutations::steps_of(workspace, &mut steps)?;
    steps.run("every small change of the lease core", || {
        cargo_mutants::run(workspace)
    });
    steps.run("simulation: deliberate bugs", || {
        sim::play_mutants(workspace)
    });
    steps.run("simulation: seeds", || {
        sim::play_for(workspace, seed, share)
    });
    steps.run("fault tests", || {
        jepsen::matrix_within(workspace, seed, CELL, share)
    });
    fuzz::steps_of(
        workspace,
        &FuzzOptions::within(workspace, share)?,
        &mut steps,
    )?;
    steps.run("power loss", || {
        let options = ["--points", CRASH_POINTS, "--seed", &seed.to_string()].map(Into::into);
        found_nothing(power_loss::run(workspace, &options)?)
    });
    for name in DRILLS {
        steps.run(&format!("drill: {name}"), || {
            found_nothing(drill::run(workspace, &[name.to_owned()])?)
        });
    }
    Ok(steps.finish())
}

fn found_nothing(passed: bool) -> Result<Outcome> {
    Ok(if passed {
        Outcome::Passed
    } else {
        Outcome::Failed("see above".to_owned())
    })
}

/// Seconds since 1970: tomorrow's is 86,400 seeds further.
fn seed_of_the_clock() -> Result<u64> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    Ok(now.context("reading the clock")?.as_secs())
}
