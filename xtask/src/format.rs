//! Formatting: what `cargo fmt` finds, and the files of the kinds of objects, which it does not find.
//!
//! rustfmt follows the `mod` declarations that it reads, and expands no macro. The kinds of objects are
//! declared by one (`ipam::for_each_kind`), so their files are named to rustfmt one by one.

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::cargo::{cargo, run as run_program};
use crate::steps::Outcome;
use crate::workspace::Workspace;

/// Where a package has a file for each kind.
const KINDS: &str = "src/objects";
/// The workspace's edition: cargo tells it to rustfmt, and we have to.
const EDITION: &str = "2024";

/// Whether all is formatted; writes nothing.
pub fn check(workspace: &Workspace) -> Result<Outcome> {
    // Names only: the difference is what ./x fix makes.
    both(workspace, &["--check", "-l"])
}

/// Formats.
pub fn fix(workspace: &Workspace) -> Result<Outcome> {
    both(workspace, &[])
}

fn both(workspace: &Workspace, options: &[&str]) -> Result<Outcome> {
    let arguments = [&["fmt", "--all", "--"], options].concat();
    let found = run_program(&mut cargo(workspace, &arguments))?;
    let files = files_of_kinds(workspace)?;
    let of_kinds = run_program(rustfmt(workspace).args(options).args(files))?;
    Ok(match found {
        Outcome::Passed => of_kinds,
        other => other,
    })
}

/// The one that cargo would take.
fn rustfmt(workspace: &Workspace) -> Command {
    let program = env::var_os("RUSTFMT").unwrap_or_else(|| "rustfmt".into());
    let mut command = Command::new(program);
    command
        .args(["--edition", EDITION])
        .current_dir(&workspace.root);
    command
}

fn files_of_kinds(workspace: &Workspace) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for package in &workspace.packages {
        let directory = package.directory().join(KINDS);
        if directory.is_dir() {
            files.extend(rust_files(&directory)?);
        }
    }
    files.sort();
    Ok(files)
}

fn rust_files(directory: &Path) -> Result<Vec<PathBuf>> {
    let listing = || format!("listing {}", directory.display());
    let mut files = Vec::new();
    for entry in fs::read_dir(directory).with_context(listing)? {
        let path = entry.with_context(listing)?.path();
        if path.extension() == Some(OsStr::new("rs")) {
            files.push(path);
        }
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_kinds_are_found() -> Result<()> {
        let files = files_of_kinds(&Workspace::load()?)?;
        for package in ["ipam", "api"] {
            let file = format!("crates/{package}/src/objects/reservation.rs");
            assert!(files.iter().any(|path| path.ends_with(&file)), "{files:?}");
        }
        Ok(())
    }
}
