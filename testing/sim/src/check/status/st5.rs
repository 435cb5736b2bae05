//! ST5: the first line, the level that the exit status follows, and the service agree.

use super::Shown;
use crate::check::violation::{Verdict, Violation};
use operator::verdict::{Blocker, Level};

pub(super) fn shown(shown: &Shown) -> Verdict {
    let Some(verdict) = &shown.verdict else {
        return Ok(());
    };
    let word = match verdict.level {
        Level::Healthy => "HEALTHY: ",
        Level::Degraded => "DEGRADED: ",
        Level::NotServing => "NOT SERVING: ",
    };
    let names_itself = |blocker: &Blocker| matches!(blocker, Blocker::NotServing { .. });
    let fact = if !verdict.summary.starts_with(word) {
        "the first line says something else"
    } else if (verdict.level == Level::NotServing) != shown.reason.is_some() {
        "whether it serves is another matter"
    } else if verdict.blockers.iter().any(names_itself) != shown.reason.is_some() {
        "its blockers say something else"
    } else if (verdict.level == Level::Healthy) != verdict.blockers.is_empty() {
        "its blockers do not fit"
    } else if verdict.level == Level::Healthy && !shown.all_well {
        "a member does not answer, vote or serve, or a pool is full"
    } else {
        return Ok(());
    };
    let facts = [
        format!("its level is {:?}: {}", verdict.level, verdict.summary),
        format!("{fact} ({:?})", shown.reason),
    ];
    let about = format!("node {} contradicts itself", shown.node);
    Err(Violation::new("ST5", shown.at, about, facts))
}
