//! ST2: each blocker has its cause.

use super::{Shown, Troubles};
use crate::check::pace::Pace;
use crate::check::violation::{Verdict, Violation};
use causes::{When, cause_of};
use std::time::Duration;

/// A node's traces of a fault are gone when the others' are, and it takes some rounds more to say so.
const BESIDE: Duration = Duration::from_secs(10);

pub(super) fn shown(shown: &Shown, troubles: &Troubles, pace: Pace) -> Verdict {
    let Some(reason) = &shown.reason else {
        return Ok(());
    };
    let broken = |fact: String| {
        let facts = [format!("it says: {reason}"), fact];
        let about = format!("node {} names a blocker that is none", shown.node);
        Err(Violation::new("ST2", shown.at, about, facts))
    };
    // Several parts may each say what they lack.
    let Some(cause) = cause_of(reason) else {
        return broken("no cause is known of that (testing/causes)".to_owned());
    };
    let within = match cause.when {
        When::Lately => pace.settled_after + BESIDE,
        When::Ever => Duration::MAX,
    };
    let is_own = troubles.was(Some(shown.node), cause.own, shown.at, within);
    if is_own || troubles.was(None, cause.anybodys, shown.at, within) {
        return Ok(());
    }
    broken(format!(
        "within {within:?} there was none of {:?} at it, nor of {:?} at any node",
        cause.own, cause.anybodys
    ))
}
