//! A limit for a program's running time: a test that hangs must fail, and by name.

use std::process::{Child, Command, ExitStatus};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::cargo::describe;
use crate::steps::Outcome;

/// How often we look.
const POLL: Duration = Duration::from_millis(50);

/// Runs a program to its end, or kills it when `limit` has passed.
pub fn run_for(command: &mut Command, limit: Duration) -> Result<Outcome> {
    let name = describe(command);
    let mut child = command
        .spawn()
        .with_context(|| format!("starting {name}"))?;
    let ended = wait(&mut child, limit).with_context(|| format!("waiting for {name}"))?;
    Ok(match ended {
        Some(status) if status.success() => Outcome::Passed,
        Some(status) => Outcome::Failed(format!("{name}: {status}")),
        None => Outcome::Failed(format!("{name} hung: killed after {} s", limit.as_secs())),
    })
}

/// How it ended; nothing if it was killed.
fn wait(child: &mut Child, limit: Duration) -> Result<Option<ExitStatus>> {
    let deadline = Instant::now() + limit;
    while Instant::now() < deadline {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        sleep(POLL);
    }
    child.kill()?;
    child.wait()?;
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_hangs_is_killed_and_named() {
        let mut sleeper = Command::new("sleep");
        let outcome = run_for(sleeper.arg("600"), Duration::from_millis(100)).expect("sleep runs");
        assert!(matches!(outcome, Outcome::Failed(why) if why.contains("sleep 600 hung")));
    }

    #[test]
    fn what_ends_in_time_is_judged_by_its_status() {
        let limit = Duration::from_secs(60);
        let outcome = |program: &str| run_for(&mut Command::new(program), limit).expect("it runs");
        assert_eq!(outcome("true"), Outcome::Passed);
        assert!(matches!(outcome("false"), Outcome::Failed(_)));
    }
}
