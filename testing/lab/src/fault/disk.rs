//! A node's disk that can be made to fail: `faultfs` under its data directory.
//!
//! The file system is a process of its own, in the lab's mount namespace; it ends with the lab. What
//! it holds is in memory, so a cut of its power ([`FaultyDisk::cut_power`]) loses exactly what was
//! not synced. The socket for commands is in `/run`, which is the lab's own: a path below the run's
//! directory may be too long for a socket.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::command::run;
use crate::process::Process;

/// What every sync takes on a slow disk, in milliseconds.
const SLOW_MS: &str = "250";
const MOUNTED: Duration = Duration::from_secs(5);

/// A file system in user space, mounted.
#[derive(Debug)]
pub struct FaultyDisk {
    program: PathBuf,
    socket: String,
    /// Cuts of the power that are not over.
    cuts: u8,
    _process: Process,
}

impl FaultyDisk {
    /// Mounts one at `mount_point`; `name` tells it from others, its log goes to `logs`.
    pub fn mount(program: &Path, name: &str, mount_point: &Path, logs: &Path) -> Result<Self> {
        fs::create_dir_all(mount_point)
            .with_context(|| format!("making {}", mount_point.display()))?;
        let socket = format!("/run/faultfs-{name}");
        let mut command = Command::new(program);
        command.arg("mount").arg(mount_point);
        command.args(["--control", &socket]);
        let mut process = Process::spawn("faultfs", &mut command, logs)?;
        process.wait_for_log_line("mounted", MOUNTED)?;
        Ok(Self {
            program: program.to_owned(),
            socket,
            cuts: 0,
            _process: process,
        })
    }

    /// Every write says that there is no room.
    pub fn fill(&self) -> Result<()> {
        self.tell(&["full", "on"])
    }

    /// Every sync fails.
    pub fn fail_syncs(&self) -> Result<()> {
        self.tell(&["fsync", "fail"])
    }

    /// Every sync takes its time.
    pub fn slow_down(&self) -> Result<()> {
        self.tell(&["slow", SLOW_MS])
    }

    /// The power goes. Of what was not synced, a part survives that `seed` decides.
    pub fn cut_power(&mut self, seed: u64) -> Result<()> {
        self.cuts += 1;
        match self.cuts {
            1 => self.tell(&["cut", "torn", &seed.to_string()]),
            _ => Ok(()),
        }
    }

    /// One cut is over. After the last the power is back; whoever had files open must have ended.
    pub fn restore_power(&mut self) -> Result<()> {
        self.cuts = self.cuts.saturating_sub(1);
        match self.cuts {
            0 => self.tell(&["on"]),
            _ => Ok(()),
        }
    }

    /// No faults any more; without power it stays so.
    pub fn heal(&self) -> Result<()> {
        self.tell(&["heal"])
    }

    fn tell(&self, words: &[&str]) -> Result<()> {
        let mut command = Command::new(&self.program);
        run(command.args(["ctl", &self.socket]).args(words))?;
        Ok(())
    }
}
