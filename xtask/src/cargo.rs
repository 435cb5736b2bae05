//! Running cargo and other programs from the workspace's root.

use std::env;
use std::ffi::OsString;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use crate::steps::Outcome;
use crate::workspace::Workspace;

/// The variable with which a test run would overwrite its golden files: a gate never writes.
const UPDATE_GOLDEN: &str = "UPDATE_GOLDEN";

/// The cargo that started us, or else the one on the path.
pub fn program() -> OsString {
    env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

/// What `cargo run` tells us of ourselves. Handed on, build scripts would see another environment than under a
/// cargo that a person calls, and half of the dependencies would be built anew each time that one follows the other.
const OF_OURSELVES: [&str; 3] = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_"];

/// cargo with these arguments, at the workspace's root.
pub fn cargo(workspace: &Workspace, arguments: &[&str]) -> Command {
    let mut command = Command::new(program());
    command
        .args(arguments)
        .current_dir(&workspace.root)
        .env_remove(UPDATE_GOLDEN);
    for name in env::vars_os().filter_map(|(name, _)| name.into_string().ok()) {
        if OF_OURSELVES.iter().any(|start| name.starts_with(start)) {
            command.env_remove(name);
        }
    }
    command
}

/// Runs a program to its end; its output is the reader's.
pub fn run(command: &mut Command) -> Result<Outcome> {
    let status = command
        .status()
        .with_context(|| format!("running {}", describe(command)))?;
    Ok(if status.success() {
        Outcome::Passed
    } else {
        Outcome::Failed(format!("{}: {status}", describe(command)))
    })
}

/// The command as one would type it.
pub fn describe(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let program = program.file_name().unwrap_or(command.get_program());
    let words = std::iter::once(program).chain(command.get_args());
    let words: Vec<String> = words
        .map(|word| word.to_string_lossy().into_owned())
        .collect();
    words.join(" ")
}
