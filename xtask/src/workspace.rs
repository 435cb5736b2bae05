//! What cargo knows about this workspace.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

/// The workspace: `cargo metadata --no-deps`, as far as we look at it.
#[derive(Clone, Debug, Deserialize)]
pub struct Workspace {
    /// The members.
    pub packages: Vec<Package>,
    /// Where the workspace's manifest is.
    #[serde(rename = "workspace_root")]
    pub root: PathBuf,
    /// Where cargo builds.
    #[serde(rename = "target_directory")]
    pub target: PathBuf,
}

/// A member.
#[derive(Clone, Debug, Deserialize)]
pub struct Package {
    /// Its name.
    pub name: String,
    /// cargo's name for it, with path and version.
    pub id: String,
    /// Its manifest.
    pub manifest_path: PathBuf,
    /// What it depends on directly.
    pub dependencies: Vec<Dependency>,
    /// What it builds.
    pub targets: Vec<Target>,
}

/// A direct dependency of any kind.
#[derive(Clone, Debug, Deserialize)]
pub struct Dependency {
    /// The crate's name in the registry.
    pub name: String,
}

/// Something that a package builds.
#[derive(Clone, Debug, Deserialize)]
pub struct Target {
    /// Its name.
    pub name: String,
    /// lib, bin, test, bench, …
    pub kind: Vec<String>,
}

impl Workspace {
    /// Asks cargo. Reads nothing from the network.
    pub fn load() -> Result<Self> {
        let output = Command::new(crate::cargo::program())
            .args(["metadata", "--no-deps", "--format-version=1"])
            .stderr(Stdio::inherit())
            .output()
            .context("running cargo metadata")?;
        ensure!(
            output.status.success(),
            "cargo metadata failed: {}",
            output.status
        );
        serde_json::from_slice(&output.stdout).context("reading what cargo metadata printed")
    }

    /// A program that the dev profile built.
    pub fn program(&self, name: &str) -> PathBuf {
        self.target.join("debug").join(name)
    }

    /// The members' names.
    pub fn names(&self) -> BTreeSet<&str> {
        self.packages
            .iter()
            .map(|package| package.name.as_str())
            .collect()
    }

    /// `path` as people name it: from the workspace's root.
    pub fn relative<'a>(&self, path: &'a Path) -> &'a Path {
        path.strip_prefix(&self.root).unwrap_or(path)
    }
}

impl Package {
    /// Where its manifest is.
    pub fn directory(&self) -> &Path {
        self.manifest_path.parent().unwrap_or(&self.manifest_path)
    }
}
