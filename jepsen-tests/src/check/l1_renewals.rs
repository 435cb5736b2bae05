//! L1: with nothing wrong, whoever wants to keep its address is answered in time.
//!
//! Judged are renewals and rebinds that lie wholly in a time without faults, once the cluster is back from
//! the last. One that the end of the run cut short says nothing.
//!
//! A renewal is answered to the address, which the kernel of the node resolves. If somebody else had the
//! address before, the kernel may still know that one's hardware address; a real client's ARP sets it
//! right, but the clients here send no ARP of their own. So silence counts only once the node is known to
//! have found the client, or if nobody else had the address.
//!
//! Nor does it count while nobody at all is answered: then the whole cluster, or the machine that all of it
//! runs on, stands still, and that is for L3 to judge.

use super::calm::calm_once_all_serve;
use super::holds::{Hold, exchange};
use super::l3_service::{answers, gaps};
use super::spans::{Span, holding};
use super::verdict::seconds;
use super::{Case, Evidence, Verdict};
use crate::history::{Call, Function, Kind};

/// Longer without any answer to anybody is the whole cluster's silence.
const STANDSTILL: u64 = 2_000_000_000;

pub fn check(case: &Case<'_>) -> Verdict {
    let what = "without faults, every renewal is answered in time";
    let Some(setup) = case.history.setup() else {
        return Verdict::of("L1", what, 0, Vec::new());
    };
    let calm = calm_once_all_serve(case, setup);
    let answers = answers(case);
    let end = case.history.end();
    let mut judged = 0;
    let mut evidence = Vec::new();
    for call in case.history.calls().filter(keeps) {
        let span = (call.invoke.time, call.ended().unwrap_or(end));
        if holding(&calm, span.0, span.1).is_none() {
            continue;
        }
        if call.kind() != Kind::Info {
            judged += 1;
        } else if let Some(hold) = given_up_in_vain(case, &call, span.1)
            && !stood_still(span, &answers)
        {
            judged += 1;
            evidence.push(unanswered(hold, &call, span.1));
        }
    }
    Verdict::of("L1", what, judged, evidence)
}

/// Whether there was such a silence at any time of `span`.
fn stood_still(span: Span, answers: &[u64]) -> bool {
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
