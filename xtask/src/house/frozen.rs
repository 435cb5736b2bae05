//! Formats are forever: bytes that a release wrote must stay readable. So a fixture in a directory
//! `tests/frozen` is added and never edited or deleted; git knows.

use std::process::Command;

use anyhow::{Context, Result};

use super::Findings;
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
        match ask_git(workspace, question)? {
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

/// What git answers; nothing where there is no git or no repository.
fn ask_git(workspace: &Workspace, arguments: &[&str]) -> Result<Option<String>> {
    let output = match Command::new("git")
        .args(arguments)
        .current_dir(&workspace.root)
        .output()
    {
        Ok(output) => output,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).context("running git"),
    };
    Ok(output
        .status
        .success()
        .then(|| String::from_utf8_lossy(&output.stdout).into_owned()))
}
