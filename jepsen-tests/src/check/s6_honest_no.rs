//! S6: a NAK is sent only on a decision of a quorum: never to a client for the address that it holds,
//! never by a node that is cut off.

use super::holds::{Hold, exchange};
use super::l2_silent;
use super::verdict::seconds;
use super::{Case, Evidence, Verdict};
use crate::history::{Call, FailureKind, ReplyKind};

pub fn check(case: &Case<'_>) -> Verdict {
    let mut evidence = l2_silent::talkative(case, |reply| reply.message == ReplyKind::Nak);
    let mut judged = l2_silent::replies(case)
        .filter(|(_, reply)| reply.message == ReplyKind::Nak)
        .count();
    for call in case.history.calls().filter(was_refused) {
        judged += 1;
        evidence.extend(unjustified(case, &call));
    }
    let what = "a NAK comes from a quorum's decision";
    Verdict::of("S6", what, judged, evidence)
}

fn was_refused(call: &Call<'_>) -> bool {
    let error = call.completion.and_then(|end| end.error.as_ref());
    call.invoke.function.asks_for_lease()
        && error.is_some_and(|error| error.kind == FailureKind::Nak)
}

/// The address was the client's all the time that it asked for it.
fn unjustified(case: &Case<'_>, call: &Call<'_>) -> Option<Evidence> {
    let end = call.completion?;
    let asked = exchange(end).or_else(|| exchange(call.invoke))?;
    let held = |hold: &&Hold<'_>| {
        hold.client == asked.client
            && !hold.moved
            && hold.promised_at(call.invoke.time)
            && hold.promised_at(end.time)
    };
    let holds = case.holds.of_address(asked.address?);
    let hold = holds.iter().find(held)?;
    let text = format!(
        "{} was sent a NAK for {} at {}, which it has until {}",
        hold.client,
        hold.address,
        seconds(end.time),
        seconds(hold.promised_until())
    );
    let evidence = Evidence::new(text, vec![hold.index, end.index]);
    Some(evidence.at(hold.address, end.time, hold.promised_until()))
}
