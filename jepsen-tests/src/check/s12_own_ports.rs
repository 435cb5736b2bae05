//! S12: a host's own ports are closed to the clients' network, and no forward leads to or from them: who calls
//! ssh from outside meets the host itself.
//!
//! Not judged while something may be the matter with the rules of the host that was called, or of the one that
//! the caller is on.

use super::flows::disturbed;
use super::spans::holding;
use super::verdict::seconds;
use super::{Case, Evidence, Verdict};
use crate::history::{Answer, Operation, Probe, Value};

const RULE: &str = "S12";
const WHAT: &str = "the hosts' own ports are theirs, and closed to clients";

/// What a host takes to have its rules again.
const MENDED: u64 = 15_000_000_000;

pub fn check(case: &Case<'_>) -> Verdict {
    let mut judged = 0;
    let mut evidence = Vec::new();
    for operation in case.history.operations() {
        let Value::Probe(probe) = &operation.value else {
            continue;
        };
        if !is_calm(case, operation, probe) {
            continue;
        }
        judged += 1;
        if let Some(text) = wrong(operation, probe) {
            evidence.push(Evidence::new(text, vec![operation.index]));
        }
    }
    Verdict::of(RULE, WHAT, judged, evidence)
}

fn is_calm(case: &Case<'_>, operation: &Operation, probe: &Probe) -> bool {
    let hosts = [Some(probe.host.as_str()), operation.node.as_deref()];
    hosts.into_iter().flatten().all(|host| {
        let spans = disturbed(case, host, MENDED);
        let ends = [probe.asked, operation.time];
        ends.iter()
            .all(|time| holding(&spans, *time, *time).is_none())
    })
}

/// What is wrong with an answer, if anything.
fn wrong(operation: &Operation, probe: &Probe) -> Option<String> {
    let at = seconds(operation.time);
    match (&operation.node, probe.answer) {
        // From a client: not even a refusal may tell that the port is there.
        (Some(_), Answer::Opened | Answer::Refused) => Some(format!(
            "{} of {} was not closed to {} at {at}: {:?}",
            probe.at, probe.host, probe.from, probe.answer
        )),
        // Who says nothing in time is not known, and no machine is silent.
        (None, Answer::Opened) => {
            let other = probe.by.as_ref().filter(|by| **by != probe.host)?;
            Some(format!(
                "{} of {} was answered by {other} at {at}",
                probe.at, probe.host
            ))
        }
        _ => None,
    }
}
