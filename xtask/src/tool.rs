//! cargo's subcommands that are installed with `cargo install`, each at the version that was tried.

use std::process::{Command, Stdio};

use anyhow::{Context, Result};

use crate::cargo::{cargo, run as run_program};
use crate::steps::Outcome;
use crate::workspace::Workspace;

/// `cargo NAME`, from the package `cargo-NAME`.
#[derive(Clone, Copy, Debug)]
pub struct Tool {
    /// As cargo calls it.
    pub name: &'static str,
    /// Installed if there is none; another one that is there is taken.
    pub version: &'static str,
}

impl Tool {
    /// Installs it if there is none.
    pub fn ensure_installed(self, workspace: &Workspace) -> Result<Outcome> {
        let Tool { name, version } = self;
        if let Some(found) = self.found(workspace)? {
            println!("{found}");
            return Ok(Outcome::Passed);
        }
        println!("Installing cargo-{name} {version} with cargo install (takes minutes, once) …");
        run_program(&mut self.install(workspace))
    }

    /// The command that installs it, if there is none.
    pub fn missing(self, workspace: &Workspace) -> Result<Option<Command>> {
        let found = self.found(workspace)?;
        Ok(found.is_none().then(|| self.install(workspace)))
    }

    /// What it says of itself.
    fn found(self, workspace: &Workspace) -> Result<Option<String>> {
        let asked = cargo(workspace, &[self.name, "--version"])
            .stderr(Stdio::null())
            .output()
            .with_context(|| format!("running cargo {}", self.name))?;
        let said = String::from_utf8_lossy(&asked.stdout).trim().to_owned();
        Ok(asked.status.success().then_some(said))
    }

    fn install(self, workspace: &Workspace) -> Command {
        let package = format!("cargo-{}", self.name);
        let arguments = ["install", "--locked", &package, "--version", self.version];
        cargo(workspace, &arguments)
    }
}
