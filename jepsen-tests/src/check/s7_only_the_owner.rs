//! S7: RELEASE and DECLINE act only for the client that holds the address; a declined address is
//! given to nobody for the set time.

use std::net::Ipv4Addr;

use super::holds::{Hold, exchange, surely_not};
use super::verdict::seconds;
use super::{Case, Evidence, Verdict};
use crate::history::{Call, Exchange, Function, Kind, LeaseState, Operation, Value};

pub fn check(case: &Case<'_>) -> Verdict {
    let mut judged = 0;
    let mut evidence = Vec::new();
    for call in case.history.calls() {
        let Some((exchange, address)) = given_up(&call) else {
            continue;
        };
        for hold in foreign_holds(case, &call, exchange, address) {
            judged += 1;
            evidence.extend(taken_away(case, hold, &call, exchange));
        }
        if let Some(known) = quarantine_known(case, &call, address) {
            judged += 1;
            evidence.extend(not_quarantined(case, &call, address, known));
        }
    }
    let what = "only its holder gives an address up; declined, it rests";
    Verdict::of("S7", what, judged, evidence)
}

fn given_up<'a>(call: &Call<'a>) -> Option<(&'a Exchange, Ipv4Addr)> {
    let gives_up = matches!(call.invoke.function, Function::Release | Function::Decline);
    let exchange = exchange(call.invoke).filter(|_| gives_up && !surely_not(call))?;
    Some((exchange, exchange.address?))
}

/// What others held of it then.
fn foreign_holds<'a, 'b>(
    case: &'b Case<'a>,
    call: &Call<'_>,
    exchange: &Exchange,
    address: Ipv4Addr,
) -> impl Iterator<Item = &'b Hold<'a>> {
    let begun = call.invoke.time;
    let holds = case.holds.of_address(address).iter();
    holds.filter(move |hold| hold.client != exchange.client && hold.promised_at(begun))
}

/// After the foreign RELEASE, somebody else was granted it before the holder's time was over.
fn taken_away(
    case: &Case<'_>,
    hold: &Hold<'_>,
    call: &Call<'_>,
    exchange: &Exchange,
) -> Option<Evidence> {
    let taken = |other: &&Hold<'_>| {
        other.client != hold.client
            && other.grant.request_sent > call.invoke.time
            && other.from() < hold.promised_until()
    };
    let other = case.holds.of_address(hold.address).iter().find(taken)?;
    let text = format!(
        "{} was {}'s until {}; {} sent a {} for it at {}, and {} was granted it at {}",
        hold.address,
        hold.client,
        seconds(hold.promised_until()),
        exchange.client,
        call.invoke.function,
        seconds(call.invoke.time),
        other.client,
        seconds(other.from())
    );
    let indexes = vec![hold.index, call.invoke.index, other.index];
    Some(Evidence::new(text, indexes).at(hold.address, call.invoke.time, hold.promised_until()))
}

/// When a decline had surely taken effect: it is known at its end, or a table showed it. A DECLINE has
/// no answer, and may be lost.
fn quarantine_known(case: &Case<'_>, call: &Call<'_>, address: Ipv4Addr) -> Option<u64> {
    if call.invoke.function != Function::Decline {
        return None;
    }
    if call.kind() == Kind::Ok {
        return call.ended();
    }
    let shows = |operation: &&Operation| match &operation.value {
        Value::NodeState(state) => {
            let mut rows = state.leases.iter().flatten();
            state.asked > call.invoke.time
                && rows.any(|row| row.address == address && row.state == LeaseState::Quarantined)
        }
        _ => false,
    };
    let tables = case.history.operations().iter().filter(shows);
    tables.map(|operation| operation.time).min()
}

/// The quarantine began before `known`, and not before the invocation.
fn not_quarantined(
    case: &Case<'_>,
    call: &Call<'_>,
    address: Ipv4Addr,
    known: u64,
) -> Option<Evidence> {
    let setup = case.history.setup()?;
    let quarantine = setup.quarantine_ms.saturating_mul(1_000_000);
    let until = call.invoke.time.saturating_add(quarantine);
    let given = |hold: &&Hold<'_>| hold.grant.request_sent > known && hold.from() < until;
    let hold = case.holds.of_address(address).iter().find(given)?;
    let text = format!(
        "{address} was declined at {}, and granted to {} at {}; it should rest until {}",
        seconds(call.invoke.time),
        hold.client,
        seconds(hold.from()),
        seconds(until)
    );
    let indexes = vec![call.invoke.index, hold.index];
    Some(Evidence::new(text, indexes).at(address, hold.from(), until))
}
