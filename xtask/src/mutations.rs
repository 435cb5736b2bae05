//! `./x mutants`: each deliberate bug in the lease core, and those that the simulation cannot show, must turn
//! its crate's tests red.
//!
//! A mutation is a comment in the source, made code in the mutations' tree ([`crate::mutated_tree`]). The list of all
//! (`mutants::ALL`) names the promises of docs/lease-contract.md that it breaks. One build has them all, and
//! `GATEWAYD_MUTATION` selects one at run time. It is caught when a test fails that is named after one of its
//! promises: that anything else breaks as well shows nothing. The others are for the simulation.

use std::collections::BTreeSet;
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use mutants::Mutation;

use crate::cargo::cargo;
use crate::mutated_tree::{self, Places};
use crate::steps::{Outcome, Steps};
use crate::workspace::Workspace;

/// A target directory of their own, so that no mutated artifact is ever taken for a real one.
const TARGET: &str = "target/mutants";
/// Selects a mutation at run time.
const SELECTION: &str = "GATEWAYD_MUTATION";

/// In part in ipam, but what is wrong is what another crate makes of it.
const JUDGED_ELSEWHERE: [&str; 1] = ["s8_digests_not_compared"];

/// The packages whose tests are played.
const LEASE_CORE: &str = "ipam";
const DHCP_SERVER: &str = "dhcpd";

/// Builds and tests these mutations, or all; whether they were caught.
pub fn run(workspace: &Workspace, names: &[String]) -> Result<bool> {
    let places = mutated_tree::places(workspace)?;
    let mut steps = Steps::new();
    if names.is_empty() {
        steps_of(workspace, &mut steps)?;
        return Ok(steps.finish());
    }
    for name in names {
        let (mutation, package) = tested(name, &places)?;
        steps.run(name, || all_are_caught(workspace, package, &[mutation]));
    }
    Ok(steps.finish())
}

/// A step for each package.
pub fn steps_of(workspace: &Workspace, steps: &mut Steps) -> Result<()> {
    let places = mutated_tree::places(workspace)?;
    for (package, what) in [
        (LEASE_CORE, "mutations of the lease core"),
        (DHCP_SERVER, "mutations of the DHCP server"),
    ] {
        let mutations = of_package(package, &places);
        ensure!(
            !mutations.is_empty(),
            "there is no mutation for the tests of {package}"
        );
        steps.run(what, || all_are_caught(workspace, package, &mutations));
    }
    Ok(())
}

/// What the steps build.
pub fn build_commands(workspace: &Workspace) -> Result<Vec<Command>> {
    let build = |package| build_command(workspace, package);
    [LEASE_CORE, DHCP_SERVER].into_iter().map(build).collect()
}

fn build_command(workspace: &Workspace, package: &str) -> Result<Command> {
    let mut build = tests(workspace, package)?;
    build.arg("--no-run");
    Ok(build)
}

/// Those that a package's tests must notice: the lease core's all it has, the others' what the simulation cannot show.
fn of_package(package: &str, places: &Places) -> Vec<&'static Mutation> {
    let here = places.by_crate.get(LEASE_CORE);
    let is_of_core = |mutation: &Mutation| {
        here.is_some_and(|here| here.contains(mutation.name))
            && !JUDGED_ELSEWHERE.contains(&mutation.name)
    };
    let is_tested = |mutation: &&Mutation| match package {
        LEASE_CORE => is_of_core(mutation),
        package => mutation.by_tests_of == Some(package),
    };
    mutants::ALL.iter().filter(is_tested).collect()
}

/// The mutation of this name, and the package whose tests must notice it.
fn tested(name: &str, places: &Places) -> Result<(&'static Mutation, &'static str)> {
    for package in [LEASE_CORE, DHCP_SERVER] {
        let mut mutations = of_package(package, places).into_iter();
        if let Some(mutation) = mutations.find(|mutation| mutation.name == name) {
            return Ok((mutation, package));
        }
    }
    if mutants::ALL.iter().any(|mutation| mutation.name == name) {
        bail!("{name} is for the simulation: ./x sim --mutation {name}");
    }
    bail!("there is no mutation {name}: see docs/testing/mutations.md");
}

fn all_are_caught(
    workspace: &Workspace,
    package: &str,
    mutations: &[&Mutation],
) -> Result<Outcome> {
    build(workspace, package)?;
    ensure!(
        failures(workspace, package, None)?.is_empty(),
        "the tests fail without any mutation"
    );
    let mut survived = Vec::new();
    for mutation in mutations {
        let name = mutation.name;
        let rules = rules_of(mutation);
        let failed = failures(workspace, package, Some(name))?;
        let seen_by = failed.iter().find(|test| is_of(&rules, test));
        match (seen_by, failed.first()) {
            (Some(test), _) => println!("{name}: caught by {test}"),
            (None, Some(test)) => println!("{name}: SURVIVED {rules:?}; only {test} fails"),
            (None, None) => println!("{name}: SURVIVED"),
        }
        if seen_by.is_none() {
            survived.push(name);
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
    let built = build_command(workspace, package)?
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
    let mut tests = tests(workspace, package)?;
    match mutation {
        Some(mutation) => tests.env(SELECTION, mutation),
        None => tests.env_remove(SELECTION),
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

/// Which rules a mutation breaks, in lower case.
fn rules_of(mutation: &Mutation) -> Vec<String> {
    let promise = mutation.promise.to_lowercase();
    promise.split(", ").map(str::to_owned).collect()
}

/// Whether a test, `module::s1_what_it_holds`, is named after one of these rules.
fn is_of(rules: &[String], test: &str) -> bool {
    let name = test.rsplit("::").next().unwrap_or(test);
    let rule = name.split('_').next().unwrap_or_default();
    rules.iter().any(|known| known == rule)
}

fn tests(workspace: &Workspace, package: &str) -> Result<Command> {
    let arguments = [
        "test",
        "--no-fail-fast",
        "--locked",
        "--quiet",
        "-p",
        package,
    ];
    let mut tests = cargo(workspace, &arguments);
    tests.arg("--target-dir").arg(workspace.root.join(TARGET));
    tests.current_dir(mutated_tree::prepare(workspace)?);
    Ok(tests)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_simulation_cannot_show_is_left_to_a_package() {
        let names = ["s1_holder_ignored", "s8_digests_not_compared"];
        let names = names.map(str::to_owned);
        let places = Places {
            by_crate: [(LEASE_CORE.to_owned(), names.into())].into(),
            wrong: Vec::new(),
        };
        let of = |package| -> Vec<&str> {
            let mutations = of_package(package, &places).into_iter();
            mutations.map(|mutation| mutation.name).collect()
        };
        assert_eq!(of(LEASE_CORE), ["s1_holder_ignored"]);
        assert!(of(DHCP_SERVER).contains(&"s7_every_accuser_believed"));
        let package = |name| tested(name, &places).map(|(_, package)| package).ok();
        assert_eq!(package("s1_holder_ignored"), Some(LEASE_CORE));
        assert_eq!(package("l3_waits_for_a_copy"), None);
        assert_eq!(package("s0_nonsense"), None);
    }

    #[test]
    fn a_mutation_is_caught_by_a_test_of_its_promise_alone() {
        let rules = rules_of(&Mutation {
            name: "s5_a",
            bug: "a bug",
            promise: "S5, T2",
            by_tests_of: None,
        });
        assert_eq!(rules, ["s5", "t2"]);
        let output = "failures:\n    time::t2_a_batch\n    s1_b\n\n    panicked at x.rs\n";
        let failed = failed_in(output);
        assert_eq!(failed, ["s1_b", "time::t2_a_batch"]);
        assert!(is_of(&rules, "time::t2_a_batch"));
        assert!(!is_of(&rules, "s1_b") && !is_of(&rules, "decisions::an_offer"));
    }
}
