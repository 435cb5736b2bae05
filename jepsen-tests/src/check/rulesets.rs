//! At the end, the kernel of every member has exactly the rules that the cluster's state plans.

use std::collections::BTreeMap;

use super::{Case, Evidence, Verdict};
use crate::history::{Operation, RulesetSeen, Value};

const RULE: &str = "NAT";
const WHAT: &str = "every node's rules are the plan at the end";

pub fn check(case: &Case<'_>) -> Verdict {
    let mut last: BTreeMap<&str, (&Operation, &RulesetSeen)> = BTreeMap::new();
    for operation in case.history.operations() {
        if let (Value::Ruleset(seen), Some(node)) = (&operation.value, &operation.node) {
            last.insert(node, (operation, seen));
        }
    }
    if last.is_empty() {
        return Verdict::of(RULE, WHAT, 0, Vec::new());
    }
    let missing: Vec<&str> = members(case)
        .filter(|node| !last.contains_key(node))
        .collect();
    if !missing.is_empty() {
        let because = format!("the rules of {} were not looked at", missing.join(", "));
        return Verdict::unknown(RULE, WHAT, because);
    }
    let other = last.iter().filter(|(_, (_, seen))| !seen.equal);
    let describe = |(node, (operation, seen)): (&&str, &(&Operation, &RulesetSeen))| {
        let detail = seen.detail.as_deref().unwrap_or("no detail");
        let text = format!("the rules of {node} differ from the plan: {detail}");
        Evidence::new(text, vec![operation.index])
    };
    let evidence = other.map(describe).collect();
    Verdict::of(RULE, WHAT, last.len(), evidence)
}

/// Who surely is a member at the end.
fn members<'a>(case: &'a Case<'_>) -> impl Iterator<Item = &'a str> {
    case.faults.members_at(case.history.end())
}
