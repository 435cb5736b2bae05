//! L3: while a majority can work, clients are answered within a bounded time, whoever leads.
//!
//! Judged are the stretches in which some client was asking and a majority was surely undisturbed: in
//! none may the time without any answer exceed the bound of the `:setup` for a failover. Where they begin
//! with the end of worse trouble, the cluster first has the time to come back that the `:setup` gives it.
//! Not judged where there are fewer addresses than clients: there, silence is an answer.

use super::room::room_for_all;
use super::spans::{Span, common, merged};
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
        let under_fault = common(&[stretch], &case.faults.troubled());
        judged += under_fault.iter().filter(|span| exceeds(span)).count();
        let gaps = gaps(stretch, &answers).into_iter();
        evidence.extend(gaps.filter(exceeds).map(unserved));
    }
    Verdict::of("L3", what, judged.max(evidence.len()), evidence)
}

/// When somebody must have been answered.
fn stretches(case: &Case<'_>, setup: &Setup) -> Vec<Span> {
    let recovery = setup
        .service_within_ms
        .saturating_sub(setup.failover_within_ms);
    let recovery = recovery.saturating_mul(1_000_000);
    let served = case.faults.served().into_iter().map(|(from, until)| {
        let settled = if from == 0 {
            0
        } else {
            from.saturating_add(recovery)
        };
        (settled, until)
    });
    let served: Vec<Span> = served.filter(|(from, until)| from < until).collect();
    common(&common(&asking(case), &served), &room_for_all(case))
}

/// When some client was waiting for an answer.
fn asking(case: &Case<'_>) -> Vec<Span> {
    let end = case.history.end();
    let calls = case.history.calls();
    let calls = calls.filter(|call| call.invoke.function.asks_for_lease());
    let mut spans: Vec<Span> = calls
        .map(|call| (call.invoke.time, call.ended().unwrap_or(end)))
        .collect();
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
