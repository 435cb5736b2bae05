//! One node: starting, ending, killing, asking.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, anyhow, ensure};
use serde::de::DeserializeOwned;

use super::binaries::Binaries;
use super::config::GatewayConfig;
use super::control::{Answer, Control};
use super::pki;
use super::status::{Lease, Status};
use crate::command::run;
use crate::fault::{FaultyDisk, SteppedClock};
use crate::netns::Netns;
use crate::process::{Process, Streams};
use crate::wait::wait_until;

const TERMINATE_DEADLINE: Duration = Duration::from_secs(15);
/// How long a node may take to refuse what it was told.
const REFUSAL_DEADLINE: Duration = Duration::from_secs(20);
const DATA: &str = "data";
/// Where a disk that can fail is mounted.
const DISK: &str = "disk";

/// A gateway node; it is killed when dropped.
#[derive(Debug)]
pub struct Gateway {
    node: u8,
    count: u8,
    netns: Netns,
    dir: PathBuf,
    binaries: Binaries,
    config: GatewayConfig,
    /// Of `gatewayd run`, at every start.
    flags: Vec<String>,
    clock: Option<SteppedClock>,
    pub(super) process: Option<Process>,
    /// How many faults keep it down (see `hold`).
    pub(super) holds: u8,
    /// After the process: it must outlive it.
    disk: Option<FaultyDisk>,
}

impl Gateway {
    /// Node `node` of `count` on the host in `netns`, not started. Its files go to `dir`.
    pub(crate) fn new(
        node: u8,
        count: u8,
        netns: Netns,
        dir: PathBuf,
        binaries: Binaries,
        config: GatewayConfig,
    ) -> Result<Self> {
        let clock = match config.has_steppable_clock() {
            true => Some(SteppedClock::new(dir.join("clock"))?),
            false => None,
        };
        let disk = match config.has_faulty_disk() {
            true => Some(FaultyDisk::mount(
                &binaries.faulty_disk()?,
                &format!("gw{node}"),
                &dir.join(DISK),
                &dir,
            )?),
            false => None,
        };
        Ok(Self {
            node,
            count,
            netns,
            dir,
            binaries,
            config,
            flags: Vec::new(),
            clock,
            process: None,
            holds: 0,
            disk,
        })
    }

    /// Its number.
    pub fn node(&self) -> u8 {
        self.node
    }

    /// The network namespace of its host.
    pub fn netns(&self) -> &Netns {
        &self.netns
    }

    /// Starts the daemon. Node 1 without data founds the cluster; the others join.
    pub fn start(&mut self) -> Result<()> {
        self.start_with(Streams::default(), &[])
    }

    /// The same with these flags of `gatewayd run`.
    pub fn start_flagged(&mut self, flags: &[&str]) -> Result<()> {
        self.start_with(Streams::default(), flags)
    }

    /// The same with its standard error elsewhere than in its log.
    pub fn start_logging_to(&mut self, errors: Stdio) -> Result<()> {
        self.start_streaming_to(Streams {
            errors: Some(errors),
            ..Streams::default()
        })
    }

    /// The same with any of its streams elsewhere.
    pub fn start_streaming_to(&mut self, streams: Streams) -> Result<()> {
        self.start_with(streams, &[])
    }

    fn start_with(&mut self, streams: Streams, flags: &[&str]) -> Result<()> {
        ensure!(self.process.is_none(), "node {} runs already", self.node);
        let data = self.data_directory();
        let is_new = !data.exists();
        fs::create_dir_all(&data).with_context(|| format!("making {}", data.display()))?;
        let mut command = self.netns.command(&self.binaries.daemon);
        command.arg("run").args(&self.flags).args(flags);
        if self.node == 1 && is_new && flags.is_empty() && self.flags.is_empty() {
            command.arg("--bootstrap");
        }
        let tls = pki::of_node(&self.dir, self.node);
        command.envs(self.config.environment(self.node, self.count, &data, &tls));
        if let Some(clock) = &self.clock {
            command.envs(clock.environment());
        }
        let process = Process::spawn_to("gatewayd", &mut command, &self.dir, streams)?;
        self.process = Some(process);
        Ok(())
    }

    /// Where its log, vote and snapshots are.
    pub fn data_directory(&self) -> PathBuf {
        match self.disk {
            Some(_) => self.dir.join(DISK).join(DATA),
            None => self.dir.join(DATA),
        }
    }

    /// Throws its data away, and gives it a new certificate; it must not run. The directory stays: a full disk
    /// has no room for a new one.
    pub fn wipe(&self) -> Result<()> {
        ensure!(self.process.is_none(), "node {} runs", self.node);
        pki::renew(&self.binaries, &self.dir, self.node)?;
        self.empty()
    }

    /// Throws its data away, as a new disk does; it must not run.
    pub fn empty(&self) -> Result<()> {
        ensure!(self.process.is_none(), "node {} runs", self.node);
        let data = self.data_directory();
        for entry in fs::read_dir(&data).with_context(|| format!("reading {}", data.display()))? {
            let path = entry?.path();
            let removed = match path.is_dir() {
                true => fs::remove_dir_all(&path),
                false => fs::remove_file(&path),
            };
            removed.with_context(|| format!("removing {}", path.display()))?;
        }
        Ok(())
    }

    /// Copies its data to `to`, which is not there yet; it must not run.
    pub fn copy_data(&self, to: &Path) -> Result<()> {
        ensure!(self.process.is_none(), "node {} runs", self.node);
        run(Command::new("cp")
            .arg("-a")
            .args([&*self.data_directory(), to]))?;
        Ok(())
    }

    /// Puts back what [`Gateway::copy_data`] copied; it must not run.
    pub fn restore_data(&self, from: &Path) -> Result<()> {
        ensure!(self.process.is_none(), "node {} runs", self.node);
        let data = self.data_directory();
        fs::remove_dir_all(&data).with_context(|| format!("removing {}", data.display()))?;
        run(Command::new("cp").arg("-a").args([from, &*data]))?;
        Ok(())
    }

    /// Its disk; needs [`GatewayConfig::faulty_disk`].
    pub fn disk(&mut self) -> Result<&mut FaultyDisk> {
        self.disk
            .as_mut()
            .context("the node was started on a plain disk")
    }

    /// Gives it another configuration, for its next start.
    pub fn configure(&mut self, config: GatewayConfig) {
        self.config = config;
    }

    /// Its configuration.
    pub fn config(&self) -> &GatewayConfig {
        &self.config
    }

    /// Changes its configuration, for its next start.
    pub fn reconfigure(&mut self, change: impl FnOnce(GatewayConfig) -> GatewayConfig) {
        self.config = change(std::mem::take(&mut self.config));
    }

    /// Leaves these flags of `gatewayd run` in its unit: every start from now on has them.
    pub fn leave_flags(&mut self, flags: &[&str]) {
        self.flags = flags.iter().map(|flag| (*flag).to_owned()).collect();
    }

    /// Starts the daemon, which must end by itself with an error, and returns what it logged.
    pub fn start_refused(&mut self) -> Result<String> {
        self.start()?;
        self.refused()
    }

    /// Waits until it, which runs, ends by itself with an error, and returns what it logged.
    pub fn refused(&mut self) -> Result<String> {
        let process = self.process()?;
        let status = process.wait(REFUSAL_DEADLINE)?;
        let logged = process.log_of_this_run()?;
        self.process = None;
        ensure!(
            !status.success(),
            "node {} should have refused to run: {logged}",
            self.node
        );
        Ok(logged)
    }

    /// `gatewayd check` with its configuration.
    pub fn check(&self) -> Result<Answer> {
        let tls = pki::of_node(&self.dir, self.node);
        let data = self.data_directory();
        let mut command = self.netns.command(&self.binaries.daemon);
        command
            .arg("check")
            .envs(self.config.environment(self.node, self.count, &data, &tls));
        Answer::of(&mut command)
    }

    /// Where its programs are.
    pub fn binaries(&self) -> &Binaries {
        &self.binaries
    }

    /// The daemon's process, for signals and its log.
    pub fn process(&mut self) -> Result<&mut Process> {
        let node = self.node;
        self.process
            .as_mut()
            .ok_or_else(|| anyhow!("node {node} is not running"))
    }

    /// Kills the daemon as a power cut would end it (SIGKILL).
    pub fn kill_9(&mut self) -> Result<()> {
        self.process()?.kill()?;
        self.process = None;
        Ok(())
    }

    /// Asks the daemon to end (SIGTERM); anything but exit code 0 is an error.
    pub fn terminate(&mut self) -> Result<()> {
        let status = self.process()?.terminate(TERMINATE_DEADLINE)?;
        self.process = None;
        ensure!(
            status.success(),
            "node {} ended with {status} when asked to",
            self.node
        );
        Ok(())
    }

    /// Ends the daemon and starts it again with its data.
    pub fn restart(&mut self) -> Result<()> {
        self.terminate()?;
        self.start()
    }

    /// Sets the offset of the node's wall clock; needs [`GatewayConfig::steppable_clock`].
    pub fn step_clock(&self, seconds: i64) -> Result<()> {
        self.clock
            .as_ref()
            .context("the node was started on the true clock")?
            .step(seconds)
    }

    /// `gatewayctl` on the host.
    pub fn control(&self) -> Control {
        let program = self.binaries.control.clone();
        Control::new(self.node, self.netns.clone(), program)
    }

    /// Runs `gatewayctl` on the host and returns what it printed.
    pub fn ctl(&self, args: &[&str]) -> Result<String> {
        self.control().run(args)
    }

    /// [`Gateway::ctl`] with `--json`, read.
    pub fn ctl_json<T: DeserializeOwned>(&self, args: &[&str]) -> Result<T> {
        self.control().json(args)
    }

    /// `gatewayctl status`, of a node in service or not.
    pub fn status(&self) -> Result<Status> {
        self.control().status()
    }

    /// `gatewayctl lease list`.
    pub fn leases(&self) -> Result<Vec<Lease>> {
        self.control().leases()
    }

    /// Waits until the node's status satisfies `condition`. A node that does not answer yet is waited
    /// for; one that has ended is an error.
    pub fn wait_for_status(
        &mut self,
        what: &str,
        within: Duration,
        condition: impl Fn(&Status) -> bool,
    ) -> Result<Status> {
        let mut last = "none was asked for".to_owned();
        let outcome = wait_until(&format!("node {}: {what}", self.node), within, || {
            self.process()?.ensure_running()?;
            let status = self.status();
            if let Ok(status) = &status
                && condition(status)
            {
                return Ok(Some(status.clone()));
            }
            last = match status {
                Ok(status) => format!("{status:?}"),
                Err(error) => format!("not to be had: {error:#}"),
            };
            Ok(None)
        });
        outcome.with_context(|| format!("the last status was {last}"))
    }

    /// Waits until the node answers DHCP.
    pub fn wait_in_service(&mut self, within: Duration) -> Result<Status> {
        self.wait_for_status("in service", within, |status| status.in_service)
    }
}
