//! ST5: first line, level, exit status, service and blockers agree.

use super::{Look, Looks};
use crate::check::verdict::seconds;
use crate::check::{Case, Evidence, Verdict};
use crate::history::Told;

/// A level: its name for programs, the word that a person reads, and the exit status.
const LEVELS: [(&str, &str, u64); 3] = [
    ("healthy", "HEALTHY", 0),
    ("degraded", "DEGRADED", 7),
    ("not_serving", "NOT SERVING", 5),
];
/// No answer.
const UNREACHABLE: u64 = 3;

pub fn check(case: &Case<'_>) -> Verdict {
    let what = "first line, level, exit status and service agree";
    let looks = Looks::of(case).all();
    let evidence = looks.iter().filter_map(|look| {
        let fact = contradiction(look)?;
        let node = look.line.node.as_deref().unwrap_or("a node");
        let text = format!(
            "{node} at {}: {fact} ({:?})",
            seconds(look.line.time),
            look.shown.first_line
        );
        Some(Evidence::new(text, vec![look.line.index]))
    });
    let evidence = evidence.collect();
    Verdict::of("ST5", what, looks.len(), evidence)
}

fn contradiction(look: &Look<'_>) -> Option<String> {
    let shown = look.shown;
    let Some(exit) = shown.exit else {
        return Some("the tool was ended by a signal".to_owned());
    };
    if exit == UNREACHABLE && shown.told.is_none() {
        return None;
    }
    let Some((level, word, _)) = LEVELS.iter().find(|(_, _, status)| *status == exit) else {
        return Some(format!("exit status {exit} is none of its own"));
    };
    if !shown.first_line.starts_with(&format!("{word}: ")) {
        return Some(format!(
            "the exit status is {exit}, the first line says something else"
        ));
    }
    let told = shown.told.as_ref()?;
    if told.level != *level {
        return Some(format!(
            "the exit status is {exit}, the level {:?}",
            told.level
        ));
    }
    within(told).map(str::to_owned)
}

fn within(told: &Told) -> Option<&'static str> {
    let serves = told.level != "not_serving";
    let names_itself = told.blockers.iter().any(|it| it.kind == "not_serving");
    if serves != told.in_service {
        Some("whether it serves is another matter")
    } else if told.reason.is_some() == serves {
        Some("it serves and says why not, or does not and gives no reason")
    } else if names_itself == serves {
        Some("its blockers say something else")
    } else if (told.level == "healthy") != told.blockers.is_empty() {
        Some("its blockers do not fit")
    } else if told.level == "healthy" && !told.not_serving.is_empty() {
        Some("it is healthy, and a member does not serve")
    } else {
        None
    }
}
