//! S2: acknowledged grants survive. A table that was read after a grant was acknowledged, and that is of a
//! state that surely comes after it, has it for as long as it has neither ended nor been given up.
//!
//! At the end, when everything has healed, that is every node's table. Leases are short, and what was
//! granted before the last crash has ended by then, so the tables that were read on the way are judged as
//! well ([`on_the_way`]).

mod on_the_way;

use std::collections::{BTreeMap, BTreeSet};

use super::holds::Hold;
use super::verdict::seconds;
use super::{Case, Evidence, Verdict};
use crate::history::{Function, LeaseRow, LeaseState, NodeState, Operation, Value};

const RULE: &str = "S2";
const WHAT: &str = "every acknowledged grant is in every later table";

pub fn check(case: &Case<'_>) -> Verdict {
    if case.holds.all().is_empty() {
        return Verdict::of(RULE, WHAT, 0, Vec::new());
    }
    let (mut judged, mut evidence) = on_the_way::check(case);
    for (operation, state, rows) in finals(case) {
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
    match level(case) {
        Err(because) if evidence.is_empty() => Verdict::unknown(RULE, WHAT, because),
        _ => Verdict::of(RULE, WHAT, judged, evidence),
    }
}

/// When the last of the tables at the end was read, if there is one of every member, all of one log index;
/// else why not.
pub(super) fn level(case: &Case<'_>) -> Result<u64, String> {
    let mut last: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
    for (operation, state, _) in finals(case) {
        let node = operation.node.as_deref().unwrap_or_default();
        if state.applied_at_most.is_some() {
            return Err(format!("the :final table of {node} is of no one log index"));
        }
        last.insert(node, (state.applied, operation.time));
    }
    let members = case.faults.members_at(case.history.end());
    let missing: Vec<&str> = members.filter(|node| !last.contains_key(node)).collect();
    if !missing.is_empty() {
        return Err(format!(
            "there is no :final table of {}",
            missing.join(", ")
        ));
    }
    let indexes: BTreeSet<u64> = last.values().map(|(applied, _)| *applied).collect();
    if indexes.len() > 1 {
        return Err(format!(
            "the :final tables are of different log indexes: {indexes:?}"
        ));
    }
    let times = last.values().map(|(_, time)| *time);
    times
        .max()
        .ok_or_else(|| "there is no :final table to look into".to_owned())
}

/// The tables at the end.
pub(super) fn finals<'a>(
    case: &Case<'a>,
) -> impl Iterator<Item = (&'a Operation, &'a NodeState, &'a [LeaseRow])> {
    tables(case).filter(|(operation, _, _)| operation.function == Function::Final)
}

/// All tables.
fn tables<'a>(
    case: &Case<'a>,
) -> impl Iterator<Item = (&'a Operation, &'a NodeState, &'a [LeaseRow])> + use<'a> {
    let operations = case.history.operations().iter();
    operations.filter_map(|operation| match &operation.value {
        Value::NodeState(state) => Some((operation, state, state.leases.as_deref()?)),
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
