//! `gatewayctl` on one host, as operators and their scripts run it.
//!
//! A clone asks the same node, from any thread, whether the daemon runs or not.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};
use serde::de::DeserializeOwned;

use super::status::{Lease, Status};
use crate::command::{output, run, run_accepting};
use crate::netns::Netns;

/// `gatewayctl status` answers in full and ends with 5 when the node does not serve, with 7 when
/// something is amiss.
const STATUS_CODES: [i32; 3] = [0, 5, 7];

/// The tool, and the host to run it on.
#[derive(Debug, Clone)]
pub struct Control {
    node: u8,
    netns: Netns,
    program: PathBuf,
}

/// What came of one call of the tool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Its exit status; none if a signal ended it.
    pub code: Option<i32>,
    /// What it printed for programs.
    pub output: String,
    /// What it printed for people.
    pub complaint: String,
}

impl Answer {
    /// Runs a command to its end.
    pub(super) fn of(command: &mut Command) -> Result<Self> {
        let outcome = output(command)?;
        Ok(Self {
            code: outcome.status.code(),
            output: String::from_utf8_lossy(&outcome.stdout).into_owned(),
            complaint: String::from_utf8_lossy(&outcome.stderr).trim().to_owned(),
        })
    }
}

impl Control {
    pub(super) fn new(node: u8, netns: Netns, program: PathBuf) -> Self {
        Self {
            node,
            netns,
            program,
        }
    }

    /// The number of the node that it asks.
    pub fn node(&self) -> u8 {
        self.node
    }

    /// Runs it and returns what it printed; anything but exit status 0 is an error.
    pub fn run(&self, args: &[&str]) -> Result<String> {
        run(self.netns.command(&self.program).args(args))
    }

    /// Runs it and returns whatever came of it; only failure to run it at all is an error.
    pub fn attempt(&self, args: &[&str]) -> Result<Answer> {
        Answer::of(self.netns.command(&self.program).args(args))
    }

    /// [`Control::run`] with `--json`, read.
    pub fn json<T: DeserializeOwned>(&self, args: &[&str]) -> Result<T> {
        self.read_json(args, &[0])
    }

    /// `gatewayctl status`, of a node in service or not.
    pub fn status(&self) -> Result<Status> {
        self.read_json(&["status"], &STATUS_CODES)
    }

    /// The same, but an answer takes at most `seconds`: for a node that may be frozen.
    pub fn status_within(&self, seconds: &str) -> Result<Status> {
        self.read_json(&["status", "--timeout", seconds], &STATUS_CODES)
    }

    /// `gatewayctl lease list`.
    pub fn leases(&self) -> Result<Vec<Lease>> {
        self.json(&["lease", "list"])
    }

    fn read_json<T: DeserializeOwned>(&self, args: &[&str], codes: &[i32]) -> Result<T> {
        let mut command = self.netns.command(&self.program);
        let text = run_accepting(command.args(args).arg("--json"), codes)?;
        serde_json::from_str(&text)
            .with_context(|| format!("gatewayctl {} --json printed {text:?}", args.join(" ")))
    }
}
