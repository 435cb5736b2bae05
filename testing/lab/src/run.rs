//! Running a scenario: isolation, work directory, time limit, report.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use lab::Lab;
use lab::isolate::{self, Isolation};
use lab::report::Report;
use lab::scenario::{self, Scenario};
use lab::watchdog::{Watchdog, end_on_interrupt};
use lab::workdir::Workdir;

use crate::cli::RunOptions;

/// Runs the scenario that `options` names. Outside the isolation this does not return.
pub fn run(options: &RunOptions) -> Result<ExitCode> {
    let scenario = scenario::find(&options.name)?;
    let isolation = if scenario.name == scenario::AS_ROOT {
        isolate::enter_as_root()?
    } else {
        isolate::enter()?
    };
    let workdir = Workdir::new(scenario.name)?;
    end_on_interrupt(workdir.path())?;
    let limit = Duration::from_secs(options.timeout);
    let watchdog = Watchdog::set(limit, workdir.path().to_owned());

    let outcome = play(scenario, &isolation, &workdir);
    drop(watchdog);
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
