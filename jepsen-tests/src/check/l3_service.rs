//! L3: while a majority can work, clients are answered within a bounded time, whoever leads.
//!
//! Judged are the stretches in which some client was asking and a majority was surely undisturbed: in
//! none may the time without any answer exceed the bound of the `:setup`. Not judged where there are
//! fewer addresses than clients: there, silence is an answer.

use super::spans::{Span, common, merged};
use super::verdict::seconds;
use super::{Case, Evidence, Verdict};
use crate::history::{Call, Function, Kind, Setup};

/// A client that retries at once has not stopped asking.
const PAUSE: u64 = 1_000_000_000;

pub fn check(case: &Case<'_>) -> Verdict {
    let what = "service within the bound while a majority can work";
    let Some(setup) = enough_addresses(case) else {
        return Verdict::of("L3", what, 0, Vec::new());
    };
    let bound = setup.service_within_ms.saturating_mul(1_000_000);
    let answers = answers(case);
    let mut judged = 0;
    let mut evidence = Vec::new();
    for stretch in common(&asking(case), &case.faults.served()) {
        judged += 1;
        let gaps = gaps(stretch, &answers).into_iter();
        evidence.extend(gaps.filter(|gap| gap.1 - gap.0 > bound).map(unserved));
    }
    Verdict::of("L3", what, judged, evidence)
}

/// The setup, if every client can have an address, though each declined one rests.
pub(super) fn enough_addresses<'a>(case: &Case<'a>) -> Option<&'a Setup> {
    let declined = |call: &Call<'_>| call.invoke.function == Function::Decline;
    let declined = case.history.calls().filter(declined).count() as u64;
    let setup = case.history.setup();
    setup.filter(|setup| setup.clients.saturating_add(declined) <= setup.pool_size())
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
fn answers(case: &Case<'_>) -> Vec<u64> {
    let calls = case.history.calls();
    let calls = calls.filter(|call| call.invoke.function.asks_for_lease());
    let answered = calls.filter(|call| call.kind() != Kind::Info);
    let mut times: Vec<u64> = answered.filter_map(|call| call.ended()).collect();
    times.sort_unstable();
    times
}

/// The parts of a stretch between answers.
fn gaps(stretch: Span, answers: &[u64]) -> Vec<Span> {
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
