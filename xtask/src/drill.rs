//! `./x drill`: lab scenarios by name, one after the other.

use std::process::Command;

use anyhow::Result;

use crate::cargo::run as run_program;
use crate::demo;
use crate::readme_hosts;
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
    if scenarios.iter().any(|name| name == readme_hosts::NAME) {
        steps.run("hosts with systemd", || readme_hosts::prepare(workspace));
    }
    for scenario in scenarios {
        steps.run(scenario, || {
            let mut lab = lab(workspace);
            lab.env(readme_hosts::WORKSPACE, &workspace.root);
            run_program(lab.args(["run", scenario]))
        });
    }
    Ok(steps.finish())
}

fn lab(workspace: &Workspace) -> Command {
    Command::new(workspace.program("lab"))
}
