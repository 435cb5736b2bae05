//! L4: the nodes never make each other's clients fail: with no fault on and an address for everybody,
//! everybody who asks for one gets an ACK, and no NAK.
//!
//! Judged are acquisitions that lie wholly in a time without faults, once the bound of the `:setup` has
//! passed since the last, or every member has granted something since: so between two faults as well. One
//! that gave up before that bound says nothing.

use super::calm::{calm, calm_once_all_serve};
use super::holds::exchange;
use super::l2_silent::replies;
use super::room::room_for_all;
use super::spans::{common, holding, merged};
use super::verdict::seconds;
use super::{Case, Evidence, Verdict};
use crate::history::{Call, FailureKind, Function, Kind, Operation, Reply, ReplyKind};

pub fn check(case: &Case<'_>) -> Verdict {
    let what = "without faults, N clients get N ACKs and no NAK";
    let Some(setup) = case.history.setup() else {
        return Verdict::of("L4", what, 0, Vec::new());
    };
    let bound = setup.service_within_ms.saturating_mul(1_000_000);
    let mut calm = calm(case, bound);
    calm.extend(calm_once_all_serve(case, setup));
    calm.sort_unstable();
    let calm = common(&merged(calm, 0), &room_for_all(case));
    let end = case.history.end();
    let mut judged = 0;
    let mut evidence = Vec::new();
    let acquired = |call: &Call<'_>| call.invoke.function == Function::Acquire;
    for call in case.history.calls().filter(acquired) {
        let (from, until) = (call.invoke.time, call.ended().unwrap_or(end));
        if holding(&calm, from, until).is_none() {
            continue;
        }
        let gave_up_early = call.kind() == Kind::Info && until - from < bound;
        if gave_up_early || not_sent(&call) {
            continue;
        }
        judged += 1;
        if call.kind() != Kind::Ok {
            evidence.push(failed(&call, until));
        }
        evidence.extend(naks(case, &call, until));
    }
    Verdict::of("L4", what, judged, evidence)
}

/// Whether the client could not even send what it wanted to ask: that says nothing of the nodes.
pub(super) fn not_sent(call: &Call<'_>) -> bool {
    let error = call.completion.and_then(|end| end.error.as_ref());
    error.is_some_and(|error| error.kind == FailureKind::NotSent)
}

fn failed(call: &Call<'_>, until: u64) -> Evidence {
    let client = exchange(call.invoke).map_or("a client", |exchange| &exchange.client);
    let text = format!(
        "{client} asked for an address from {} to {} and got none: {}",
        seconds(call.invoke.time),
        seconds(until),
        call.kind()
    );
    Evidence::new(text, vec![call.invoke.index])
}

/// The NAKs in the transaction of an OFFER that came meanwhile. Others answer what the client had asked
/// before: at a reboot every node may refuse, one after the other.
fn naks(case: &Case<'_>, call: &Call<'_>, until: u64) -> Vec<Evidence> {
    let client = exchange(call.invoke).map(|exchange| &exchange.client);
    let own: Vec<_> = replies(case)
        .filter(|(operation, reply)| {
            let meanwhile = call.invoke.time <= operation.time && operation.time <= until;
            meanwhile && Some(&reply.client) == client
        })
        .collect();
    let offered = |xid: u32| {
        let offer = |reply: &Reply| reply.message == ReplyKind::Offer && reply.xid == xid;
        own.iter().any(|(_, reply)| offer(reply))
    };
    let refused = |reply: &Reply| reply.message == ReplyKind::Nak && offered(reply.xid);
    let naks = own.iter().filter(|(_, reply)| refused(reply));
    let describe = |(operation, reply): &(&Operation, &Reply)| {
        let text = format!(
            "{} was sent a NAK by {} at {}, while it was asking for a new address",
            reply.client,
            reply.server,
            seconds(operation.time)
        );
        Evidence::new(text, vec![call.invoke.index, operation.index])
    };
    naks.map(describe).collect()
}
