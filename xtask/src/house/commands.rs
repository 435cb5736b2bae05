//! The commands in the tables of found bugs and judged faults name tests, scenarios and mutations that exist: a
//! test that was renamed is not found again by its old name, and cargo calls it a success.

mod known;

use anyhow::Result;

use super::Findings;
use super::sources::{self, Source};
use crate::workspace::Workspace;
use known::Known;

/// The documents.
const DOCUMENTS: [&str; 2] = ["docs/bugs.md", "docs/testing/faults.md"];

pub(super) fn find(workspace: &Workspace) -> Result<Findings> {
    let known = Known::of(workspace)?;
    let documents = sources::with_extensions(&workspace.root.join("docs"), &["md"])?;
    let judged = documents.into_iter().map(|document| Source {
        path: std::path::Path::new("docs").join(document.path),
        ..document
    });
    let judged = judged.filter(|it| DOCUMENTS.iter().any(|name| it.path.ends_with(name)));
    let broken = judged.flat_map(|it| breaches(&it, &known)).collect();
    Ok(Findings::broken(broken))
}

fn breaches(document: &Source, known: &Known) -> Vec<String> {
    let lines = document.text.lines().zip(1..);
    lines
        .flat_map(|(line, number)| {
            let wrong = code(line).filter_map(|command| wrong(command, known));
            let name = |wrong| format!("{}:{number}: {wrong}", document.path.display());
            wrong.map(name).collect::<Vec<_>>()
        })
        .collect()
}

/// What stands between backticks.
fn code(line: &str) -> impl Iterator<Item = &str> {
    line.split('`').skip(1).step_by(2)
}

/// What is wrong with a command; nothing, if it is none that is looked at.
fn wrong(command: &str, known: &Known) -> Option<String> {
    let words: Vec<&str> = command.split_whitespace().collect();
    let begins = |start: &[&str]| words.windows(start.len()).position(|it| it == start);
    if let Some(at) = begins(&["cargo", "test"]) {
        return tests(&words[at + 2..], known).map(|why| format!("`{command}`: {why}"));
    }
    let target = ["--lib", "--bin", "--test"];
    if words.len() > 1 && words.first().is_some_and(|word| target.contains(word)) {
        return Some(format!("`{command}`: say the whole command"));
    }
    let verb = words.strip_prefix(&["./x"])?;
    let why = match verb {
        ["drill", name, ..] => lacks(&known.drills, name, "scenario"),
        ["mutants", name, ..] => lacks(&known.mutations, name, "mutation"),
        ["sim" | "jepsen", options @ ..] => options.windows(2).find_map(|pair| match pair {
            ["--mutation", name] => lacks(&known.mutations, name, "mutation"),
            ["--workload", name] => lacks(&known.workloads, name, "workload"),
            ["--nemesis", names] => names
                .split(',')
                .find_map(|name| lacks(&known.nemeses, name, "nemesis")),
            _ => None,
        }),
        _ => None,
    };
    why.map(|why| format!("`{command}`: {why}"))
}

fn lacks(names: &std::collections::BTreeSet<String>, name: &str, what: &str) -> Option<String> {
    (!names.contains(name)).then(|| format!("there is no {what} {name}"))
}

/// What is wrong with the arguments of `cargo test`.
fn tests(words: &[&str], known: &Known) -> Option<String> {
    let (mut package, mut target, mut filters, mut behind) = (None, None, Vec::new(), false);
    let mut words = words.iter().copied();
    while let Some(word) = words.next() {
        match word {
            "-p" => package = words.next(),
            "--lib" => target = Some("lib"),
            "--bin" => target = words.next().map(|_| "bin"),
            "--test" => target = words.next(),
            "--target-dir" | "--test-threads" => drop(words.next()),
            "--" => behind = true,
            option if option.starts_with('-') => {}
            filter => filters.push(filter),
        }
    }
    if filters.len() > 1 && !behind {
        return Some("cargo takes one filter; the others go behind --".to_owned());
    }
    let Some(package) = package else {
        return Some("name a crate with -p".to_owned());
    };
    let Some(tests) = known.tests.get(package) else {
        return Some(format!("there is no crate {package}"));
    };
    let of_target: Vec<&String> = tests
        .iter()
        .filter(|(of, _)| target.is_none_or(|target| target == of))
        .map(|(_, name)| name)
        .collect();
    if of_target.is_empty() {
        return Some(format!(
            "{package} has no tests in {}",
            target.unwrap_or("it")
        ));
    }
    let in_vain = |filter: &&&str| !of_target.iter().any(|name| name.contains(**filter));
    let lost = filters.iter().find(in_vain)?;
    Some(format!("no test of {package} has {lost:?} in its name"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::{BTreeMap, BTreeSet};

    fn known() -> Known {
        let names = |names: &[&str]| names.iter().map(|it| (*it).to_owned()).collect();
        let tests = [("lib", "a::tests::it_holds"), ("contract", "s1_two")];
        let tests = tests.map(|(of, name)| (of.to_owned(), name.to_owned()));
        Known {
            tests: BTreeMap::from([("ipam".to_owned(), BTreeSet::from(tests))]),
            drills: names(&["storm"]),
            mutations: names(&["s1_x"]),
            workloads: names(&["lease"]),
            nemeses: names(&["kill", "loss"]),
        }
    }

    #[test]
    fn a_command_that_finds_nothing_is_named() {
        for right in [
            "cargo test -p ipam",
            "cargo test -p ipam --lib it_holds",
            "cargo test -p ipam --test contract -- s1 two",
            "RUSTFLAGS=\"--cfg x\" cargo test -p ipam --target-dir t",
            "./x mutants s1_x",
            "./x drill storm",
            "./x sim --mutation s1_x --seeds 3",
            "./x jepsen --workload lease --nemesis kill,loss --for 1m",
            "secs",
        ] {
            assert_eq!(wrong(right, &known()), None, "{right}");
        }
        for lost in [
            "cargo test -p ipam --lib it_held",
            "cargo test -p ipam --lib s1_two",
            "cargo test -p ipam --test gone",
            "cargo test -p ipam --test contract s1 two",
            "cargo test -p gone",
            "cargo test",
            "--lib it_holds",
            "./x drill gone",
            "./x sim --mutation gone",
            "./x mutants gone",
            "./x jepsen --workload gone",
            "./x jepsen --nemesis kill,gone",
        ] {
            assert!(wrong(lost, &known()).is_some(), "{lost}");
        }
    }

    #[test]
    fn the_line_is_named() {
        let document = Source {
            path: "docs/bugs.md".into(),
            text: "| a | `./x drill storm` |\n| b | `./x drill gone` |".to_owned(),
        };
        assert_eq!(
            breaches(&document, &known()),
            ["docs/bugs.md:2: `./x drill gone`: there is no scenario gone"]
        );
    }
}
