//! Every small change of the lease core must turn a test red (cargo-mutants); `.cargo/mutants.toml` lists what
//! may survive, each with its reason.

use anyhow::{Context, Result, bail};

use crate::cargo::{cargo, run as run_program};
use crate::steps::Outcome;
use crate::workspace::Workspace;

/// Another version may make other mutants.
const VERSION: &str = "27.1.0";
/// What decides who gets what.
const FILES: &str = "crates/ipam/src/apply/*.rs";
/// How long a mutant's tests may take, in seconds; they take three.
const TIMEOUT: &str = "120";

/// Ends so if mutants hung their tests, and none survived: a loop without an end is noticed, too.
const ONLY_TIMEOUTS: i32 = 3;

/// Installs it if need be, and tries them all; whether none survived.
pub fn run(workspace: &Workspace) -> Result<Outcome> {
    ensure_installed(workspace)?;
    let mut mutants = cargo(workspace, &["mutants", "--package", "ipam"]);
    mutants.args(["--file", FILES, "--timeout", TIMEOUT, "--output", "target"]);
    let status = mutants.status().context("running cargo mutants")?;
    let noticed = status.success() || status.code() == Some(ONLY_TIMEOUTS);
    Ok(match noticed {
        true => Outcome::Passed,
        false => Outcome::Failed(format!("cargo mutants: {status}; see target/mutants.out")),
    })
}

fn ensure_installed(workspace: &Workspace) -> Result<()> {
    let found = cargo(workspace, &["mutants", "--version"]).output();
    if found.context("running cargo mutants")?.status.success() {
        return Ok(());
    }
    println!("Installing cargo-mutants {VERSION} with cargo install (takes minutes, once) …");
    let arguments = ["install", "--locked", "cargo-mutants", "--version", VERSION];
    match run_program(&mut cargo(workspace, &arguments))? {
        Outcome::Failed(why) => bail!("{why}"),
        Outcome::Passed | Outcome::Skipped(_) => Ok(()),
    }
}
