//! `./x drill`: lab scenarios by name, one after the other.

use std::process::Command;

use anyhow::Result;

use crate::cargo::{cargo, run as run_program};
use crate::oracles;
use crate::readme_hosts;
use crate::released;
use crate::steps::{Outcome, Steps};
use crate::workspace::Workspace;

/// Drills that are no lab scenario: a peer's own messages, which only the product's crates can make, against
/// real nodes on the loopback.
const TESTS: [(&str, &[&str]); 1] = [(
    "hostile_peer",
    &[
        "test",
        "--release",
        "--locked",
        "--package",
        "cluster",
        "--test",
        "hostile_peer",
        "--test",
        "identity",
        "--test",
        "budgets",
        "--test",
        "connections",
        "--test",
        "hostile_memory",
        "--test",
        "hostile_answers",
        "--test",
        "hostile_snapshot",
        "--test",
        "lying_voter",
        "--test",
        "joins",
        "--test",
        "places",
        "--test",
        "descriptors",
        "--test",
        "strangers",
    ],
)];

/// The product, the disk that fails, and what plays with them.
const BUILD: [&str; 4] = ["gatewayd", "gatewayctl", "faultfs", "lab"];

/// Drills of several scenarios.
const GROUPS: [(&str, &[&str]); 1] = [("half_dead", &["half_dead", "far_apart"])];

/// Plays the scenarios; without any, lists those there are.
pub fn run(workspace: &Workspace, scenarios: &[String]) -> Result<bool> {
    let test = |name: &str| TESTS.iter().find(|(known, _)| *known == name);
    if scenarios.is_empty() || scenarios.iter().any(|name| test(name).is_none()) {
        released::build(workspace, &BUILD)?;
    }
    if scenarios.is_empty() {
        println!("\nThe scenarios (./x drill NAME…):");
        for (name, _) in TESTS {
            println!("{name}");
        }
        return Ok(run_program(lab(workspace).arg("list"))? == Outcome::Passed);
    }
    let mut steps = Steps::new();
    if scenarios.iter().any(|name| name == readme_hosts::NAME) {
        steps.run("hosts with systemd", || readme_hosts::prepare(workspace));
    }
    if scenarios
        .iter()
        .any(|name| oracles::SCENARIOS.contains(&name.as_str()))
    {
        steps.run("other DHCP servers and clients", || {
            oracles::prepare(workspace)
        });
    }
    let group = |name: &str| GROUPS.iter().find(|(known, _)| *known == name);
    let scenarios = scenarios.iter().flat_map(|name| match group(name) {
        Some((_, members)) => members.to_vec(),
        None => vec![name.as_str()],
    });
    for scenario in scenarios {
        steps.run(scenario, || {
            if let Some((_, arguments)) = test(scenario) {
                return run_program(&mut cargo(workspace, arguments));
            }
            let mut lab = lab(workspace);
            lab.env(readme_hosts::WORKSPACE, &workspace.root);
            run_program(lab.args(["run", scenario]))
        });
    }
    Ok(steps.finish())
}

fn lab(workspace: &Workspace) -> Command {
    Command::new(released::program(workspace, "lab"))
}
