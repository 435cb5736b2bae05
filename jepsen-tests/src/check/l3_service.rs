//! L3: while a majority can work, clients are answered within a bounded time, whoever leads.
//!
//! Judged are the stretches in which some client was asking, near a node that was well or while all were
//! heard, and a majority was surely undisturbed: in
//! none may the time without any answer exceed the bound of the `:setup` for a failover. A fault has put that
//! to the test if somebody went on asking for so long from its beginning. Where they begin
//! with the end of worse trouble, the cluster first has the time to come back that the `:setup` gives it.
//! Not judged where there are fewer addresses than clients: there, silence is an answer.

use std::collections::{BTreeMap, BTreeSet};

use super::holds::exchange;
use super::room::room_for_all;
use super::spans::{Span, common, complement, merged};
use super::status::st1::discovers;
use super::verdict::seconds;
use super::{Case, Evidence, Verdict};
use crate::history::{Kind, Setup};

/// A client that retries at once has not stopped asking.
const PAUSE: u64 = 1_000_000_000;

pub fn check(case: &Case<'_>) -> Verdict {
    let what = "service within the bound while a majority can work";
    let Some(setup) = case.history.setup() else {
        return Verdict::of("L3", what, 0, Vec::new());
    };
    let bound = setup.failover_within_ms.saturating_mul(1_000_000);
    let answers = answers(case);
    let exceeds = |span: &Span| span.1 - span.0 > bound;
    let mut judged = 0;
    let mut evidence = Vec::new();
    for stretch in stretches(case, setup) {
        let faults = case.faults.all().iter().map(|span| span.possible);
        let tested = |(from, until): Span| {
            let long = (from, until.max(from.saturating_add(bound)));
            let under_fault = common(&[stretch], &[long]);
            under_fault.iter().any(|span| span.1 - span.0 >= bound)
        };
        judged += faults.filter(|span| tested(*span)).count();
        let gaps = gaps(stretch, &answers).into_iter();
        evidence.extend(gaps.filter(exceeds).map(unserved));
    }
    Verdict::of("L3", what, judged.max(evidence.len()), evidence)
}

/// When somebody must have been answered: somebody asked while every client was heard by all nodes that run,
/// or from a host whose node nothing was aimed at.
fn stretches(case: &Case<'_>, setup: &Setup) -> Vec<Span> {
    let recovery = setup
        .service_within_ms
        .saturating_sub(setup.failover_within_ms);
    let recovery = recovery.saturating_mul(1_000_000);
    let settled = |spans: Vec<Span>| -> Vec<Span> {
        let spans = spans.into_iter();
        let spans = spans.map(|(from, until)| match from {
            0 => (0, until),
            from => (from.saturating_add(recovery), until),
        });
        spans.filter(|(from, until)| from < until).collect()
    };
    let all = common(&asking(case, |_| true), &settled(case.faults.served()));
    let beside = common(&asking_beside(case), &settled(case.faults.majority()));
    let mut both: Vec<Span> = all.into_iter().chain(beside).collect();
    both.sort_unstable();
    common(&merged(both, 0), &room_for_all(case))
}

/// When some client that counts was waiting for an answer.
fn asking(case: &Case<'_>, counts: impl Fn(&str) -> bool) -> Vec<Span> {
    let end = case.history.end();
    let calls = case.history.calls();
    let calls = calls.filter(|call| {
        let client = exchange(call.invoke).map(|asked| asked.client.as_str());
        call.invoke.function.asks_for_lease() && client.is_some_and(&counts)
    });
    let mut spans: Vec<Span> = calls
        .map(|call| (call.invoke.time, call.ended().unwrap_or(end)))
        .collect();
    spans.sort_unstable();
    merged(spans, PAUSE)
}

/// When some client was waiting whose host's node nothing was aimed at.
fn asking_beside(case: &Case<'_>) -> Vec<Span> {
    let mut near: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (_, asked) in discovers(case) {
        near.entry(&asked.near).or_default().insert(&asked.client);
    }
    let end = case.history.end().saturating_add(1);
    let mut spans = Vec::new();
    for (node, clients) in near {
        let well = complement(&case.faults.hits(node), end);
        let asking = asking(case, |client| clients.contains(client));
        spans.extend(common(&asking, &well));
    }
    spans.sort_unstable();
    merged(spans, PAUSE)
}

/// When any client had its answer.
pub(super) fn answers(case: &Case<'_>) -> Vec<u64> {
    let calls = case.history.calls();
    let calls = calls.filter(|call| call.invoke.function.asks_for_lease());
    let answered = calls.filter(|call| call.kind() != Kind::Info);
    let mut times: Vec<u64> = answered.filter_map(|call| call.ended()).collect();
    times.sort_unstable();
    times
}

/// The parts of a stretch between answers.
pub(super) fn gaps(stretch: Span, answers: &[u64]) -> Vec<Span> {
    let from = answers.partition_point(|time| *time <= stretch.0);
    let until = answers.partition_point(|time| *time < stretch.1);
    let mut edges = vec![stretch.0];
    edges.extend(answers.get(from..until).unwrap_or_default());
    edges.push(stretch.1);
    edges.windows(2).map(|pair| (pair[0], pair[1])).collect()
}

fn unserved(gap: Span) -> Evidence {
    let text = format!(
        "clients asked and nobody was answered from {} to {}, though a majority could work",
        seconds(gap.0),
        seconds(gap.1)
    );
    Evidence::new(text, Vec::new())
}
