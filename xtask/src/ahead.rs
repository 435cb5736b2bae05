//! Builds for later steps, while earlier ones wait for real time to pass.
//!
//! The tests of the cluster and the lab leave the processors idle for minutes. What the later steps
//! build is built meanwhile, at the lowest priority. It is only a head start: each step builds again
//! what it needs, which then takes seconds, and shows what is wrong.

use std::process::{Command, Stdio};
use std::thread::{self, JoinHandle};

use anyhow::{Result, bail};

/// Commands that run one after the other.
pub struct Ahead(JoinHandle<()>);

impl Ahead {
    /// Begins, and returns at once.
    pub fn start(commands: Vec<Command>) -> Self {
        Self(thread::spawn(move || {
            for command in commands {
                let mut nice = at_lowest_priority(&command);
                let quiet = nice.stdout(Stdio::null()).stderr(Stdio::null());
                // What fails here fails again in its step, where it is shown.
                drop(quiet.status());
            }
        }))
    }

    /// Waits for all of them.
    pub fn finish(self) -> Result<()> {
        match self.0.join() {
            Ok(()) => Ok(()),
            Err(_) => bail!("the thread that builds ahead panicked"),
        }
    }
}

fn at_lowest_priority(command: &Command) -> Command {
    let mut nice = Command::new("nice");
    nice.args(["-n", "19"]).arg(command.get_program());
    nice.args(command.get_args());
    if let Some(directory) = command.get_current_dir() {
        nice.current_dir(directory);
    }
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => nice.env(name, value),
            None => nice.env_remove(name),
        };
    }
    nice
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn commands_run_in_order_also_after_one_that_fails() {
        let directory = tempfile::tempdir().unwrap();
        let step = |script: &str| {
            let mut command = Command::new("sh");
            let command_line = ["-c", script];
            command.args(command_line).current_dir(directory.path());
            command.env("WORD", "there");
            command
        };
        let commands = vec![step("echo $WORD >a"), step("false"), step("mv a b")];
        Ahead::start(commands).finish().unwrap();
        let found = std::fs::read_to_string(directory.path().join("b")).unwrap();
        assert_eq!(found, "there\n");
    }
}
