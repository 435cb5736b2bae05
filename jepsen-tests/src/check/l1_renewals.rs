//! L1: with nothing wrong, whoever wants to keep its address is answered in time.
//!
//! Judged are renewals and rebinds that lie wholly in a time without faults, once the cluster is back from
//! the last. One that the end of the run cut short says nothing, nor does one that was too short for a
//! retransmission: a single message may be lost (L3). So of rebinds those count that follow a renewal.
//!
//! A renewal is answered to the address, which the kernel of the node resolves. If somebody else had the
//! address before, the kernel may still know that one's hardware address; a real client's ARP sets it
//! right, but the clients here send no ARP of their own. So silence counts only once the node is known to
//! have found the client, or if nobody else had the address.
//!
//! Nor does it count while nobody at all is answered: then the whole cluster, or the machine that all of it
//! runs on, stands still, and that is for L3 to judge.

use std::collections::BTreeMap;

use super::calm::calm_once_all_serve;
use super::holds::{Hold, exchange};
use super::l3_service::{answers, gaps};
use super::spans::{Span, holding};
use super::verdict::seconds;
use super::{Case, Evidence, Verdict};
use crate::history::{Call, Function, Kind};

/// Longer without any answer to anybody is the whole cluster's silence.
const STANDSTILL: u64 = 2_000_000_000;

/// Who has tried for longer than this has sent more than one message.
const RETRANSMITTED: u64 = 3_000_000_000;

pub fn check(case: &Case<'_>) -> Verdict {
    let what = "without faults, every renewal is answered in time";
    let Some(setup) = case.history.setup() else {
        return Verdict::of("L1", what, 0, Vec::new());
    };
    let calm = calm_once_all_serve(case, setup);
    let answers = answers(case);
    let renewals = renewals_in_vain(case);
    let end = case.history.end();
    let mut judged = 0;
    let mut evidence = Vec::new();
    for call in case.history.calls().filter(keeps) {
        let span = (began(&call, &renewals), call.ended().unwrap_or(end));
        if holding(&calm, span.0, span.1).is_none() {
            continue;
        }
        if call.kind() != Kind::Info {
            judged += 1;
        } else if let Some(hold) = given_up_in_vain(case, &call, span.1)
            && span.1 - span.0 > RETRANSMITTED
            && !stood_still(span, &answers)
        {
            judged += 1;
            evidence.push(unanswered(hold, &call, span.1));
        }
    }
    Verdict::of("L1", what, judged, evidence)
}

/// When renewals that got no answer ended, and when they had begun, by client.
fn renewals_in_vain<'a>(case: &Case<'a>) -> BTreeMap<(&'a str, u64), u64> {
    let calls = case.history.calls();
    let renewals = calls.filter(|call| call.invoke.function == Function::Renew);
    let in_vain = renewals.filter(|call| call.kind() == Kind::Info);
    let entry = |call: Call<'a>| {
        let client = exchange(call.invoke)?.client.as_str();
        Some(((client, call.ended()?), call.invoke.time))
    };
    in_vain.filter_map(entry).collect()
}

/// When the client began to ask for more time: a rebind goes on where a renewal has ended.
fn began(call: &Call<'_>, renewals: &BTreeMap<(&str, u64), u64>) -> u64 {
    let client = exchange(call.invoke).map(|asked| asked.client.as_str());
    let renewal = client.and_then(|client| renewals.get(&(client, call.invoke.time)));
    renewal.copied().unwrap_or(call.invoke.time)
}

/// Whether there was such a silence at any time of `span`.
pub(super) fn stood_still(span: Span, answers: &[u64]) -> bool {
    let from = span.0.saturating_sub(STANDSTILL);
    let until = span.1.saturating_add(STANDSTILL);
    let mut gaps = gaps((from, until), answers).into_iter();
    gaps.any(|gap| gap.1 - gap.0 > STANDSTILL)
}

/// The lease that a client could not extend, if it tried for as long as it should: a renewal until T2, a
/// rebind until the lease was over (RFC 2131 §4.4.5).
fn given_up_in_vain<'a, 'b>(
    case: &'b Case<'a>,
    call: &Call<'_>,
    until: u64,
) -> Option<&'b Hold<'a>> {
    let asked = exchange(call.invoke)?;
    let holds = case.holds.of_address(asked.address?).iter();
    let own = holds.filter(|hold| hold.client == asked.client && hold.from() <= call.invoke.time);
    let hold = own.max_by_key(|hold| hold.from())?;
    let lease = hold.grant.expiry() - hold.grant.request_sent;
    if !is_findable(case, hold) {
        return None;
    }
    let tries_until = match call.invoke.function {
        Function::Renew => hold.grant.request_sent + lease / 8 * 7,
        _ => hold.grant.expiry(),
    };
    (until >= tries_until).then_some(hold)
}

/// Whether the node that granted is known to reach the client under its address.
fn is_findable(case: &Case<'_>, hold: &Hold<'_>) -> bool {
    let holds = case.holds.of_address(hold.address).iter();
    let before = holds.filter(|other| other.from() < hold.from() && other.client != hold.client);
    let Some(changed_hands) = before.map(Hold::from).max() else {
        return true;
    };
    case.history.calls().any(|call| {
        let since = changed_hands < call.invoke.time && call.invoke.time <= hold.from();
        let found = call.completion.and_then(exchange).filter(|found| {
            let server = found.grant.map(|grant| grant.server);
            found.client == hold.client
                && found.address == Some(hold.address)
                && server == Some(hold.grant.server)
        });
        since && keeps(&call) && found.is_some()
    })
}

fn keeps(call: &Call<'_>) -> bool {
    matches!(call.invoke.function, Function::Renew | Function::Rebind)
}

fn unanswered(hold: &Hold<'_>, call: &Call<'_>, until: u64) -> Evidence {
    let text = format!(
        "{} tried to {} {} from {} to {}, and nobody answered; it has it until {}",
        hold.client,
        call.invoke.function,
        hold.address,
        seconds(call.invoke.time),
        seconds(until),
        seconds(hold.grant.expiry())
    );
    let indexes = vec![hold.index, call.invoke.index];
    Evidence::new(text, indexes).at(hold.address, call.invoke.time, until)
}
