//! Suppresses repeated log lines.
//!
//! The log has one line for each change: whoever looks for what happened should not have to read what
//! merely continues. The same line (its place in the code and all its fields) is shown [`SHOWN`] times within
//! [`WINDOW`], and then counted; the count is told before its next showing. Debugging shows everything.

use super::sink::Sink;
use std::collections::HashMap;
use std::fmt::{self, Write};
use std::hash::{DefaultHasher, Hasher};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::layer::{Context, Filter};

/// For how long an equal line counts as a repetition.
const WINDOW: Duration = Duration::from_secs(600);
/// How often it is shown in that time: what comes and goes is a change each time.
const SHOWN: u32 = 5;
/// How many different lines are remembered.
const REMEMBERED: usize = 1024;

/// Leaves out repeated lines.
pub struct RepeatFilter {
    sink: Sink,
    /// The target whose lines are all shown.
    all_of: &'static str,
    seen: Mutex<HashMap<u64, Seen>>,
}

struct Seen {
    since: Instant,
    shown: u32,
    left_out: u64,
}

/// What to do with a line.
#[derive(Debug, PartialEq, Eq)]
enum Decision {
    Show,
    /// Show it, and say first how many were left out.
    ShowAfter(u64),
    LeaveOut,
}

impl RepeatFilter {
    /// Leaves out nothing of the target `all_of`.
    pub fn new(sink: Sink, all_of: &'static str) -> Self {
        let seen = Mutex::default();
        Self { sink, all_of, seen }
    }

    fn decide(&self, line: u64, now: Instant) -> Decision {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.len() >= REMEMBERED && !seen.contains_key(&line) {
            seen.retain(|_, seen| now.duration_since(seen.since) < WINDOW);
            if seen.len() >= REMEMBERED {
                seen.clear();
            }
        }
        let new = Seen {
            since: now,
            shown: 0,
            left_out: 0,
        };
        let entry = seen.entry(line).or_insert(new);
        let mut left_out = 0;
        if now.duration_since(entry.since) >= WINDOW {
            left_out = entry.left_out;
            (entry.since, entry.shown, entry.left_out) = (now, 0, 0);
        }
        if entry.shown >= SHOWN {
            entry.left_out += 1;
            return Decision::LeaveOut;
        }
        entry.shown += 1;
        match left_out {
            0 => Decision::Show,
            left_out => Decision::ShowAfter(left_out),
        }
    }
}

impl<S: Subscriber> Filter<S> for RepeatFilter {
    fn enabled(&self, _: &Metadata<'_>, _: &Context<'_, S>) -> bool {
        true
    }

    fn event_enabled(&self, event: &Event<'_>, _: &Context<'_, S>) -> bool {
        let metadata = event.metadata();
        if *metadata.level() > Level::INFO || metadata.target() == self.all_of {
            return true;
        }
        match self.decide(fingerprint(event), Instant::now()) {
            Decision::Show => true,
            Decision::LeaveOut => false,
            Decision::ShowAfter(left_out) => {
                let line = format!("gatewayd: {left_out} more of the next line were left out\n");
                self.sink.line(line.into_bytes());
                true
            }
        }
    }
}

/// Equal for lines that look the same but for their time.
fn fingerprint(event: &Event<'_>) -> u64 {
    let metadata = event.metadata();
    let mut text = Hashed(DefaultHasher::new());
    text.0.write(metadata.target().as_bytes());
    text.0.write_u32(metadata.line().unwrap_or(0));
    event.record(&mut text);
    text.0.finish()
}

struct Hashed(DefaultHasher);

impl Write for Hashed {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.write(text.as_bytes());
        Ok(())
    }
}

impl Visit for Hashed {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.write(field.name().as_bytes());
        // A value that cannot be written leaves less to tell lines apart by, and no more.
        let _ = write!(self, "={value:?};");
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn the_same_line_is_shown_a_few_times_and_then_counted() {
        let repeats = RepeatFilter::new(Sink::start(std::io::sink()).unwrap(), "audit");
        let start = Instant::now();
        let mut shown = 0;
        for second in 0..599 {
            let now = start + Duration::from_secs(second);
            shown += u32::from(repeats.decide(1, now) == Decision::Show);
        }
        assert_eq!(shown, SHOWN);
        assert_eq!(repeats.decide(2, start), Decision::Show);
        let later = start + WINDOW;
        assert_eq!(repeats.decide(1, later), Decision::ShowAfter(594));
        assert_eq!(repeats.decide(1, later), Decision::Show);
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let repeats = RepeatFilter::new(Sink::start(std::io::sink()).unwrap(), "audit");
        let now = Instant::now();
        for line in 0..10_000 {
            assert_eq!(repeats.decide(line, now), Decision::Show);
        }
        assert!(repeats.seen.lock().unwrap().len() <= REMEMBERED);
    }
}
