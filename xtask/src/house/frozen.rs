//! Formats are forever: bytes that a release wrote must stay readable. So a fixture in a directory
//! `tests/frozen` is added and never edited or deleted; git knows.

use anyhow::Result;

use super::Findings;
use crate::git;
use crate::workspace::Workspace;

const FROZEN: &str = ":(glob)**/tests/frozen/**";

pub(super) fn find(workspace: &Workspace) -> Result<Findings> {
    let committed = [
        "log",
        "--diff-filter=MDRT",
        "--format=",
        "--name-only",
        "--",
        FROZEN,
    ];
    let pending = [
        "diff",
        "HEAD",
        "--diff-filter=MDRT",
        "--name-only",
        "--",
        FROZEN,
    ];
    let mut findings = Findings::default();
    for question in [&committed[..], &pending[..]] {
        match git::ask(workspace, question)? {
            Some(answer) => findings.broken.extend(edited(&answer)),
            None => {
                findings
                    .nudges
                    .push("not checked: there is no git history here".to_owned());
                break;
            }
        }
    }
    findings.broken.sort();
    findings.broken.dedup();
    Ok(findings)
}

fn edited(paths: &str) -> impl Iterator<Item = String> {
    let paths = paths.lines().filter(|line| !line.is_empty());
    paths.map(|path| format!("{path} was changed: add a new fixture and keep this one as it was"))
}
