//! When nothing was wrong, and the cluster had had time to come back from what was.

use std::collections::BTreeSet;

use super::Case;
use super::faults::node_names;
use super::spans::Span;
use crate::history::{Call, Kind, Setup, Value};

/// When no fault was on, and none had been for `bound`.
pub(super) fn calm(case: &Case<'_>, bound: u64) -> Vec<Span> {
    let spans = case.faults.quiet().into_iter();
    let settled = |(from, until): Span| (settled_by(from, bound), until);
    let spans = spans.map(settled);
    spans.filter(|(from, until)| from < until).collect()
}

/// The same, or from when every member has granted something since the last fault, if that is sooner.
pub(super) fn calm_once_all_serve(case: &Case<'_>, setup: &Setup) -> Vec<Span> {
    let bound = setup.service_within_ms.saturating_mul(1_000_000);
    let grants = grants(case);
    let spans = case.faults.quiet().into_iter();
    let settled = |(from, until): Span| {
        let served = all_serve(case, &grants, from).unwrap_or(u64::MAX);
        (settled_by(from, bound).min(served), until)
    };
    let spans = spans.map(settled);
    spans.filter(|(from, until)| from < until).collect()
}

/// A run begins with a cluster that serves.
fn settled_by(from: u64, bound: u64) -> u64 {
    if from == 0 {
        0
    } else {
        from.saturating_add(bound)
    }
}

/// When each ACK came that answers what was asked at which moment, and from which node; by the moments of
/// asking.
fn grants<'a>(case: &Case<'a>) -> Vec<(u64, u64, &'a str)> {
    let names = node_names(case.history);
    let grant = |call: Call<'a>| {
        let end = call.completion.filter(|end| end.kind == Kind::Ok)?;
        let Value::Exchange(exchange) = &end.value else {
            return None;
        };
        let node = names.get(&exchange.grant?.server)?;
        Some((call.invoke.time, end.time, *node))
    };
    // In the order of their beginning.
    case.history.calls().filter_map(grant).collect()
}

/// When every member has granted something that was asked after `since`.
fn all_serve(case: &Case<'_>, grants: &[(u64, u64, &str)], since: u64) -> Option<u64> {
    let mut missing: BTreeSet<&str> = case.faults.members_at(since).collect();
    let first = grants.partition_point(|(asked, _, _)| *asked < since);
    let mut latest = since;
    for (_, granted, node) in &grants[first..] {
        if missing.remove(node) {
            latest = latest.max(*granted);
        }
        if missing.is_empty() {
            return Some(latest);
        }
    }
    None
}
