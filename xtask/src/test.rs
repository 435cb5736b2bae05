//! `./x test`: everything that CI runs.
//!
//! All test programs are built by one cargo call and run by us, package by package: one set of
//! features, so nothing is compiled twice, and a duration for each package.

use std::process::Command;
use std::time::Duration;

use anyhow::Result;

use crate::ahead::Ahead;
use crate::cargo::{cargo, run as run_program};
use crate::fuzz::{self, FuzzOptions};
use crate::jepsen;
use crate::limit::run_for;
use crate::mutants;
use crate::sim;
use crate::steps::{Outcome, Steps};
use crate::tests_built::{self, TestProgram};
use crate::verify;
use crate::workspace::{Package, Workspace};

/// The package whose tests take long and need namespaces.
const LAB: &str = "lab";

/// How long a test program may run.
const LIMIT: Duration = Duration::from_secs(5 * 60);
/// How long each fuzz target runs: CI has half an hour for all. The long form is `./x fuzz --for 1h`.
const FUZZ_TIME: Duration = Duration::from_secs(20);
/// How long all of the lab's scenarios may take together.
const LAB_LIMIT: Duration = Duration::from_secs(20 * 60);

/// The checks, then the tests; whether nothing failed.
pub fn run(workspace: &Workspace, fast: bool) -> Result<bool> {
    let mut steps = Steps::new();
    verify::steps_of(workspace, &mut steps);
    let mut programs = Vec::new();
    let built = steps.run("building the programs and the tests", || {
        let (outcome, found) = tests_built::build(workspace)?;
        programs = found;
        Ok(outcome)
    });
    if built {
        let ahead = match fast {
            true => None,
            false => Some(Ahead::start(builds_of_attacks(workspace)?)),
        };
        run_packages(workspace, &programs, fast, &mut steps);
        mutants::steps_of(workspace, &mut steps)?;
        steps.run("tests: in the documentation", || {
            run_program(&mut cargo(
                workspace,
                &["test", "--workspace", "--doc", "--locked", "--quiet"],
            ))
        });
        if let Some(ahead) = ahead {
            steps.run("what was built meanwhile", || {
                ahead.finish().map(|()| Outcome::Passed)
            });
        }
        run_attacks(workspace, fast, &mut steps)?;
    } else {
        steps.skip("tests", "they were not built");
    }
    Ok(steps.finish())
}

fn builds_of_attacks(workspace: &Workspace) -> Result<Vec<Command>> {
    let mut builds = vec![sim::build_command(workspace)];
    builds.extend(fuzz::build_commands(workspace)?);
    Ok(builds)
}

/// The short forms of what may run for a night: simulation, fuzzing, faults on a real cluster.
fn run_attacks(workspace: &Workspace, fast: bool, steps: &mut Steps) -> Result<()> {
    const ATTACKS: &str = "simulation, fuzzing, fault tests";
    if fast {
        steps.skip(ATTACKS, "--fast");
        return Ok(());
    }
    sim::steps_of(workspace, steps);
    fuzz::steps_of(workspace, &FuzzOptions::short(FUZZ_TIME), steps)?;
    steps.run("fault tests: the short matrix", || {
        jepsen::short_matrix(workspace)
    });
    Ok(())
}

/// The lab's come last: they take longest.
fn run_packages(workspace: &Workspace, programs: &[TestProgram], fast: bool, steps: &mut Steps) {
    let (lab, others): (Vec<&Package>, Vec<&Package>) = workspace
        .packages
        .iter()
        .partition(|package| package.name == LAB);
    for package in others.into_iter().chain(lab) {
        let name = format!("tests: {}", package.name);
        let programs: Vec<_> = programs
            .iter()
            .filter(|program| program.package == package.id)
            .collect();
        if fast && package.name == LAB {
            steps.skip(&name, "--fast");
        } else if !programs.is_empty() {
            steps.run(&name, || run_all(package, &programs));
        }
    }
}

/// Runs all of a package's test programs, also after one has failed.
fn run_all(package: &Package, programs: &[&TestProgram]) -> Result<Outcome> {
    let limit = if package.name == LAB {
        LAB_LIMIT
    } else {
        LIMIT
    };
    let mut failures = Vec::new();
    for program in programs {
        println!("{} ({})", program.name, program.kind);
        if let Outcome::Failed(why) = run_for(&mut program.command(package), limit)? {
            failures.push(why);
        }
    }
    Ok(if failures.is_empty() {
        Outcome::Passed
    } else {
        Outcome::Failed(failures.join("; "))
    })
}
