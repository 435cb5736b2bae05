//! S5: no lease ends before its lease time has passed. Before that, its address is offered to nobody
//! else, and no table at the end says that it is over.
//!
//! That it is granted to nobody else is S1's.

use super::holds::Hold;
use super::s2_durable::finals;
use super::verdict::seconds;
use super::{Case, Evidence, LONGEST_FLIGHT, Verdict};
use crate::history::{LeaseRow, LeaseState, NodeState, Operation, Reply, ReplyKind, Value};

pub fn check(case: &Case<'_>) -> Verdict {
    let mut evidence = Vec::new();
    for operation in case.history.operations() {
        if let Value::Reply(reply) = &operation.value {
            evidence.extend(early_offer(case, operation, reply));
        }
    }
    for (operation, state, rows) in finals(case) {
        let early = rows
            .iter()
            .filter_map(|row| early_end(case, operation, state, row));
        evidence.extend(early);
    }
    let what = "no lease ends before its time has passed";
    Verdict::of("S5", what, case.holds.all().len(), evidence)
}

fn early_offer(case: &Case<'_>, operation: &Operation, reply: &Reply) -> Option<Evidence> {
    let address = reply
        .address
        .filter(|_| reply.message == ReplyKind::Offer)?;
    // The offer may have been made before the hold began, and have been on its way.
    let promised = |hold: &&Hold<'_>| {
        hold.client != reply.client
            && hold.from().saturating_add(LONGEST_FLIGHT) <= operation.time
            && hold.promised_at(operation.time)
    };
    let hold = case.holds.of_address(address).iter().find(promised)?;
    let text = format!(
        "{address} was offered to {} at {}, but is {}'s until {}",
        reply.client,
        seconds(operation.time),
        hold.client,
        seconds(hold.promised_until())
    );
    let evidence = Evidence::new(text, vec![hold.index, operation.index]);
    Some(evidence.at(address, operation.time, hold.promised_until()))
}

fn early_end(
    case: &Case<'_>,
    operation: &Operation,
    state: &NodeState,
    row: &LeaseRow,
) -> Option<Evidence> {
    if row.state != LeaseState::Expired {
        return None;
    }
    let due =
        |hold: &&Hold<'_>| hold.from() < state.asked && hold.promised_until() > operation.time;
    let hold = case.holds.of_address(row.address).iter().find(due)?;
    let text = format!(
        "the table of {} says at {} that {} has expired, but it is {}'s until {}",
        operation.node.as_deref().unwrap_or("a node"),
        seconds(operation.time),
        row.address,
        hold.client,
        seconds(hold.promised_until())
    );
    let evidence = Evidence::new(text, vec![hold.index, operation.index]);
    Some(evidence.at(row.address, operation.time, hold.promised_until()))
}
