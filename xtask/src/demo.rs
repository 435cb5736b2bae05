//! `./x demo`: builds, then hands over to the lab.

use std::os::unix::process::CommandExt;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::cargo::{cargo, describe, run as run_program};
use crate::steps::Outcome;
use crate::workspace::Workspace;

/// What the lab needs: itself, the daemon and the operators' tool, in the dev profile like the
/// tests, so that one target directory serves both.
const BUILD: [&str; 8] = [
    "build",
    "--locked",
    "-p",
    "gatewayd",
    "-p",
    "gatewayctl",
    "-p",
    "lab",
];

/// Builds what the lab needs.
fn build(workspace: &Workspace) -> Result<()> {
    println!("Building gatewayd, gatewayctl and the lab (minutes the first time) …");
    match run_program(&mut cargo(workspace, &BUILD))? {
        Outcome::Failed(why) => bail!("{why}"),
        Outcome::Passed | Outcome::Skipped(_) => Ok(()),
    }
}

/// Becomes `lab demo`: returns only if that cannot be started.
pub fn run(workspace: &Workspace, keep: bool) -> Result<bool> {
    build(workspace)?;
    let mut lab = Command::new(workspace.program("lab"));
    lab.arg("demo");
    if keep {
        lab.arg("--keep");
    }
    let error = lab.exec();
    Err(error).with_context(|| format!("starting {}", describe(&lab)))
}
