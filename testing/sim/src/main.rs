//! The simulation's command line; `./x sim` builds and runs it.
//!
//! Progress goes to standard error, results to standard output.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line program prints"
)]

use anyhow::Result;
use clap::Parser;
use sim::batch::{Batch, Played, play_all};
use sim::cli::Cli;
use sim::hunt::{self, Hunt, hunt_all};
use sim::report::{self, Report};
use sim::run::{Manner, Outcome, play};
use sim::{log, panics, sometimes};
use std::io::{IsTerminal, stderr};
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// A run allocates millions of small things in one thread.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How often progress is told.
const PROGRESS: Duration = Duration::from_secs(5);
/// How much of a failing run's trace is shown without being asked for.
const LAST_LINES: usize = 40;
/// For a terminal: back to the line's beginning, and erase it.
const CLEAR_LINE: &str = "\r\x1b[K";

fn main() -> ExitCode {
    let cli = Cli::parse();
    match run(&cli) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            eprintln!("sim: {error:#}");
            ExitCode::from(2)
        }
    }
}

/// Whether all is as it should be.
fn run(cli: &Cli) -> Result<bool> {
    panics::remember();
    mutants::select(cli.mutation.as_deref())?;
    if cli.mutants {
        return hunt_and_tell(cli);
    }
    if cli.trace {
        return trace(cli);
    }
    let mut told = Instant::now();
    let mutation = cli.mutation.as_deref();
    let played = play_all(batch_of(cli), |outcome, played| {
        tell(cli, outcome);
        if told.elapsed() >= PROGRESS {
            told = Instant::now();
            eprintln!("{}", report::progress(played));
        }
    })?;
    show(cli, &played)?;
    let clean = played.failures.is_empty() && (!cli.sometimes || has_seen_enough(&played));
    // With a mutation, a failure is what is wanted.
    Ok(clean != mutation.is_some())
}

/// Names what was never seen, and should have been.
fn has_seen_enough(played: &Played) -> bool {
    let wrong = sometimes::shortfall(&played.stats);
    for row in &wrong {
        eprintln!("{row}");
    }
    wrong.is_empty() || played.stats.seeds < sometimes::ENOUGH_SEEDS
}

fn batch_of(cli: &Cli) -> Batch {
    Batch {
        first: cli.first(),
        seeds: cli.seeds(),
        lasting: cli.lasting,
        jobs: cli.jobs(),
        manner: manner_of(cli),
        until_failure: cli.mutation.is_some(),
    }
}

/// With a mutation, only the promises that it breaks are judged: another one's checker is no proof of its own.
fn manner_of(cli: &Cli) -> Manner {
    Manner {
        nodes: cli.nodes,
        minds: cli.mutation.as_deref().and_then(hunt::promises_of),
        keeps_trace: false,
    }
}

/// The same, with its trace.
fn traced(cli: &Cli) -> Manner {
    Manner {
        keeps_trace: true,
        ..manner_of(cli)
    }
}

fn tell(cli: &Cli, outcome: &Outcome) {
    if let Some(failure) = &outcome.failure {
        let replay = report::replay(outcome.seed, cli.nodes, cli.mutation.as_deref());
        eprintln!("seed {}: {failure}\n    {replay}", outcome.seed);
    }
}

fn show(cli: &Cli, played: &Played) -> Result<()> {
    if cli.json {
        let report = Report::new(played, cli.nodes, cli.mutation.as_deref());
        println!("{}", serde_json::to_string_pretty(&report)?);
        return Ok(());
    }
    if let Some((seed, _)) = played.failures.first() {
        let outcome = play(*seed, traced(cli))?;
        let first = outcome.lines.len().saturating_sub(LAST_LINES);
        println!("The end of seed {seed}:");
        for line in &outcome.lines[first..] {
            println!("{line}");
        }
        if let Some(failure) = outcome.failure {
            println!("{failure}");
        }
    }
    println!("{}\n{}", report::progress(played), report::tables(played));
    Ok(())
}

/// Plays one seed, and prints all of it.
fn trace(cli: &Cli) -> Result<bool> {
    log::into_traces();
    let outcome = play(cli.first(), traced(cli))?;
    for line in &outcome.lines {
        println!("{line}");
    }
    println!("trace {}", outcome.digest);
    match &outcome.failure {
        Some(failure) => println!("seed {}: {failure}", outcome.seed),
        None => println!("seed {}: every promise was kept", outcome.seed),
    }
    Ok(outcome.failure.is_none() != cli.mutation.is_some())
}

/// Plays every mutation, and prints a table; a terminal shows how far it is.
fn hunt_and_tell(cli: &Cli) -> Result<bool> {
    let is_watched = stderr().is_terminal();
    hunt_all(cli, |progress| {
        if is_watched {
            eprint!("{CLEAR_LINE}");
        }
        for hunt in progress.ready {
            println!("{}", row(hunt));
        }
        if is_watched && progress.done < progress.all {
            eprint!("{} of {} mutations", progress.done, progress.all);
        }
    })
}

fn row(hunt: &Hunt) -> String {
    let (name, promise) = (hunt.mutation.name, hunt.mutation.promise);
    match &hunt.caught {
        Some((seed, reason)) => {
            let first = reason.lines().next().unwrap_or_default();
            format!("{name:<32} {promise:<8} caught by seed {seed}: {first}")
        }
        None => format!("{name:<32} {promise:<8} SURVIVED {} seeds", hunt.played),
    }
}
