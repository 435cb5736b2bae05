//! T2 and T3: the cluster clock never runs faster than real time.
//!
//! A leader counts from the clock value of the first entry of its own term, from when it applied that.
//! So within a term the clock stays below a line: through what it showed when *anybody* first applied
//! an entry of that term, with the slope of the fastest clock that a node may have. A new leader's
//! first entry is stamped by nobody (T3): until then the line of the term before holds.

use super::facts::Step;
use super::violation::{Verdict, Violation};
use crate::client::{RateClock, TrueTime};
use crate::world::LONGEST_STEP;
use ipam::ClusterTime;

/// Between an entry's being applied and the checkers' being told: the longest step, and what clocks are apart by.
const SLACK_MILLIS: u128 = LONGEST_STEP.as_millis() + 3;

/// The line, and the term that it is of.
#[derive(Clone, Debug, Default)]
pub(super) struct T2 {
    line: Option<Line>,
}

#[derive(Clone, Copy, Debug)]
struct Line {
    term: u64,
    clock: ClusterTime,
    at: TrueTime,
}

impl Line {
    /// The most that the clock may show, in milliseconds.
    fn ceiling(self, at: TrueTime) -> u128 {
        let elapsed = at.since(self.at).as_micros();
        let fastest = 1_000_000 + RateClock::MAX_PPM.unsigned_abs();
        // The millisecond that had begun, and how long the world may take to look.
        u128::from(self.clock.0) + elapsed * u128::from(fastest) / 1_000_000_000 + SLACK_MILLIS
    }
}

impl T2 {
    /// Every step has to be told, at once.
    pub(super) fn step(&mut self, step: &Step<'_>) -> Verdict {
        let (term, clock) = (step.position.term, step.after.clock());
        let mine = Line {
            term,
            clock,
            at: step.at,
        };
        let line = *self.line.get_or_insert(mine);
        let verdict = check(step, line, clock);
        if line.term != term {
            self.line = Some(mine);
        }
        verdict
    }
}

fn check(step: &Step<'_>, line: Line, clock: ClusterTime) -> Verdict {
    let ceiling = line.ceiling(step.at);
    if u128::from(clock.0) <= ceiling {
        return Ok(());
    }
    let promise = if line.term == step.position.term {
        "T2"
    } else {
        "T3"
    };
    Err(Violation::new(
        promise,
        step.at,
        "the cluster clock runs faster than real time",
        [
            format!(
                "in term {} it showed {} at {}, so it can show {ceiling} ms at most",
                line.term, line.clock, line.at
            ),
            format!(
                "after entry {} of term {} it shows {} ms",
                step.position.index, step.position.term, clock.0
            ),
        ],
    ))
}
