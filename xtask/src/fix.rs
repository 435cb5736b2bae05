//! `./x fix`: what a machine can put right. Writes to the sources, committed or not.

use anyhow::Result;

use crate::cargo::{cargo, run as run_program};
use crate::format;
use crate::steps::Steps;
use crate::workspace::Workspace;

/// clippy's suggestions first: they may need formatting.
pub fn run(workspace: &Workspace) -> Result<bool> {
    let mut steps = Steps::new();
    steps.run("clippy --fix", || {
        let fix = [
            "clippy",
            "--fix",
            "--workspace",
            "--all-targets",
            "--locked",
            "--allow-dirty",
            "--allow-staged",
        ];
        run_program(&mut cargo(workspace, &fix))
    });
    steps.run("formatting", || format::fix(workspace));
    Ok(steps.finish())
}
