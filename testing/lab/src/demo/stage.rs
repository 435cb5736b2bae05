//! Where the demonstration is told: headings, progress, and a mark for everything that was seen.
//!
//! On a terminal the progress is a spinner that makes room for the result; elsewhere each stage of the
//! work is a line of its own, so that a log reads well.

use std::io::{IsTerminal, stdout};
use std::time::{Duration, Instant};

use anyhow::Result;
use indicatif::{ProgressBar, ProgressDrawTarget};

use super::observation::Observation;
use super::style::Style;
use super::summary::{Seen, Summary};

const SPINNER_INTERVAL: Duration = Duration::from_millis(100);

/// The audience's view.
#[derive(Debug)]
pub struct Stage {
    style: Style,
    is_terminal: bool,
    started: Instant,
    summary: Summary,
}

/// What an observation under way says about itself.
#[derive(Debug)]
pub struct Progress {
    spinner: Option<ProgressBar>,
}

impl Stage {
    /// An empty one, on standard output.
    pub fn new() -> Self {
        Self {
            style: Style::detect(),
            is_terminal: stdout().is_terminal(),
            started: Instant::now(),
            summary: Summary::default(),
        }
    }

    /// Begins an act: what is shown, and why it matters.
    pub fn heading(&self, title: &str, why: &str) {
        println!("\n{}", self.style.bold(title));
        for line in why.lines() {
            println!("{}", self.style.dim(line));
        }
    }

    /// Prints a block of text, indented.
    pub fn show(&self, text: &str) {
        for line in text.lines() {
            println!("    {line}");
        }
    }

    /// Observes one thing. `work` returns its value and, in a short sentence, what was seen.
    pub fn observe<T>(
        &mut self,
        observation: Observation,
        work: impl FnOnce(&Progress) -> Result<(T, String)>,
    ) -> Result<T> {
        let outcome = self.with_progress(observation.title(), work);
        match outcome {
            Ok((value, seen)) => {
                println!("  {} {}: {seen}", self.style.tick(), observation.title());
                self.summary.note(observation, Seen::Yes(seen));
                Ok(value)
            }
            Err(error) => {
                println!("  {} {}", self.style.cross(), observation.title());
                self.summary
                    .note(observation, Seen::No(format!("{error:#}")));
                Err(error)
            }
        }
    }

    /// Does something that takes a while and is no observation by itself.
    pub fn with_progress<T>(
        &self,
        what: &str,
        work: impl FnOnce(&Progress) -> Result<T>,
    ) -> Result<T> {
        let progress = Progress {
            spinner: self.is_terminal.then(spinner),
        };
        if let Some(spinner) = &progress.spinner {
            spinner.set_message(format!("{what} …"));
        }
        let outcome = work(&progress);
        if let Some(spinner) = &progress.spinner {
            spinner.finish_and_clear();
        }
        outcome
    }

    /// Prints the summary and returns whether everything was seen.
    pub fn finish(&self) -> bool {
        println!("\n{}", self.style.bold("Summary"));
        print!("{}", self.summary.table(self.style));
        let missing = self.summary.missing();
        let seconds = self.started.elapsed().as_secs();
        if missing.is_empty() {
            println!("\nAll of it was observed, in {seconds} s.");
        } else {
            println!("\nNot observed ({seconds} s):");
            for (observation, why) in &missing {
                println!("  {} {}: {why}", self.style.cross(), observation.title());
            }
        }
        missing.is_empty()
    }
}

impl Default for Stage {
    fn default() -> Self {
        Self::new()
    }
}

impl Progress {
    /// Says what is being done now.
    pub fn say(&self, text: &str) {
        match &self.spinner {
            Some(spinner) => spinner.set_message(format!("{text} …")),
            None => println!("    {text} …"),
        }
    }
}

fn spinner() -> ProgressBar {
    let spinner = ProgressBar::new_spinner();
    spinner.set_draw_target(ProgressDrawTarget::stdout());
    spinner.enable_steady_tick(SPINNER_INTERVAL);
    spinner
}
