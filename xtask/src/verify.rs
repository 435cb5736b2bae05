//! `./x verify`: the gate that never writes. CI is this and the tests.

use anyhow::Result;

use crate::cargo::{cargo, run as run_program};
use crate::steps::Steps;
use crate::workspace::Workspace;
use crate::{deny, house};

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

/// The checks, as the first part of a longer run.
pub fn steps_of(workspace: &Workspace, steps: &mut Steps) {
    steps.run("formatting", || {
        // Names only: the difference is what ./x fix makes.
        run_program(&mut cargo(
            workspace,
            &["fmt", "--all", "--check", "--", "-l"],
        ))
    });
    steps.run("house rules", || house::run(workspace));
    steps.run("cargo-deny is there", || {
        deny::TOOL.ensure_installed(workspace)
    });
    steps.run("dependencies", || deny::dependencies(workspace));
    steps.run("advisories", || deny::advisories(workspace));
    steps.run("clippy", || {
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
        run_program(&mut cargo(workspace, &lints))
    });
    steps.run("documentation", || {
        let mut doc = cargo(
            workspace,
            &["doc", "--workspace", "--no-deps", "--locked", "--quiet"],
        );
        run_program(doc.env("RUSTDOCFLAGS", "-D warnings"))
    });
}
