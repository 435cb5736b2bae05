//! Every small change of the lease core must turn a test red (cargo-mutants); `.cargo/mutants.toml` lists what
//! may survive, each with its reason.

use anyhow::{Context, Result};

use crate::cargo::cargo;
use crate::steps::Outcome;
use crate::tool::Tool;
use crate::workspace::Workspace;

/// Another version may make other mutants.
const TOOL: Tool = Tool {
    name: "mutants",
    version: "27.1.0",
};
/// What decides who gets what.
const FILES: &str = "crates/ipam/src/apply/*.rs";
/// How long a mutant's tests may take, in seconds; they take three.
const TIMEOUT: &str = "120";

/// Ends so if mutants hung their tests, and none survived: a loop without an end is noticed, too.
const ONLY_TIMEOUTS: i32 = 3;

/// Installs it if need be, and tries them all; whether none survived.
pub fn run(workspace: &Workspace) -> Result<Outcome> {
    if let failed @ Outcome::Failed(_) = TOOL.ensure_installed(workspace)? {
        return Ok(failed);
    }
    let mut mutants = cargo(workspace, &["mutants", "--package", "ipam"]);
    mutants.args(["--file", FILES, "--timeout", TIMEOUT, "--output", "target"]);
    let status = mutants.status().context("running cargo mutants")?;
    let noticed = status.success() || status.code() == Some(ONLY_TIMEOUTS);
    Ok(match noticed {
        true => Outcome::Passed,
        false => Outcome::Failed(format!("cargo mutants: {status}; see target/mutants.out")),
    })
}
