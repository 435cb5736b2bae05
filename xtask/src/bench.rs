//! `./x bench`: the bench targets of the workspace, and a plain word where there are none.

use anyhow::Result;

use crate::cargo::{cargo, run as run_program};
use crate::steps::Steps;
use crate::workspace::Workspace;

/// Runs every bench target. That there is nothing to run is a failure: nothing was measured.
pub fn run(workspace: &Workspace) -> Result<bool> {
    let benches = benches(workspace);
    if benches.is_empty() {
        println!(
            "There are no benchmarks yet: no crate here has a bench target, so nothing was measured."
        );
        println!("Times that the lab measures are printed by its scenarios: ./x drill lists them.");
        return Ok(false);
    }
    let mut steps = Steps::new();
    for (package, bench) in benches {
        steps.run(&format!("{package}: {bench}"), || {
            run_program(&mut cargo(
                workspace,
                &["bench", "--locked", "-p", package, "--bench", bench],
            ))
        });
    }
    Ok(steps.finish())
}

fn benches(workspace: &Workspace) -> Vec<(&str, &str)> {
    let mut benches = Vec::new();
    for package in &workspace.packages {
        let targets = package
            .targets
            .iter()
            .filter(|target| target.kind.iter().any(|kind| kind == "bench"));
        benches.extend(targets.map(|target| (package.name.as_str(), target.name.as_str())));
    }
    benches
}
