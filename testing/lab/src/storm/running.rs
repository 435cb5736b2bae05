//! A population running in a virtual machine.

use std::env;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};

use super::history::History;
use super::options::StormOptions;
use crate::process::Process;
use crate::topology::Vm;

/// The hidden subcommand of the `lab` program that runs a population.
pub const SUBCOMMAND: &str = "storm-client";

/// What the process may need beyond its own deadline.
const SLACK: Duration = Duration::from_secs(10);

/// A population that was started and not yet waited for.
#[derive(Debug)]
pub struct RunningStorm {
    process: Process,
    deadline: Duration,
}

impl RunningStorm {
    /// Starts a population on `vm`; `name` tells its files in `dir` apart.
    pub fn start(name: &str, vm: &Vm, options: &StormOptions, dir: &Path) -> Result<Self> {
        let this = env::current_exe().context("finding this executable")?;
        let mut command = vm.command(this);
        command
            .arg(SUBCOMMAND)
            .arg("--json")
            .args(options.to_args());
        Ok(Self {
            process: Process::spawn_with_output(name, &mut command, dir)?,
            deadline: Duration::from_secs(options.deadline) + SLACK,
        })
    }

    /// Waits until all clients are bound or their deadline has passed.
    pub fn finish(mut self) -> Result<History> {
        self.process.wait_for_success(self.deadline)?;
        let json = self.process.output_text()?;
        serde_json::from_str(&json).context("reading the history of a storm")
    }
}
