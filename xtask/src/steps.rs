//! A run of named steps: a heading before each, a table with the durations at the end.
//!
//! A step that fails does not stop the others: one run shows everything that is wrong.

use std::fmt;
use std::time::{Duration, Instant};

use anyhow::Result;

/// How a step ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// All is well.
    Passed,
    /// Not all is well, and why in a line.
    Failed(String),
    /// It could not be done here, and why.
    Skipped(String),
}

/// What has been run.
#[derive(Debug)]
pub struct Steps {
    started: Instant,
    done: Vec<Step>,
    /// How long each may take.
    budget: fn(&str) -> Duration,
}

#[derive(Debug)]
struct Step {
    name: String,
    took: Duration,
    outcome: Outcome,
}

impl Steps {
    /// Starts the clock.
    pub fn new() -> Self {
        Self::within(|_| Duration::MAX)
    }

    /// The same, of which each step has a budget of time, and all together that of the step `total`. What takes
    /// longer fails: what is slow is slow for everybody.
    pub fn within(budget: fn(&str) -> Duration) -> Self {
        Self {
            started: Instant::now(),
            done: Vec::new(),
            budget,
        }
    }

    /// Runs one step. An error in it is a failure of it.
    pub fn run(&mut self, name: &str, step: impl FnOnce() -> Result<Outcome>) -> bool {
        println!("\n── {name} ── (after {})", Clock(self.started.elapsed()));
        let started = Instant::now();
        let outcome = step().unwrap_or_else(|error| Outcome::Failed(format!("{error:#}")));
        let outcome = self.in_time(name, started.elapsed(), outcome);
        match &outcome {
            Outcome::Passed => {}
            Outcome::Failed(why) => println!("FAILED: {why}"),
            Outcome::Skipped(why) => println!("skipped: {why}"),
        }
        let passed = !matches!(outcome, Outcome::Failed(_));
        self.done.push(Step {
            name: name.to_owned(),
            took: started.elapsed(),
            outcome,
        });
        passed
    }

    fn in_time(&self, name: &str, took: Duration, outcome: Outcome) -> Outcome {
        let budget = (self.budget)(name);
        match outcome {
            Outcome::Passed if took > budget => Outcome::Failed(format!(
                "took {}, its budget is {} (xtask/src/test/budget.rs)",
                Clock(took),
                Clock(budget)
            )),
            outcome => outcome,
        }
    }

    /// Notes a step that was not even tried.
    pub fn skip(&mut self, name: &str, why: &str) {
        println!("\n── {name} ── skipped: {why}");
        let outcome = Outcome::Skipped(why.to_owned());
        self.done.push(Step {
            name: name.to_owned(),
            took: Duration::ZERO,
            outcome,
        });
    }

    /// Prints the table; whether nothing failed.
    pub fn finish(self) -> bool {
        println!("\n── summary ──");
        let width = self
            .done
            .iter()
            .map(|step| step.name.chars().count())
            .max()
            .unwrap_or(0);
        for step in &self.done {
            println!(
                "{:<width$}  {:>6}  {}",
                step.name,
                Clock(step.took).to_string(),
                step.outcome
            );
        }
        let failed = self
            .done
            .iter()
            .filter(|step| matches!(step.outcome, Outcome::Failed(_)))
            .count();
        let all = self.in_time("total", self.started.elapsed(), Outcome::Passed);
        let verdict = if failed == 0 {
            all.to_string()
        } else {
            format!("FAILED: {failed} of {}", self.done.len())
        };
        println!(
            "{:<width$}  {:>6}  {verdict}",
            "total",
            Clock(self.started.elapsed()).to_string()
        );
        failed == 0 && all == Outcome::Passed
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Passed => f.write_str("passed"),
            Self::Failed(why) => write!(f, "FAILED: {why}"),
            Self::Skipped(why) => write!(f, "skipped: {why}"),
        }
    }
}

/// Minutes and seconds.
struct Clock(Duration);

impl fmt::Display for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs();
        write!(f, "{}:{:02}", seconds / 60, seconds % 60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_failure_fails_the_run_and_an_error_is_one() {
        let mut steps = Steps::new();
        assert!(steps.run("good", || Ok(Outcome::Passed)));
        assert!(steps.run("absent", || Ok(Outcome::Skipped("no network".to_owned()))));
        assert!(!steps.run("broken", || anyhow::bail!("no such program")));
        assert!(!steps.finish());
    }

    #[test]
    fn a_step_above_its_budget_fails() {
        let budget = |name: &str| match name {
            "slow" => Duration::ZERO,
            _ => Duration::MAX,
        };
        let mut steps = Steps::within(budget);
        assert!(steps.run("quick", || Ok(Outcome::Passed)));
        assert!(!steps.run("slow", || Ok(Outcome::Passed)));
        assert!(!Steps::within(|_| Duration::ZERO).finish());
    }

    #[test]
    fn a_skipped_step_fails_nothing() {
        let mut steps = Steps::new();
        steps.skip("lab", "--fast");
        assert!(steps.finish());
    }
}
