//! T4: a lease is left alone for a grace beyond its time, 1 % of it and at least ten seconds, against
//! the drift between the server's clock and the client's.

use super::facts::Step;
use super::violation::{Verdict, Violation};
use ipam::{LeaseState, Span};

/// The least grace.
const LEAST: Span = Span::from_secs(10);
/// One hundredth.
const SHARE: u64 = 100;

/// Judges every grant that came with a step.
pub(super) fn step(step: &Step<'_>) -> Verdict {
    for change in &step.changes {
        let Some(LeaseState::Bound {
            granted,
            duration,
            reclaim,
        }) = change.after.map(|lease| lease.state)
        else {
            continue;
        };
        let grace = LEAST.max(Span(duration.0 / SHARE));
        let least = granted + duration + grace;
        if reclaim < least {
            return Err(Violation::new(
                "T4",
                step.at,
                format!("{} would be reclaimed too soon", change.address),
                [
                    format!("it was granted at {granted} for {} s", duration.as_secs()),
                    format!("it would be reclaimed at {reclaim}, not from {least} on"),
                ],
            ));
        }
    }
    Ok(())
}
