//! S3: one client, one address, whichever node answers, unless an operator moved it.

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;

use super::holds::Hold;
use super::s2_durable::finals;
use super::verdict::seconds;
use super::{Case, Evidence, Verdict};
use crate::history::{LeaseRow, LeaseState, Operation};

pub fn check(case: &Case<'_>) -> Verdict {
    let mut by_client: BTreeMap<&str, Vec<&Hold<'_>>> = BTreeMap::new();
    for hold in case.holds.all().iter().filter(|hold| !hold.moved) {
        by_client.entry(hold.client).or_default().push(hold);
    }
    let mut evidence = Vec::new();
    for holds in by_client.values_mut() {
        holds.sort_by_key(|hold| (hold.from(), hold.index));
        evidence.extend(second_addresses(holds));
    }
    let moved: BTreeSet<&str> = case.holds.moved().collect();
    for (operation, _, rows) in finals(case) {
        evidence.extend(second_rows(rows, operation, &moved));
    }
    let what = "one client, one address";
    Verdict::of("S3", what, by_client.len(), evidence)
}

/// `holds` of one client, by time.
fn second_addresses(holds: &[&Hold<'_>]) -> Vec<Evidence> {
    let mut evidence = Vec::new();
    for (place, second) in holds.iter().enumerate() {
        let before = holds[..place].iter();
        let mut still = before.filter(|first| {
            first.address != second.address && first.kept_until() > second.grant.request_sent
        });
        if let Some(first) = still.next() {
            evidence.push(two_holds(first, second));
        }
    }
    evidence
}

fn two_holds(first: &Hold<'_>, second: &Hold<'_>) -> Evidence {
    let text = format!(
        "{} was granted {} at {} while it had {} until {}",
        first.client,
        second.address,
        seconds(second.from()),
        first.address,
        seconds(first.kept_until())
    );
    let indexes = vec![first.index, second.index];
    Evidence::new(text, indexes).at(second.address, second.from(), first.kept_until())
}

/// Rows of one table.
fn second_rows(rows: &[LeaseRow], table: &Operation, moved: &BTreeSet<&str>) -> Vec<Evidence> {
    let mut held: BTreeMap<&str, Vec<Ipv4Addr>> = BTreeMap::new();
    for row in rows {
        let client = row
            .client
            .as_deref()
            .filter(|client| !moved.contains(client));
        if let (Some(client), LeaseState::Bound) = (client, row.state) {
            held.entry(client).or_default().push(row.address);
        }
    }
    let doubles = held
        .into_iter()
        .filter(|(_, addresses)| addresses.len() > 1);
    let describe = |(client, addresses): (&str, Vec<Ipv4Addr>)| {
        let node = table.node.as_deref().unwrap_or("a node");
        let text = format!("in the table of {node}, {client} has {addresses:?}");
        Evidence::new(text, vec![table.index])
    };
    doubles.map(describe).collect()
}
