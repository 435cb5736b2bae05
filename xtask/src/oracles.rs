//! Other people's DHCP servers and clients, unpacked below `target/`: what the drills `oracles` and `managers` play
//! beside our own.
//!
//! They are never installed: an installed DHCP server starts a service. apt fetches them, with the libraries that this
//! machine lacks, by lists and a cache of its own; nothing of that needs root.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::cargo::run as run_program;
use crate::steps::Outcome;
use crate::workspace::Workspace;

/// The scenarios that play them.
pub const SCENARIOS: [&str; 2] = ["oracles", "managers"];
/// The list of packages, and the group in it.
const PACKAGES: &str = "deploy/packages/debian.txt";
const GROUP: &str = "oracles";
/// Below the workspace. The scenarios know it, too.
const DIRECTORY: &str = "target/lab/oracles";
/// In the directory: what came out of the packages.
const ROOT: &str = "root";
/// Written last: which packages those are.
const UNPACKED: &str = "packages";

/// Fetches and unpacks them, once.
pub fn prepare(workspace: &Workspace) -> Result<Outcome> {
    let directory = workspace.root.join(DIRECTORY);
    let list = workspace.root.join(PACKAGES);
    let list = fs::read_to_string(&list).with_context(|| format!("reading {}", list.display()))?;
    let names = names(&list).collect::<Vec<_>>();
    // None before the first time.
    let unpacked = fs::read_to_string(directory.join(UNPACKED)).ok();
    if unpacked.is_some_and(|unpacked| unpacked == names.join(" ")) {
        return Ok(Outcome::Passed);
    }
    clear(&directory)?;
    let apt = Apt::new(&directory)?;
    let mut download = apt.command(&["install", "--yes", "--download-only"]);
    download.arg("--no-install-recommends").args(&names);
    for mut step in [apt.command(&["update"]), download] {
        let outcome = run_program(&mut step)?;
        if outcome != Outcome::Passed {
            return Ok(outcome);
        }
    }
    let outcome = unpack(&apt.archives, &directory.join(ROOT))?;
    if outcome == Outcome::Passed {
        let done = directory.join(UNPACKED);
        fs::write(&done, names.join(" ")).with_context(|| format!("writing {}", done.display()))?;
    }
    Ok(outcome)
}

fn clear(directory: &Path) -> Result<()> {
    if directory.exists() {
        fs::remove_dir_all(directory)
            .with_context(|| format!("removing {}", directory.display()))?;
    }
    Ok(())
}

/// The names of the group's packages.
fn names(list: &str) -> impl Iterator<Item = &str> {
    let of_group = |line: &'_ str| line.split_whitespace().next() == Some(GROUP);
    let lines = list.lines().filter(move |line| of_group(line));
    lines.filter_map(|line| line.split_whitespace().nth(1))
}

/// Nothing comes out where this machine has all of it installed.
fn unpack(archives: &Path, root: &Path) -> Result<Outcome> {
    fs::create_dir_all(root).with_context(|| format!("making {}", root.display()))?;
    let all = fs::read_dir(archives).with_context(|| format!("reading {}", archives.display()))?;
    for archive in all {
        let archive = archive.with_context(|| format!("reading {}", archives.display()))?;
        let archive = archive.path();
        if archive
            .extension()
            .is_none_or(|extension| extension != "deb")
        {
            continue;
        }
        let mut dpkg = Command::new("dpkg");
        dpkg.arg("--extract").arg(&archive).arg(root);
        let outcome = run_program(&mut dpkg)?;
        if outcome != Outcome::Passed {
            return Ok(outcome);
        }
    }
    Ok(Outcome::Passed)
}

/// apt-get with lists and a cache of its own.
struct Apt {
    lists: PathBuf,
    archives: PathBuf,
}

impl Apt {
    fn new(directory: &Path) -> Result<Self> {
        let apt = Self {
            lists: directory.join("lists"),
            archives: directory.join("archives"),
        };
        for part in [&apt.lists, &apt.archives] {
            let partial = part.join("partial");
            fs::create_dir_all(&partial)
                .with_context(|| format!("making {}", partial.display()))?;
        }
        Ok(apt)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut apt = Command::new("apt-get");
        apt.arg("--quiet")
            .arg(format!("-oDir::State::Lists={}", self.lists.display()))
            .arg(format!(
                "-oDir::Cache::Archives={}",
                self.archives.display()
            ))
            .args(["-oDir::Cache::pkgcache=", "-oDir::Cache::srcpkgcache="])
            // Nothing is shared, so nothing needs a lock; and apt's own user may not write here.
            .args(["-oDebug::NoLocking=1", "-oAPT::Sandbox::User=root"])
            .args(arguments);
        apt
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_names_the_servers_and_nothing_that_is_installed() {
        let list = include_str!("../../deploy/packages/debian.txt");
        let names: Vec<_> = names(list).collect();
        assert!(names.contains(&"kea-dhcp4-server"), "{names:?}");
        assert!(!names.contains(&"gcc"), "{names:?}");
    }
}
