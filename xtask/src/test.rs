//! `./x test`: everything that CI runs; with `--fast`, what tells in minutes whether a change is sound.
//!
//! All test programs are built by one cargo call and run by us, package by package: one set of
//! features, so nothing is compiled twice, and a duration for each package. What later steps need is built
//! while the tests wait for real time to pass: so the tests come first, and clippy after them.

mod budget;

use std::collections::BTreeSet;
use std::process::Command;
use std::time::Duration;

use anyhow::Result;

use crate::ahead::Ahead;
use crate::cargo::{cargo, run as run_program};
use crate::changed;
use crate::fuzz::{self, FuzzOptions};
use crate::jepsen;
use crate::limit::run_for;
use crate::mutations;
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

/// Whether nothing failed.
pub fn run(workspace: &Workspace, fast: bool) -> Result<bool> {
    let mut steps = Steps::within(budget::of);
    let ran = match fast {
        true => run_fast(workspace, &mut steps),
        false => run_everything(workspace, &mut steps),
    };
    // The table, too, if it could not go on.
    let passed = steps.finish();
    ran.map(|()| passed)
}

/// The checks, and the tests of the packages that a change touches.
fn run_fast(workspace: &Workspace, steps: &mut Steps) -> Result<()> {
    verify::steps_of(workspace, steps);
    if let Some(programs) = build(workspace, steps) {
        let touched = changed::packages(workspace)?;
        for package in in_order(workspace) {
            let is_touched = |touched: &BTreeSet<String>| touched.contains(&package.name);
            if package.name == LAB {
                steps.skip("tests: lab", "--fast");
            } else if touched.as_ref().is_none_or(is_touched) {
                run_package(package, &programs, steps);
            }
        }
    }
    steps.skip("mutations, simulation, fuzzing, fault tests", "--fast");
    Ok(())
}

fn run_everything(workspace: &Workspace, steps: &mut Steps) -> Result<()> {
    verify::steps_without_a_build(workspace, steps);
    let Some(programs) = build(workspace, steps) else {
        return Ok(());
    };
    let ahead = Ahead::start(later_builds(workspace)?);
    for package in in_order(workspace) {
        run_package(package, &programs, steps);
    }
    mutations::steps_of(workspace, steps)?;
    steps.run("tests: in the documentation", || {
        let arguments = ["test", "--workspace", "--doc", "--locked", "--quiet"];
        run_program(&mut cargo(workspace, &arguments))
    });
    steps.run("what was built meanwhile", || {
        ahead.finish().map(|()| Outcome::Passed)
    });
    verify::steps_with_a_build(workspace, steps);
    sim::steps_of(workspace, steps);
    fuzz::steps_of(workspace, &FuzzOptions::short(FUZZ_TIME), steps)?;
    steps.run("fault tests: the short matrix", || {
        jepsen::short_matrix(workspace)
    });
    Ok(())
}

/// Nothing if they do not build.
fn build(workspace: &Workspace, steps: &mut Steps) -> Option<Vec<TestProgram>> {
    let mut programs = None;
    steps.run("building the programs and the tests", || {
        let (outcome, found) = tests_built::build(workspace)?;
        programs = (outcome == Outcome::Passed).then_some(found);
        Ok(outcome)
    });
    if programs.is_none() {
        steps.skip("tests", "they were not built");
    }
    programs
}

fn later_builds(workspace: &Workspace) -> Result<Vec<Command>> {
    let mut builds = mutations::build_commands(workspace)?;
    builds.extend(verify::build_commands(workspace)?);
    builds.push(sim::build_command(workspace)?);
    builds.extend(fuzz::build_commands(workspace)?);
    Ok(builds)
}

/// The lab comes last: it takes longest.
fn in_order(workspace: &Workspace) -> impl Iterator<Item = &Package> {
    let (lab, others): (Vec<_>, Vec<_>) = workspace
        .packages
        .iter()
        .partition(|package| package.name == LAB);
    others.into_iter().chain(lab)
}

fn run_package(package: &Package, programs: &[TestProgram], steps: &mut Steps) {
    let programs: Vec<_> = programs
        .iter()
        .filter(|program| program.package == package.id)
        .collect();
    if !programs.is_empty() {
        let name = format!("tests: {}", package.name);
        steps.run(&name, || run_all(package, &programs));
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
