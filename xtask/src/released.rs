//! The programs as operators get them. A dev build has openraft's debug assertions, which stop a node where
//! a release goes on with what is wrong: drills and fault tests play the release.

use std::path::PathBuf;

use anyhow::{Result, bail};

use crate::cargo::{cargo, run as run_program};
use crate::steps::Outcome;
use crate::workspace::Workspace;

/// Builds these packages.
pub fn build(workspace: &Workspace, packages: &[&str]) -> Result<()> {
    println!(
        "Building {} as a release (minutes the first time) …",
        packages.join(", ")
    );
    let mut build = cargo(workspace, &["build", "--release", "--locked"]);
    for package in packages {
        build.args(["-p", package]);
    }
    match run_program(&mut build)? {
        Outcome::Failed(why) => bail!("{why}"),
        Outcome::Passed | Outcome::Skipped(_) => Ok(()),
    }
}

/// A program that [`build`] has built. What a harness starts lies beside it.
pub fn program(workspace: &Workspace, name: &str) -> PathBuf {
    workspace.target.join("release").join(name)
}
