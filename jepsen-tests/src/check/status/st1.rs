//! ST1: while a node says that it serves, whoever asks near it is answered, by it or by another.
//!
//! Judged are new clients: a DHCPDISCOVER whose fourth copy is sent 8 s after the first or later, with no
//! answer to its client in between, from a host whose node said all the time that it serves, while there
//! was an address for everybody. Other messages are not owed an answer by any node, or not for so long.

use std::collections::BTreeMap;

use super::Looks;
use crate::check::l2_silent::replies;
use crate::check::room::room_for_all;
use crate::check::spans::{Span, holding};
use crate::check::verdict::seconds;
use crate::check::{Case, Evidence, Verdict};
use crate::history::{Asked, Operation, Value};

/// How long a client may go without an answer.
const WITHIN: u64 = 8_000_000_000;
/// How many copies of its message the node may have heard in vain.
const COPIES: u64 = 3;

pub fn check(case: &Case<'_>) -> Verdict {
    let what = "near a node that says it serves, new clients are answered";
    let looks = Looks::of(case);
    let nodes = looks.0.keys();
    let serving: BTreeMap<&str, Vec<Span>> = nodes
        .map(|node| (*node, looks.saying(node, true)))
        .collect();
    let claims = |asked: &Asked, from, until| {
        let spans = serving.get(asked.near.as_str());
        spans.is_some_and(|spans| holding(spans, from, until).is_some())
    };
    let room = room_for_all(case);
    let mut first: BTreeMap<(&str, u32), &Operation> = BTreeMap::new();
    let mut judged = 0;
    let mut evidence: BTreeMap<u64, Evidence> = BTreeMap::new();
    for (line, asked) in discovers(case) {
        let key = (asked.client.as_str(), asked.xid);
        let begin = *first.entry(key).or_insert(line);
        judged += usize::from(begin.index == line.index && claims(asked, line.time, line.time));
        let is_owed = asked.copies > COPIES && line.time - begin.time >= WITHIN;
        if is_owed
            && claims(asked, begin.time, line.time)
            && holding(&room, begin.time, line.time).is_some()
            && !is_answered(case, asked, (begin.time, line.time))
        {
            evidence
                .entry(begin.index)
                .or_insert_with(|| unanswered(asked, begin, line));
        }
    }
    Verdict::of("ST1", what, judged, evidence.into_values().collect())
}

/// Every DHCPDISCOVER and its copies.
pub(in crate::check) fn discovers<'a>(
    case: &Case<'a>,
) -> impl Iterator<Item = (&'a Operation, &'a Asked)> + use<'a> {
    let operations = case.history.operations().iter();
    operations.filter_map(|line| match &line.value {
        Value::Asked(asked) => Some((line, asked)),
        _ => None,
    })
}

/// Whether any answer came to the client meanwhile.
pub(in crate::check) fn is_answered(case: &Case<'_>, asked: &Asked, span: Span) -> bool {
    let meanwhile = |time: u64| span.0 <= time && time <= span.1;
    replies(case).any(|(line, reply)| meanwhile(line.time) && reply.client == asked.client)
}

fn unanswered(asked: &Asked, begin: &Operation, line: &Operation) -> Evidence {
    let text = format!(
        "{} says all the time that it serves; {} near it sent {} copies of a DHCPDISCOVER from {} to {}, and \
         nobody answered",
        asked.near,
        asked.client,
        asked.copies,
        seconds(begin.time),
        seconds(line.time)
    );
    Evidence::new(text, vec![begin.index, line.index])
}
