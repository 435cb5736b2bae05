//! `./x mutants`: each deliberate bug in the lease core must turn its tests red.
//!
//! A mutation is a `mutated!("…")` in crates/ipam/src, named after the promise that it breaks
//! (docs/lease-contract.md). One build under the cfg `gatewayd_mutations` has them all, and
//! `GATEWAYD_MUTATION` selects one at run time. A mutation that no test notices is a promise that no
//! test keeps. Those of the other crates are for the simulation.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::cargo::cargo;
use crate::steps::{Outcome, Steps};
use crate::workspace::Workspace;

const MARK: &str = "mutated!(\"";
/// What compiles them in.
const RUSTFLAGS: &str = "--cfg gatewayd_mutations";
/// A target directory of their own, so that no mutated artifact is ever taken for a real one.
const TARGET: &str = "target/mutants";

/// Builds and tests every mutation; whether all were caught.
pub fn run(workspace: &Workspace) -> Result<bool> {
    let mut steps = Steps::new();
    steps_of(workspace, &mut steps)?;
    Ok(steps.finish())
}

/// One step for all of them.
pub fn steps_of(workspace: &Workspace, steps: &mut Steps) -> Result<()> {
    let mutations = mutations(&workspace.root.join("crates/ipam/src"))?;
    ensure!(
        !mutations.is_empty(),
        "no mutation was found in crates/ipam/src"
    );
    steps.run("mutations of the lease core", || {
        build(workspace)?;
        ensure!(
            passes(workspace, None)?,
            "the tests fail without any mutation"
        );
        let mut survived = Vec::new();
        for mutation in &mutations {
            let caught = !passes(workspace, Some(mutation))?;
            println!("{mutation}: {}", if caught { "caught" } else { "SURVIVED" });
            if !caught {
                survived.push(mutation.as_str());
            }
        }
        Ok(if survived.is_empty() {
            Outcome::Passed
        } else {
            Outcome::Failed(format!("no test noticed {}", survived.join(", ")))
        })
    });
    Ok(())
}

/// Builds the tests once, with every mutation in them.
fn build(workspace: &Workspace) -> Result<()> {
    let built = tests(workspace)
        .arg("--no-run")
        .output()
        .context("building the mutations")?;
    let errors = String::from_utf8_lossy(&built.stderr);
    ensure!(
        built.status.success(),
        "the mutations do not build:\n{errors}"
    );
    Ok(())
}

/// Whether the tests pass with this mutation, or with none.
fn passes(workspace: &Workspace, mutation: Option<&str>) -> Result<bool> {
    let mut tests = tests(workspace);
    match mutation {
        Some(mutation) => tests.env("GATEWAYD_MUTATION", mutation),
        None => tests.env_remove("GATEWAYD_MUTATION"),
    };
    let tested = tests.output().context("testing a mutation")?;
    Ok(tested.status.success())
}

fn tests(workspace: &Workspace) -> Command {
    let mut tests = cargo(
        workspace,
        &[
            "test",
            "--locked",
            "--quiet",
            "-p",
            "ipam",
            "--target-dir",
            TARGET,
        ],
    );
    tests.env("RUSTFLAGS", RUSTFLAGS);
    tests
}

/// The names of all mutations below a directory.
fn mutations(directory: &Path) -> Result<BTreeSet<String>> {
    let mut names = BTreeSet::new();
    let entries = fs::read_dir(directory);
    for entry in entries.with_context(|| format!("listing {}", directory.display()))? {
        let path = entry?.path();
        if path.is_dir() {
            names.extend(mutations(&path)?);
        } else {
            let source = fs::read_to_string(&path);
            let source = source.with_context(|| format!("reading {}", path.display()))?;
            names.extend(names_in(&source));
        }
    }
    Ok(names)
}

fn names_in(source: &str) -> impl Iterator<Item = String> {
    let after = source.split(MARK).skip(1);
    after.filter_map(|rest| Some(rest.split_once('"')?.0.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_from_the_source() {
        let source = format!("if {MARK}s1_a\") || {MARK}s2_b\") {{");
        assert_eq!(names_in(&source).collect::<Vec<_>>(), ["s1_a", "s2_b"]);
    }
}
