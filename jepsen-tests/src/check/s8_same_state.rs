//! S8: nodes that have applied the same entries have the same state: equal digests at equal indexes.

use std::collections::BTreeMap;

use super::{Case, Evidence, Verdict};
use crate::history::{Operation, Value};

pub fn check(case: &Case<'_>) -> Verdict {
    let mut known: BTreeMap<u64, (&str, &Operation)> = BTreeMap::new();
    let mut judged = 0;
    let mut evidence = Vec::new();
    for operation in case.history.operations() {
        let Value::NodeState(state) = &operation.value else {
            continue;
        };
        let Some(digest) = state.digest.as_deref() else {
            continue;
        };
        let (first, other) = known.entry(state.applied).or_insert((digest, operation));
        judged += usize::from(other.node != operation.node);
        if *first != digest {
            evidence.push(differ(state.applied, other, operation));
        }
    }
    let what = "equal digests at equal log indexes";
    Verdict::of("S8", what, judged, evidence)
}

fn differ(applied: u64, one: &Operation, other: &Operation) -> Evidence {
    let name = |operation: &Operation| operation.node.clone().unwrap_or("a node".to_owned());
    let text = format!(
        "{} and {} have different digests at log index {applied}",
        name(one),
        name(other)
    );
    Evidence::new(text, vec![one.index, other.index])
}
