//! A host with systemd: Debian in a container, on the network of a lab's host.
//!
//! `systemd-nspawn --boot` in the host's network namespace; programs go in by `nsenter`. Needs root
//! outside ([`crate::isolate::enter_as_root`]). The container dies with this value.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use crate::command::{output, run};
use crate::netns::Netns;
use crate::process::Process;
use crate::wait::wait_until;

/// How long systemd may take to start everything.
const BOOT: Duration = Duration::from_secs(120);

/// A booted container.
#[derive(Debug)]
pub struct Container {
    root: PathBuf,
    process: Process,
    /// systemd's id, outside.
    init: u32,
}

impl Container {
    /// Copies the file system at `debian` to `dir` and boots it as `name` in `netns`.
    pub fn boot(name: &str, debian: &Path, netns: &Netns, dir: &Path) -> Result<Self> {
        let root = dir.join(name);
        run(Command::new("cp").arg("-a").arg(debian).arg(&root))?;
        let mut nspawn = Command::new("systemd-nspawn");
        nspawn
            .args(["--register=no", "--keep-unit", "--quiet", "--boot"])
            .arg("--capability=CAP_NET_ADMIN")
            .arg(format!("--machine={name}"))
            .arg(format!("--directory={}", root.display()))
            .arg(format!(
                "--network-namespace-path={}",
                netns.path().display()
            ));
        let mut process = Process::spawn(name, &mut nspawn, dir)?;
        let init = wait_until("the container's first process", BOOT, || {
            process.ensure_running()?;
            child_of(process.pid())
        })?;
        let container = Self {
            root,
            process,
            init,
        };
        container.wait_until_booted()?;
        Ok(container)
    }

    /// Its file system, from outside.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Runs a shell script as root in `/root/install`; every line must succeed.
    pub fn run(&self, script: &str) -> Result<String> {
        let outcome = self.attempt(script)?;
        ensure!(
            outcome.status.success(),
            "{}: {}{}\nthe script was:\n{script}",
            outcome.status,
            String::from_utf8_lossy(&outcome.stdout),
            String::from_utf8_lossy(&outcome.stderr)
        );
        Ok(String::from_utf8_lossy(&outcome.stdout).into_owned())
    }

    /// Runs it and returns whatever came of it.
    pub fn attempt(&self, script: &str) -> Result<Output> {
        let mut command = Command::new("nsenter");
        command
            .args(["--target", &self.init.to_string()])
            .args(["--mount", "--uts", "--ipc", "--net", "--pid", "--cgroup"])
            .args(["--root", "--wd", "--"])
            .args(["/usr/bin/env", "-i", "HOME=/root", "TERM=dumb"])
            .arg("PATH=/usr/sbin:/usr/bin:/sbin:/bin")
            .args(["/bin/bash", "-euc"])
            .arg(format!("cd /root/install\n{script}"));
        output(&mut command)
    }

    fn wait_until_booted(&self) -> Result<()> {
        fs::create_dir_all(self.root.join("root/install")).context("making /root/install")?;
        wait_until("systemd to have started", BOOT, || {
            let state = self.attempt("systemctl is-system-running")?;
            let state = String::from_utf8_lossy(&state.stdout).trim().to_owned();
            Ok(matches!(state.as_str(), "running" | "degraded").then_some(()))
        })
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        if let Err(error) = self.process.kill() {
            eprintln!("ending a container: {error:#}");
        }
    }
}

/// systemd as a child of nspawn, once it is there. Before it there is a child that only prepares.
fn child_of(nspawn: u32) -> Result<Option<u32>> {
    let path = format!("/proc/{nspawn}/task/{nspawn}/children");
    let children = fs::read_to_string(&path).with_context(|| format!("reading {path}"))?;
    let is_systemd = |id: &&str| {
        // One that is gone is none.
        fs::read_to_string(format!("/proc/{id}/comm")).is_ok_and(|name| name.trim() == "systemd")
    };
    let found = children.split_whitespace().find(is_systemd);
    found
        .map(|id| id.parse().context("a process id"))
        .transpose()
}
