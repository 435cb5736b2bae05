//! `./x verify`: the gate that never writes. CI is this and the tests.

use std::process::Command;

use anyhow::Result;

use crate::cargo::{cargo, run as run_program};
use crate::steps::Steps;
use crate::workspace::Workspace;
use crate::{deny, format, house};

/// All the checks; whether nothing failed.
pub fn run(workspace: &Workspace) -> Result<bool> {
    let mut steps = Steps::new();
    steps_of(workspace, &mut steps);
    Ok(steps.finish())
}

/// The house rules alone, for between two commits.
pub fn house_alone(workspace: &Workspace) -> Result<bool> {
    let mut steps = Steps::new();
    steps.run("house rules", || house::run(workspace));
    Ok(steps.finish())
}

/// The checks.
pub fn steps_of(workspace: &Workspace, steps: &mut Steps) {
    steps_without_a_build(workspace, steps);
    steps_with_a_build(workspace, steps);
}

/// Those that take seconds.
pub fn steps_without_a_build(workspace: &Workspace, steps: &mut Steps) {
    steps.run("formatting", || format::check(workspace));
    steps.run("house rules", || house::run(workspace));
}

/// What [`steps_with_a_build`] installs and builds, to be done ahead.
pub fn build_commands(workspace: &Workspace) -> Result<Vec<Command>> {
    let mut builds = vec![clippy(workspace), documentation(workspace)];
    builds.extend(deny::TOOL.missing(workspace)?);
    Ok(builds)
}

/// The others.
pub fn steps_with_a_build(workspace: &Workspace, steps: &mut Steps) {
    steps.run("cargo-deny is there", || {
        deny::TOOL.ensure_installed(workspace)
    });
    steps.run("dependencies", || deny::dependencies(workspace));
    steps.run("advisories", || deny::advisories(workspace));
    steps.run("clippy", || run_program(&mut clippy(workspace)));
    steps.run("documentation", || {
        run_program(&mut documentation(workspace))
    });
}

fn clippy(workspace: &Workspace) -> Command {
    let lints = [
        "clippy",
        "--workspace",
        "--all-targets",
        "--locked",
        "--keep-going",
        "--",
        "-D",
        "warnings",
    ];
    cargo(workspace, &lints)
}

fn documentation(workspace: &Workspace) -> Command {
    let arguments = ["doc", "--workspace", "--no-deps", "--locked", "--quiet"];
    let mut doc = cargo(workspace, &arguments);
    doc.env("RUSTDOCFLAGS", "-D warnings");
    doc
}
