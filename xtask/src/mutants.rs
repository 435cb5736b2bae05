//! `./x mutants`: each deliberate bug in the lease core, and those that the simulation cannot show, must turn
//! its crate's tests red.
//!
//! A mutation is a `mutated!("…")` in the source. The list of all (`ipam::mutation::ALL`) names the
//! promises of docs/lease-contract.md that it breaks. One build under the cfg `gatewayd_mutations` has
//! them all, and `GATEWAYD_MUTATION` selects one at run time. It is caught when a test fails that is
//! named after one of its promises: that anything else breaks as well shows nothing. The others are for the
//! simulation.

use std::collections::{BTreeMap, BTreeSet};
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

/// In part in ipam, but what is wrong is what another crate makes of it.
const JUDGED_ELSEWHERE: [&str; 1] = ["s8_digests_not_compared"];

/// The packages whose tests are played.
const LEASE_CORE: &str = "ipam";
const DHCP_SERVER: &str = "dhcpd";

/// Builds and tests every mutation; whether all were caught.
pub fn run(workspace: &Workspace) -> Result<bool> {
    let mut steps = Steps::new();
    steps_of(workspace, &mut steps)?;
    Ok(steps.finish())
}

/// A step for each package.
pub fn steps_of(workspace: &Workspace, steps: &mut Steps) -> Result<()> {
    let source = workspace.root.join("crates/ipam/src");
    let mut mutations = mutations(&source)?;
    for elsewhere in JUDGED_ELSEWHERE {
        mutations.remove(elsewhere);
    }
    let list = fs::read_to_string(source.join("mutation.rs"));
    let list = list.context("reading the list of mutations")?;
    let promises = promises_in(&list);
    ensure!(
        !mutations.is_empty(),
        "no mutation was found in crates/ipam/src"
    );
    steps.run("mutations of the lease core", || {
        all_are_caught(workspace, LEASE_CORE, &mutations, &promises)
    });
    let mutations = by_tests_of(DHCP_SERVER, &list);
    ensure!(
        !mutations.is_empty(),
        "the list has no mutation for the tests of {DHCP_SERVER}"
    );
    steps.run("mutations of the DHCP server", || {
        all_are_caught(workspace, DHCP_SERVER, &mutations, &promises)
    });
    Ok(())
}

/// What the steps build.
pub fn build_commands(workspace: &Workspace) -> Vec<Command> {
    [LEASE_CORE, DHCP_SERVER]
        .map(|package| build_command(workspace, package))
        .into()
}

fn build_command(workspace: &Workspace, package: &str) -> Command {
    let mut build = tests(workspace, package);
    build.arg("--no-run");
    build
}

fn all_are_caught(
    workspace: &Workspace,
    package: &str,
    mutations: &BTreeSet<String>,
    promises: &BTreeMap<String, Vec<String>>,
) -> Result<Outcome> {
    build(workspace, package)?;
    ensure!(
        failures(workspace, package, None)?.is_empty(),
        "the tests fail without any mutation"
    );
    let mut survived = Vec::new();
    for mutation in mutations {
        let rules = promises
            .get(mutation)
            .context("a mutation is in the list")?;
        let failed = failures(workspace, package, Some(mutation))?;
        let seen_by = failed.iter().find(|test| is_of(rules, test));
        match (seen_by, failed.first()) {
            (Some(test), _) => println!("{mutation}: caught by {test}"),
            (None, Some(test)) => println!("{mutation}: SURVIVED {rules:?}; only {test} fails"),
            (None, None) => println!("{mutation}: SURVIVED"),
        }
        if seen_by.is_none() {
            survived.push(mutation.as_str());
        }
    }
    Ok(if survived.is_empty() {
        Outcome::Passed
    } else {
        Outcome::Failed(format!("no test noticed {}", survived.join(", ")))
    })
}

/// Builds the tests once, with every mutation in them.
fn build(workspace: &Workspace, package: &str) -> Result<()> {
    let built = build_command(workspace, package)
        .output()
        .context("building the mutations")?;
    let errors = String::from_utf8_lossy(&built.stderr);
    ensure!(
        built.status.success(),
        "the mutations do not build:\n{errors}"
    );
    Ok(())
}

/// The names of the tests that fail with this mutation, or with none.
fn failures(workspace: &Workspace, package: &str, mutation: Option<&str>) -> Result<Vec<String>> {
    let mut tests = tests(workspace, package);
    match mutation {
        Some(mutation) => tests.env("GATEWAYD_MUTATION", mutation),
        None => tests.env_remove("GATEWAYD_MUTATION"),
    };
    let tested = tests.output().context("testing a mutation")?;
    let failed = failed_in(&String::from_utf8_lossy(&tested.stdout));
    ensure!(
        tested.status.success() == failed.is_empty(),
        "the tests ended with {}, and name {} failures",
        tested.status,
        failed.len()
    );
    Ok(failed)
}

/// Under `failures:` each test has a line of its own, indented by four.
fn failed_in(output: &str) -> Vec<String> {
    let lines = output.lines().filter_map(|line| line.strip_prefix("    "));
    let is_name = |line: &&str| {
        let word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
        !line.is_empty() && line.chars().all(word)
    };
    let names: BTreeSet<&str> = lines.filter(is_name).collect();
    names.into_iter().map(str::to_owned).collect()
}

/// Whether a test, `module::s1_what_it_holds`, is named after one of these rules.
fn is_of(rules: &[String], test: &str) -> bool {
    let name = test.rsplit("::").next().unwrap_or(test);
    let rule = name.split('_').next().unwrap_or_default();
    rules.iter().any(|known| known == rule)
}

/// Which rules a mutation breaks, in lower case, by its name: from the list's source.
fn promises_in(list: &str) -> BTreeMap<String, Vec<String>> {
    let entries = list.split("mutation(\n").skip(1);
    let strings = entries.filter_map(|entry| {
        let mut strings = entry.split('"').skip(1).step_by(2);
        Some((strings.next()?, strings.next()?))
    });
    let rules = |promise: &str| {
        promise
            .to_lowercase()
            .split(", ")
            .map(str::to_owned)
            .collect()
    };
    strings
        .map(|(name, promise)| (name.to_owned(), rules(promise)))
        .collect()
}

/// The mutations that the list leaves to this package's tests, because the simulation shows nothing of them.
fn by_tests_of(package: &str, list: &str) -> BTreeSet<String> {
    let entries = list.split("by_tests(\n").skip(1);
    let strings = entries.filter_map(|entry| {
        let mut strings = entry.split('"').skip(1).step_by(2);
        Some((strings.next()?, strings.next()?))
    });
    let of_package = strings.filter(|(known, _)| *known == package);
    of_package.map(|(_, name)| name.to_owned()).collect()
}

fn tests(workspace: &Workspace, package: &str) -> Command {
    let mut tests = cargo(
        workspace,
        &[
            "test",
            "--no-fail-fast",
            "--locked",
            "--quiet",
            "-p",
            package,
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

    #[test]
    fn what_the_simulation_cannot_show_is_left_to_a_package() {
        let left = "by_tests(\n  \"dhcpd\",\n  mutation(\n  \"l6_a\", \"L6\", \"a bug\"),\n),";
        let list = format!("{left}mutation(\n  \"s1_b\",\n  \"S1\",\n  \"a bug\",\n),");
        assert_eq!(by_tests_of("dhcpd", &list), ["l6_a".to_owned()].into());
        assert!(by_tests_of("ipam", &list).is_empty());
    }

    #[test]
    fn a_mutation_is_caught_by_a_test_of_its_promise_alone() {
        let list = "mutation(\n  \"s5_a\",\n  \"S5, T2\",\n  \"a bug\",\n),";
        let rules = promises_in(list).remove("s5_a").expect("it is listed");
        assert_eq!(rules, ["s5", "t2"]);
        let output = "failures:\n    time::t2_a_batch\n    s1_b\n\n    panicked at x.rs\n";
        let failed = failed_in(output);
        assert_eq!(failed, ["s1_b", "time::t2_a_batch"]);
        assert!(is_of(&rules, "time::t2_a_batch"));
        assert!(!is_of(&rules, "s1_b") && !is_of(&rules, "decisions::an_offer"));
    }
}
