//! One run: from a seed to a verdict.

use crate::log;
use crate::node::REPRODUCIBLE;
use crate::panics;
use crate::scenario::Scenario;
use crate::stats::Stats;
use crate::trace::Trace;
use crate::world::World;
use anyhow::{Context, Result, ensure};

/// What came of a run.
pub struct Outcome {
    /// The seed.
    pub seed: u64,
    /// What went wrong, if something did.
    pub failure: Option<String>,
    /// The digest of the whole trace.
    pub digest: String,
    /// The trace, if it was kept.
    pub lines: Vec<String>,
    /// What it went through.
    pub stats: Stats,
}

/// Plays the run of `seed` in this thread.
pub fn play(seed: u64, nodes: Option<u64>, keep_trace: bool) -> Result<Outcome> {
    ensure!(
        REPRODUCIBLE,
        "this build cannot repeat what it does: tokio's randomness is not seeded. Run `./x sim`, or \
         build with RUSTFLAGS=\"--cfg tokio_unstable\""
    );
    raft_store::seed_randomness(Some(seed));
    let trace = if keep_trace {
        Trace::kept()
    } else {
        Trace::default()
    };
    log::set_trace(Some(trace.clone()));
    let scenario = Scenario::draw(seed, nodes).context("drawing the run")?;
    let mut world = World::new(scenario, trace.clone())?;
    let failure = world.play().err().map(|error| format!("{error:#}"));
    let stats = world.stats();
    // Nodes end before the thread's randomness is given back.
    drop(world);
    let at_the_end = panics::take().map(|panic| format!("a panic as the nodes end: {panic}"));
    let failure = failure.or(at_the_end);
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
