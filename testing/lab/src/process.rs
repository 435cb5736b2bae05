//! A program running in the background with its output in a log file.
//!
//! Dropping a [`Process`] kills it. The programs started through `nsenter` replace it (`exec`), so a
//! signal reaches the program itself.

use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::command::describe;
use crate::wait::wait_until;

/// How long a killed program may take to disappear.
const KILL_DEADLINE: Duration = Duration::from_secs(5);

/// Where a program's standard output goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stdout {
    Log,
    OwnFile,
}

/// Where a program's streams go instead of its log.
#[derive(Debug, Default)]
pub struct Streams {
    /// Standard output.
    pub output: Option<Stdio>,
    /// Standard error.
    pub errors: Option<Stdio>,
}

/// A child process.
#[derive(Debug)]
pub struct Process {
    name: String,
    child: Child,
    log: PathBuf,
    /// Where this run's part of the log begins, in bytes.
    log_start: u64,
    output: PathBuf,
}

impl Process {
    /// Starts `command`; both output streams are appended to `<dir>/<name>.log`.
    pub fn spawn(name: &str, command: &mut Command, dir: &Path) -> Result<Self> {
        Self::start(name, command, dir, Stdout::Log)
    }

    /// Starts `command` with standard output in `<dir>/<name>.out`, for programs that print data.
    pub fn spawn_with_output(name: &str, command: &mut Command, dir: &Path) -> Result<Self> {
        Self::start(name, command, dir, Stdout::OwnFile)
    }

    /// The same with its streams elsewhere: without standard error there is no log.
    pub fn spawn_to(
        name: &str,
        command: &mut Command,
        dir: &Path,
        streams: Streams,
    ) -> Result<Self> {
        Self::start_with(name, command, dir, Stdout::Log, streams)
    }

    fn start(name: &str, command: &mut Command, dir: &Path, stdout: Stdout) -> Result<Self> {
        Self::start_with(name, command, dir, stdout, Streams::default())
    }

    fn start_with(
        name: &str,
        command: &mut Command,
        dir: &Path,
        stdout: Stdout,
        elsewhere: Streams,
    ) -> Result<Self> {
        let log = dir.join(format!("{name}.log"));
        let output = dir.join(format!("{name}.out"));
        let errors = append_to(&log)?;
        let log_start = errors
            .metadata()
            .with_context(|| format!("measuring {}", log.display()))?
            .len();
        let standard = match stdout {
            Stdout::Log => errors
                .try_clone()
                .with_context(|| format!("sharing {}", log.display()))?,
            Stdout::OwnFile => {
                File::create(&output).with_context(|| format!("making {}", output.display()))?
            }
        };
        let child = command
            .stdin(Stdio::null())
            .stdout(elsewhere.output.unwrap_or_else(|| standard.into()))
            .stderr(elsewhere.errors.unwrap_or_else(|| errors.into()))
            .spawn()
            .with_context(|| format!("starting {}", describe(command)))?;
        Ok(Self {
            name: name.to_owned(),
            child,
            log,
            log_start,
            output,
        })
    }

    /// Its process id, as seen inside the isolated PID namespace.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends `signal`.
    pub fn signal(&self, signal: Signal) -> Result<()> {
        kill(self.raw_pid()?, signal).with_context(|| format!("sending {signal} to {}", self.name))
    }

    /// Freezes the process (SIGSTOP), as a paused virtual machine or a long stall would.
    pub fn stop(&self) -> Result<()> {
        self.signal(Signal::SIGSTOP)
    }

    /// Lets a frozen process run on (SIGCONT).
    pub fn cont(&self) -> Result<()> {
        self.signal(Signal::SIGCONT)
    }

    /// Kills the process (SIGKILL) and waits until it is gone.
    pub fn kill(&mut self) -> Result<ExitStatus> {
        self.child
            .kill()
            .with_context(|| format!("killing {}", self.name))?;
        self.wait(KILL_DEADLINE)
    }

    /// Asks the process to end (SIGTERM) and waits for it.
    pub fn terminate(&mut self, within: Duration) -> Result<ExitStatus> {
        self.signal(Signal::SIGTERM)?;
        self.wait(within)
    }

    /// Waits for the process to end by itself.
    pub fn wait(&mut self, within: Duration) -> Result<ExitStatus> {
        let what = format!("the end of {}", self.name);
        let child = &mut self.child;
        wait_until(&what, within, || Ok(child.try_wait()?))
    }

    /// Waits for the process to end with exit code 0.
    pub fn wait_for_success(&mut self, within: Duration) -> Result<()> {
        let status = self.wait(within)?;
        if !status.success() {
            bail!(
                "{} ended with {status}:\n{}",
                self.name,
                self.log_text()?.trim_end()
            );
        }
        Ok(())
    }

    /// Whether it has not ended yet.
    pub fn is_running(&mut self) -> Result<bool> {
        Ok(self.ended()?.is_none())
    }

    /// How it ended, if it has.
    pub fn ended(&mut self) -> Result<Option<ExitStatus>> {
        self.child
            .try_wait()
            .with_context(|| format!("looking after {}", self.name))
    }

    /// Fails, with the end of the log, if the process has ended.
    pub fn ensure_running(&mut self) -> Result<()> {
        if self.is_running()? {
            return Ok(());
        }
        bail!(
            "{} has ended; its log:\n{}",
            self.name,
            tail(&self.log_text()?)
        )
    }

    /// Everything logged so far, earlier runs under the same name included.
    pub fn log_text(&self) -> Result<String> {
        read_lossy(&self.log)
    }

    /// Everything that this process itself has logged so far.
    pub fn log_of_this_run(&self) -> Result<String> {
        let mut file =
            File::open(&self.log).with_context(|| format!("opening {}", self.log.display()))?;
        file.seek(SeekFrom::Start(self.log_start))
            .with_context(|| format!("seeking in {}", self.log.display()))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)
            .with_context(|| format!("reading {}", self.log.display()))?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// What a process of [`Process::spawn_with_output`] has printed so far.
    pub fn output_text(&self) -> Result<String> {
        read_lossy(&self.output)
    }

    /// How many lines of the log contain `pattern`.
    pub fn count_log_lines(&self, pattern: &str) -> Result<usize> {
        let text = self.log_text()?;
        Ok(text.lines().filter(|line| line.contains(pattern)).count())
    }

    /// Waits for a log line that contains `pattern` and returns it; fails early if the process ends.
    pub fn wait_for_log_line(&mut self, pattern: &str, within: Duration) -> Result<String> {
        let what = format!("{pattern:?} in the log of {}", self.name);
        wait_until(&what, within, || {
            let text = self.log_text()?;
            if let Some(line) = text.lines().find(|line| line.contains(pattern)) {
                return Ok(Some(line.to_owned()));
            }
            self.ensure_running()?;
            Ok(None)
        })
    }

    fn raw_pid(&self) -> Result<Pid> {
        let pid = i32::try_from(self.child.id()).context("a process id beyond i32")?;
        Ok(Pid::from_raw(pid))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Errors here mean that it has ended already, and the PID namespace ends the rest anyway.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn append_to(path: &Path) -> Result<File> {
    File::options()
        .create(true)
        .append(true)
        .open(path)
        .with_context(|| format!("opening {}", path.display()))
}

fn read_lossy(path: &Path) -> Result<String> {
    let bytes = fs::read(path).with_context(|| format!("reading {}", path.display()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The last lines of a log: enough to see why something ended.
fn tail(text: &str) -> String {
    const LINES: usize = 30;
    let lines: Vec<_> = text.lines().collect();
    lines[lines.len().saturating_sub(LINES)..].join("\n")
}
