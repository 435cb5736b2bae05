//! No crate named after nothing in particular: it would collect odds and ends.

use anyhow::Result;

use super::Findings;
use crate::workspace::Workspace;

const BANNED: &[&str] = &[
    "base", "common", "core", "helpers", "misc", "shared", "types", "util", "utils",
];

pub(super) fn find(workspace: &Workspace) -> Result<Findings> {
    let breach = |name: &&str| name.split(['-', '_']).any(|word| BANNED.contains(&word));
    let broken = workspace
        .names()
        .into_iter()
        .filter(breach)
        .map(describe)
        .collect();
    Ok(Findings::broken(broken))
}

fn describe(name: &str) -> String {
    format!("{name} says nothing about what is in it: name it after its one job")
}
