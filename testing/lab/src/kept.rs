//! A lab that stays up after its demonstration, and the way into it from another terminal.
//!
//! The lab writes a small file into its work directory: its outermost process, and what there is to
//! enter. [`KeptLab::find`] looks for such files; [`KeptLab::command`] builds the `nsenter` line.
//! The process is named with its start time, so that a file left behind by a lab that is gone never
//! leads into a stranger's process that has got the number since.

mod entry_point;
mod instructions;
mod outside;

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use nix::unistd::Uid;
use serde::{Deserialize, Serialize};

pub use entry_point::EntryPoint;
pub use instructions::instructions;
pub use outside::Outside;

use crate::demo::Cast;
use crate::lab::Lab;
use crate::topology::internet;

/// In the work directory.
const FILE: &str = "lab.json";
/// How work directories begin.
const PREFIX: &str = "lab-";
const SHELL: [&str; 3] = ["bash", "--norc", "-i"];

/// What the file says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptLab {
    outside: Outside,
    programs: PathBuf,
    places: Vec<EntryPoint>,
}

impl KeptLab {
    /// Writes down `lab` and its machines.
    pub fn record(lab: &Lab, cast: &Cast) -> Result<Self> {
        let this = env::current_exe().context("finding this executable")?;
        let programs = this.parent().context("an executable without a directory")?;
        let hosts = lab.topology().hosts().iter();
        let mut places: Vec<_> = hosts
            .map(|host| EntryPoint::network(host.netns().name()))
            .collect();
        places.push(EntryPoint::network(internet::NAME));
        places.extend(
            cast.actors
                .iter()
                .map(|actor| EntryPoint::machine(actor.vm())),
        );
        let kept = Self {
            outside: Outside::from_environment()?,
            programs: programs.to_owned(),
            places,
        };
        let path = lab.dir().join(FILE);
        fs::write(&path, serde_json::to_string(&kept)?)
            .with_context(|| format!("writing {}", path.display()))?;
        Ok(kept)
    }

    /// The lab that is up. With several, the one that was started last.
    pub fn find() -> Result<Self> {
        let mut found = Vec::new();
        let directory = env::temp_dir();
        let entries =
            fs::read_dir(&directory).with_context(|| format!("listing {}", directory.display()))?;
        for entry in entries {
            let entry = entry.context("listing work directories")?;
            let path = entry.path().join(FILE);
            let is_ours = entry.file_name().to_string_lossy().starts_with(PREFIX);
            // Another user's directory cannot be looked into, and is not asked for.
            if is_ours && path.is_file() {
                found.extend(Self::read(&path).ok());
            }
        }
        found.retain(|kept| kept.outside.is_running());
        let latest = found.into_iter().max_by_key(|kept| kept.outside.started());
        latest.context("no lab is up; start one with `./x demo --keep`")
    }

    fn read(path: &Path) -> Result<Self> {
        let text =
            fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
        serde_json::from_str(&text).with_context(|| format!("understanding {}", path.display()))
    }

    /// What can be entered.
    pub fn names(&self) -> Vec<&str> {
        self.places.iter().map(EntryPoint::name).collect()
    }

    /// The command that runs `words` in the place called `name`; a shell if there are none.
    pub fn command(&self, name: &str, words: &[OsString]) -> Result<Command> {
        let place = self.places.iter().find(|place| place.name() == name);
        let names = self.names().join(", ");
        let place = place.with_context(|| format!("there is no {name:?}; there are {names}"))?;
        let init = self.outside.init()?;
        let mut command = Command::new("nsenter");
        command.arg(format!("--target={init}"));
        if self.outside.has_user_namespace(init)? {
            command.arg("--user");
            if !Uid::effective().is_root() {
                // Our user is root inside already; becoming another is refused.
                command.arg("--preserve-credentials");
            }
        }
        command.args(["--mount", "--pid", "--uts", "--ipc", "--", "nsenter"]);
        command.args(place.nsenter_args()).arg("--");
        if words.is_empty() {
            command.args(SHELL).env("PS1", format!("{name}# "));
        } else {
            command.args(words);
        }
        command.env("PATH", self.path_with_programs()?);
        Ok(command)
    }

    /// The product's programs are found by their names.
    fn path_with_programs(&self) -> Result<OsString> {
        let path = env::var_os("PATH").unwrap_or_default();
        let system = ["/usr/sbin", "/sbin"].map(PathBuf::from);
        let all = [self.programs.clone()]
            .into_iter()
            .chain(env::split_paths(&path))
            .chain(system);
        env::join_paths(all).context("adding the product's programs to PATH")
    }
}
