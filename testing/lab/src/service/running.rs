//! The service as a background process in a namespace.

use std::env;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};

use super::serve::READY;
use crate::netns::Netns;
use crate::process::Process;

/// The subcommand of the `lab` program that serves.
pub const SUBCOMMAND: &str = "serve";

const START_DEADLINE: Duration = Duration::from_secs(5);

/// A running service; it ends when dropped.
#[derive(Debug)]
pub struct RunningService {
    _process: Process,
}

impl RunningService {
    /// Serves on `listen` in `netns`, and returns once it accepts callers.
    pub fn start(netns: &Netns, listen: SocketAddr, dir: &Path) -> Result<Self> {
        let this = env::current_exe().context("finding this executable")?;
        let mut command = netns.command(this);
        command.args([SUBCOMMAND, "--listen", &listen.to_string()]);
        let name = format!("serve-{}-{}", netns.name(), listen.port());
        let mut process = Process::spawn(&name, &mut command, dir)?;
        process.wait_for_log_line(READY, START_DEADLINE)?;
        Ok(Self { _process: process })
    }
}
