//! Questions to git.

use std::process::Command;

use anyhow::{Context, Result};

use crate::workspace::Workspace;

/// Digits of a commit's name that make a number.
const DIGITS: usize = 8;

/// What git answers; nothing where there is no git or no repository.
pub fn ask(workspace: &Workspace, arguments: &[&str]) -> Result<Option<String>> {
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

/// A number made of the commit that is checked out, so that each commit draws something else, and the same
/// again; nothing where there is none.
pub fn commit_number(workspace: &Workspace) -> Result<Option<u64>> {
    let head = ask(workspace, &["rev-parse", "HEAD"])?;
    head.map(|name| number(&name)).transpose()
}

fn number(name: &str) -> Result<u64> {
    let digits = name.get(..DIGITS).unwrap_or(name);
    u64::from_str_radix(digits, 16).with_context(|| format!("reading the commit {name:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commit_is_a_number() {
        let first = number("00000010aaaa\n").expect("a name");
        assert_eq!(first, 16);
        assert!(number("no commit").is_err());
    }
}
