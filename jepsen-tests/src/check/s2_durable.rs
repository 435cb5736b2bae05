//! S2: acknowledged grants survive. After everything has healed, each node's table has every grant
//! that was acknowledged before the table was read, and that has neither ended nor been given up.

use super::holds::Hold;
use super::verdict::seconds;
use super::{Case, Evidence, Verdict};
use crate::history::{Function, LeaseRow, LeaseState, NodeState, Operation, Value};

const RULE: &str = "S2";
const WHAT: &str = "every acknowledged grant is in every node's table at the end";

pub fn check(case: &Case<'_>) -> Verdict {
    let mut judged = 0;
    let mut evidence = Vec::new();
    let mut read = false;
    for (operation, state, rows) in finals(case) {
        read = true;
        let due =
            |hold: &&Hold<'_>| hold.from() < state.asked && hold.promised_until() > operation.time;
        for hold in case.holds.all().iter().filter(due) {
            judged += 1;
            let row = rows.iter().find(|row| row.address == hold.address);
            if !row.is_some_and(|row| is_grant(row, hold)) {
                evidence.push(lost(hold, row, operation));
            }
        }
    }
    if !read && !case.holds.all().is_empty() {
        let because = "there is no :final table to look into".to_owned();
        return Verdict::unknown(RULE, WHAT, because);
    }
    Verdict::of(RULE, WHAT, judged, evidence)
}

/// The tables at the end.
pub(super) fn finals<'a>(
    case: &Case<'a>,
) -> impl Iterator<Item = (&'a Operation, &'a NodeState, &'a [LeaseRow])> {
    let operations = case.history.operations().iter();
    operations.filter_map(|operation| match (&operation.function, &operation.value) {
        (Function::Final, Value::NodeState(state)) => {
            Some((operation, state, state.leases.as_deref()?))
        }
        _ => None,
    })
}

fn is_grant(row: &LeaseRow, hold: &Hold<'_>) -> bool {
    row.state == LeaseState::Bound && row.client.as_deref() == Some(hold.client)
}

fn lost(hold: &Hold<'_>, row: Option<&LeaseRow>, table: &Operation) -> Evidence {
    let found = row.map_or("no row".to_owned(), |row| {
        let client = row.client.as_deref().unwrap_or("nobody");
        format!("{:?} for {client}", row.state)
    });
    let text = format!(
        "{} was granted to {} until {}; the table of {} at {} has {found}",
        hold.address,
        hold.client,
        seconds(hold.promised_until()),
        table.node.as_deref().unwrap_or("a node"),
        seconds(table.time)
    );
    let indexes = vec![hold.index, table.index];
    Evidence::new(text, indexes).at(hold.address, table.time, hold.promised_until())
}
