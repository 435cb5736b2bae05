//! The lab's outermost process, as the rest of the machine sees it.
//!
//! It is the `unshare` that the lab was started through; its only child is the first process of the
//! lab's PID namespace. Inside, nobody can see their numbers, so they are handed in by the environment.

use std::env;
use std::fs;
use std::path::Path;
use std::process;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

/// Set for the inner process: the number and the start time of the outer one.
const VARIABLE: &str = "LAB_OUTSIDE";
/// The start time's place in `/proc/PID/stat`, counted after the program's name (proc(5): 22).
const START_TIME: usize = 19;

/// A process, beyond doubt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outside {
    pid: u32,
    started: u64,
}

impl Outside {
    /// This process, which is about to become `unshare`.
    pub fn this_process() -> Result<Self> {
        let pid = process::id();
        let started = start_time(pid)?;
        Ok(Self { pid, started })
    }

    /// The environment that hands it to the inside.
    pub fn environment(self) -> (&'static str, String) {
        (VARIABLE, format!("{} {}", self.pid, self.started))
    }

    /// What [`Outside::environment`] handed in.
    pub fn from_environment() -> Result<Self> {
        let text = env::var(VARIABLE).with_context(|| format!("reading {VARIABLE}"))?;
        let parsed = text.split_once(' ').and_then(|(pid, started)| {
            Some(Self {
                pid: pid.parse().ok()?,
                started: started.parse().ok()?,
            })
        });
        parsed.with_context(|| format!("{VARIABLE}={text:?}"))
    }

    /// When it started, in ticks since the machine did.
    pub fn started(self) -> u64 {
        self.started
    }

    /// Whether it has not ended.
    pub fn is_running(self) -> bool {
        start_time(self.pid).is_ok_and(|started| started == self.started)
    }

    /// The first process inside, by its number outside.
    pub fn init(self) -> Result<u32> {
        let path = format!("/proc/{0}/task/{0}/children", self.pid);
        let children = fs::read_to_string(&path).with_context(|| format!("reading {path}"))?;
        let first = children.split_whitespace().next();
        first
            .and_then(|pid| pid.parse().ok())
            .with_context(|| format!("the lab's process {} has no child", self.pid))
    }

    /// Whether the process `init` inside has a user namespace of its own.
    pub fn has_user_namespace(self, init: u32) -> Result<bool> {
        Ok(user_namespace(&init.to_string())? != user_namespace("self")?)
    }
}

fn user_namespace(process: &str) -> Result<std::path::PathBuf> {
    let path = Path::new("/proc").join(process).join("ns/user");
    fs::read_link(&path).with_context(|| format!("reading {}", path.display()))
}

fn start_time(pid: u32) -> Result<u64> {
    let path = format!("/proc/{pid}/stat");
    let text = fs::read_to_string(&path).with_context(|| format!("reading {path}"))?;
    // The program's name is in parentheses and may contain anything.
    let (_, after_name) = text.rsplit_once(") ").context("a process without a name")?;
    let field = after_name.split(' ').nth(START_TIME);
    field
        .and_then(|field| field.parse().ok())
        .with_context(|| format!("{path} has no start time"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_runs_and_another_start_time_is_another_process() {
        let this = Outside::this_process().expect("readable");
        assert!(this.is_running());
        let stranger = Outside {
            started: this.started + 1,
            ..this
        };
        assert!(!stranger.is_running());
    }
}
