//! `./x jepsen`: builds, then hands over to the fault tests' own program.
//!
//! `./x jepsen --workload …` is its `run`; `matrix` and `check` are passed on as they are.

use std::ffi::OsString;
use std::fs;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::cargo::{describe, run as run_program};
use crate::git;
use crate::limit::run_for;
use crate::released;
use crate::steps::Outcome;
use crate::workspace::Workspace;

/// What a run starts: the product, the disk that fails, and the harness.
const BUILD: [&str; 4] = ["gatewayd", "gatewayctl", "faultfs", "jepsen-tests"];

/// The harness.
const PROGRAM: &str = "jepsen";

/// Where CI's results go.
const SHORT_RESULTS: &str = "target/jepsen/short";

/// The program's verbs; anything else is options of a run.
const VERBS: [&str; 4] = ["run", "matrix", "check", "help"];

/// How long the short matrix may take.
const SHORT_LIMIT: Duration = Duration::from_secs(15 * 60);

/// What CI runs: the short matrix, from the beginning, of the programs that the tests were built with. The
/// commit draws which cells come beside its core.
pub fn short_matrix(workspace: &Workspace) -> Result<Outcome> {
    let results = workspace.root.join(SHORT_RESULTS);
    if results.exists() {
        fs::remove_dir_all(&results).with_context(|| format!("removing {}", results.display()))?;
    }
    let mut jepsen = program(workspace, workspace.program(PROGRAM));
    jepsen.args(["matrix", "--short", "--jobs", "2", "--out", SHORT_RESULTS]);
    if let Some(number) = git::commit_number(workspace)? {
        jepsen.args(["--rotation", &number.to_string()]);
    }
    run_for(&mut jepsen, SHORT_LIMIT)
}

/// As much of the full matrix as there is time for, each run as long as `cell` says.
pub fn matrix_within(
    workspace: &Workspace,
    seed: u64,
    cell: &str,
    limit: Duration,
) -> Result<Outcome> {
    let mut jepsen = released(workspace)?;
    jepsen.args(["matrix", "--full", "--for", cell]);
    jepsen.args(["--within", &format!("{}s", limit.as_secs())]);
    jepsen.args(["--seed", &seed.to_string()]);
    jepsen.args(["--out", &format!("target/jepsen/night-{seed}")]);
    run_program(&mut jepsen)
}

/// Becomes the program: returns only if that cannot be started.
pub fn run(workspace: &Workspace, arguments: &[OsString]) -> Result<bool> {
    let mut jepsen = released(workspace)?;
    if !has_verb(arguments) {
        jepsen.arg("run");
    }
    jepsen.args(arguments);
    let error = jepsen.exec();
    Err(error).with_context(|| format!("starting {}", describe(&jepsen)))
}

/// The fault tests beside a release of what they start.
fn released(workspace: &Workspace) -> Result<Command> {
    released::build(workspace, &BUILD)?;
    Ok(program(workspace, released::program(workspace, PROGRAM)))
}

fn program(workspace: &Workspace, built: PathBuf) -> Command {
    let mut jepsen = Command::new(built);
    jepsen.current_dir(&workspace.root);
    jepsen
}

fn has_verb(arguments: &[OsString]) -> bool {
    let first = arguments.first();
    first.is_some_and(|word| VERBS.iter().any(|verb| word == verb))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_without_a_verb_are_those_of_a_run() {
        let words = |words: &[&str]| words.iter().map(OsString::from).collect::<Vec<_>>();
        assert!(!has_verb(&words(&["--workload", "lease"])));
        assert!(!has_verb(&words(&[])));
        assert!(has_verb(&words(&["matrix", "--short"])));
    }
}
