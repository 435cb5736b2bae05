//! `./x drill`: lab scenarios by name, one after the other.

use std::process::Command;

use anyhow::Result;

use crate::cargo::run as run_program;
use crate::demo;
use crate::steps::{Outcome, Steps};
use crate::workspace::Workspace;

/// Plays the scenarios; without any, lists those there are.
pub fn run(workspace: &Workspace, scenarios: &[String]) -> Result<bool> {
    demo::build(workspace)?;
    if scenarios.is_empty() {
        println!("\nThe scenarios (./x drill NAME…):");
        return Ok(run_program(lab(workspace).arg("list"))? == Outcome::Passed);
    }
    let mut steps = Steps::new();
    for scenario in scenarios {
        steps.run(scenario, || {
            run_program(lab(workspace).args(["run", scenario]))
        });
    }
    Ok(steps.finish())
}

fn lab(workspace: &Workspace) -> Command {
    Command::new(workspace.program("lab"))
}
