//! One run: from a seed to a verdict.

use crate::check::{Promises, Violation};
use crate::log;
use crate::node::REPRODUCIBLE;
use crate::panics;
use crate::scenario::Scenario;
use crate::stats::Stats;
use crate::trace::Trace;
use crate::world::World;
use anyhow::{Context, Error, Result, ensure};
use std::fmt;

/// How to play a run.
#[derive(Clone, Copy, Debug, Default)]
pub struct Manner {
    /// How many nodes, if the seed is not to say.
    pub nodes: Option<u64>,
    /// By which promises it is judged, if not by all: whoever looks for a certain bug.
    pub minds: Option<Promises>,
    /// Whether to keep the trace.
    pub keeps_trace: bool,
}

/// What went wrong in a run.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Failure {
    /// The promise that was broken; none where the product panicked, or the run could not go on.
    pub promise: Option<&'static str>,
    /// What happened.
    pub text: String,
}

impl Failure {
    fn of(error: &Error) -> Self {
        let violation = error.downcast_ref::<Violation>();
        Self {
            promise: violation.map(|violation| violation.promise),
            text: format!("{error:#}"),
        }
    }

    fn is_minded(&self, minds: Option<Promises>) -> bool {
        minds.is_none_or(|minds| self.promise.is_some_and(|promise| minds.contains(promise)))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// What came of a run.
pub struct Outcome {
    /// The seed.
    pub seed: u64,
    /// What went wrong, if something did.
    pub failure: Option<Failure>,
    /// The digest of the whole trace.
    pub digest: String,
    /// The trace, if it was kept.
    pub lines: Vec<String>,
    /// What it went through.
    pub stats: Stats,
}

/// Plays the run of `seed` in this thread.
pub fn play(seed: u64, manner: Manner) -> Result<Outcome> {
    ensure!(
        REPRODUCIBLE,
        "this build cannot repeat what it does: tokio's randomness is not seeded. Run `./x sim`, or \
         build with RUSTFLAGS=\"--cfg tokio_unstable\""
    );
    raft_store::seed_randomness(Some(seed));
    let trace = if manner.keeps_trace {
        Trace::kept()
    } else {
        Trace::default()
    };
    log::set_trace(Some(trace.clone()));
    let scenario = Scenario::draw(seed, manner.nodes).context("drawing the run")?;
    let mut world = World::new(scenario, trace.clone())?;
    world.mind(manner.minds);
    let failure = world.play().err().map(|error| Failure::of(&error));
    let stats = world.stats();
    // Nodes end before the thread's randomness is given back.
    drop(world);
    let at_the_end = panics::take().map(|panic| Failure {
        promise: None,
        text: format!("a panic as the nodes end: {panic}"),
    });
    let failure = failure.or(at_the_end);
    let failure = failure.filter(|failure| failure.is_minded(manner.minds));
    raft_store::seed_randomness(None);
    log::set_trace(None);
    Ok(Outcome {
        seed,
        failure,
        digest: trace.digest(),
        lines: trace.lines(),
        stats,
    })
}
