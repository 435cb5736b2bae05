//! `./x power-loss`: builds the harness, which cuts the power under the real store.

use std::ffi::OsString;
use std::process::Command;

use anyhow::Result;

use crate::cargo::{cargo, run as run_program};
use crate::steps::Outcome;
use crate::workspace::Workspace;

const BUILD: [&str; 4] = ["build", "--locked", "-p", "powerloss"];

/// Runs it with these arguments, which are its own; whether nothing was lost.
pub fn run(workspace: &Workspace, arguments: &[OsString]) -> Result<bool> {
    println!("Building the harness (minutes the first time) …");
    if let Outcome::Failed(why) = run_program(&mut cargo(workspace, &BUILD))? {
        anyhow::bail!("{why}");
    }
    let mut harness = Command::new(workspace.program("powerloss"));
    harness.args(arguments).current_dir(&workspace.root);
    Ok(run_program(&mut harness)? == Outcome::Passed)
}
