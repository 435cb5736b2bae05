//! A line that tells how the run goes: in place on a terminal, now and then elsewhere.

use std::io::{IsTerminal, Write, stderr};
use std::time::{Duration, Instant};

/// Between two lines on a terminal, and elsewhere.
const LIVE: Duration = Duration::from_millis(500);
const LOGGED: Duration = Duration::from_secs(10);

/// Tells how it goes.
#[derive(Debug)]
pub struct Progress {
    is_terminal: bool,
    total: Duration,
    next: Instant,
}

impl Progress {
    /// For a run of `total`.
    pub fn new(total: Duration) -> Self {
        Self {
            is_terminal: stderr().is_terminal(),
            total,
            next: Instant::now(),
        }
    }

    /// Shows `what` if it is time to.
    pub fn show(&mut self, elapsed: Duration, what: impl FnOnce() -> String) {
        let now = Instant::now();
        if now < self.next {
            return;
        }
        self.next = now + if self.is_terminal { LIVE } else { LOGGED };
        self.print(elapsed, &what());
    }

    /// Shows `what` now.
    pub fn say(&self, elapsed: Duration, what: &str) {
        self.print(elapsed, what);
    }

    /// Ends the line.
    pub fn finish(&self) {
        if self.is_terminal {
            eprintln!();
        }
    }

    fn print(&self, elapsed: Duration, what: &str) {
        let line = format!(
            "{:>4} of {} s  {what}",
            elapsed.as_secs(),
            self.total.as_secs()
        );
        if self.is_terminal {
            eprint!("\r\x1b[K{line}");
            // A terminal that is gone is no reason to stop.
            let _ = stderr().flush();
        } else {
            eprintln!("{line}");
        }
    }
}
