//! The rules of the house that a machine can hold: each a check with a name.
//!
//! A check reads the sources and cargo's metadata, never runs anything of ours, and says what to do
//! about what it finds. What the compiler or clippy can hold is not here.

mod adr;
mod arrows;
mod banned;
mod cluster_arrows;
mod commands;
mod frozen;
mod headers;
mod length;
mod links;
mod manifest;
mod markdown;
mod mutations;
mod names;
mod owners;
mod purity;
pub mod sources;
mod unsafety;

use anyhow::Result;

use crate::steps::Outcome;
use crate::workspace::Workspace;

/// One rule.
struct Check {
    name: &'static str,
    about: &'static str,
    find: fn(&Workspace) -> Result<Findings>,
}

/// What a check found.
#[derive(Debug, Default, PartialEq, Eq)]
struct Findings {
    /// The rule is broken.
    broken: Vec<String>,
    /// It is not, and somebody should look all the same.
    nudges: Vec<String>,
}

const CHECKS: &[Check] = &[
    Check {
        name: "arrows",
        about: "our crates depend on each other one way only",
        find: arrows::find,
    },
    Check {
        name: "cluster",
        about: "the modules of cluster use each other one way only",
        find: cluster_arrows::find,
    },
    Check {
        name: "owners",
        about: "a library that one crate hides is used there only",
        find: owners::find,
    },
    Check {
        name: "names",
        about: "no crate for odds and ends",
        find: names::find,
    },
    Check {
        name: "manifests",
        about: "lints, licence and publish come from the workspace",
        find: manifest::find,
    },
    Check {
        name: "purity",
        about: "ipam is no_std",
        find: purity::find,
    },
    Check {
        name: "unsafe",
        about: "unsafe code stands in listed modules only",
        find: unsafety::find,
    },
    Check {
        name: "banned calls",
        about: "no wall clock, no environment, no sleep in the crates that decide",
        find: banned::find,
    },
    Check {
        name: "mutations",
        about: "a deliberate bug is a comment in the product, and in the list",
        find: mutations::find,
    },
    Check {
        name: "length",
        about: "files have at most 500 lines",
        find: length::find,
    },
    Check {
        name: "headers",
        about: "each source file says what it is",
        find: headers::find,
    },
    Check {
        name: "frozen",
        about: "fixtures in tests/frozen are never edited",
        find: frozen::find,
    },
    Check {
        name: "links",
        about: "what the documents link to is there",
        find: links::find,
    },
    Check {
        name: "commands",
        about: "what finds a bug or a fault again is there",
        find: commands::find,
    },
    Check {
        name: "adr",
        about: "decisions are numbered, listed, and there when referred to",
        find: adr::find,
    },
];

/// Runs all checks, prints a line for each and what it found.
pub fn run(workspace: &Workspace) -> Result<Outcome> {
    let mut broken = Vec::new();
    for check in CHECKS {
        let findings = (check.find)(workspace)?;
        let verdict = if findings.broken.is_empty() {
            "ok"
        } else {
            "BROKEN"
        };
        println!("{:<13} {verdict:<7} {}", check.name, check.about);
        for finding in &findings.broken {
            println!("              - {finding}");
        }
        for nudge in &findings.nudges {
            println!("              (nudge) {nudge}");
        }
        if !findings.broken.is_empty() {
            broken.push(check.name);
        }
    }
    Ok(if broken.is_empty() {
        Outcome::Passed
    } else {
        Outcome::Failed(broken.join(", "))
    })
}

impl Findings {
    /// Breaches only.
    fn broken(broken: Vec<String>) -> Self {
        Self {
            broken,
            nudges: Vec::new(),
        }
    }
}
