//! Running a scenario: isolation, work directory, time limit, report.

use std::path::PathBuf;
use std::process::{ExitCode, exit};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use lab::Lab;
use lab::isolate::{self, Isolation};
use lab::report::Report;
use lab::scenario::{self, Scenario};
use lab::workdir::Workdir;

use crate::cli::RunOptions;

/// What `timeout` and the shell use.
const EXIT_TIMED_OUT: i32 = 124;
const EXIT_INTERRUPTED: i32 = 130;

/// Runs the scenario that `options` names. Outside the isolation this does not return.
pub fn run(options: &RunOptions) -> Result<ExitCode> {
    let scenario = scenario::find(&options.name)?;
    let isolation = isolate::enter()?;
    let workdir = Workdir::new(scenario.name)?;
    limit(
        Duration::from_secs(options.timeout),
        workdir.path().to_owned(),
    );
    end_on_interrupt(workdir.path().to_owned())?;

    let outcome = play(scenario, &isolation, &workdir);
    if options.keep || outcome.is_err() {
        eprintln!("logs are in {}", workdir.keep().display());
    }
    print!("{}", outcome?);
    Ok(ExitCode::SUCCESS)
}

fn play(scenario: &Scenario, isolation: &Isolation, workdir: &Workdir) -> Result<Report> {
    let started = Instant::now();
    let mut lab = Lab::new(isolation, scenario.hosts, workdir.path())?;
    let built = started.elapsed();
    let mut report =
        (scenario.run)(&mut lab).with_context(|| format!("scenario {}", scenario.name))?;
    report.figure("lab built in (ms)", built.as_millis());
    report.figure("total (ms)", started.elapsed().as_millis());
    Ok(report)
}

/// Ends the process, and with it the whole lab, when a scenario hangs.
fn limit(after: Duration, logs: PathBuf) {
    thread::spawn(move || {
        // Nobody unparks this thread, but parking may end early for no reason.
        let deadline = Instant::now() + after;
        while let Some(left) = deadline.checked_duration_since(Instant::now()) {
            thread::park_timeout(left);
        }
        eprintln!("gave up after {after:?}; logs are in {}", logs.display());
        exit(EXIT_TIMED_OUT);
    });
}

/// The first process of a PID namespace ignores signals it has no handler for, Ctrl-C included.
fn end_on_interrupt(logs: PathBuf) -> Result<()> {
    ctrlc::set_handler(move || {
        eprintln!("interrupted; logs are in {}", logs.display());
        exit(EXIT_INTERRUPTED);
    })
    .context("handling Ctrl-C")
}
