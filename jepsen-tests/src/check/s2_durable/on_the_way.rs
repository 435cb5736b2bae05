//! S2 in the tables that were read during the run, faults or not.
//!
//! Such a table may be of a node that lags. It surely comes after a grant in two cases:
//!
//! * its log index is not below that of a table, read after the ACK, that has the grant;
//! * before it was read, its node had answered a request that was made after the ACK, and no fault had hit
//!   the node since: so it had applied all that was granted before that request.
//!
//! Not judged are grants of an address that the same client had given up, or had left to expire, a short
//! while before: a RELEASE may have waited in a stopped process, and a table that lags may show the earlier
//! grant.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use super::super::faults::node_names;
use super::super::holds::{Hold, exchange, surely_not};
use super::super::{Case, Evidence};
use super::{is_grant, lost, tables};
use crate::history::{Function, LeaseRow, NodeState, Operation};

/// A RELEASE that waited, or a table that lags, is not older than this: longer than any node is kept from
/// its work.
const LONGEST_LAG: u64 = 30_000_000_000;

/// A table, ready to be asked.
struct Table<'a> {
    operation: &'a Operation,
    state: &'a NodeState,
    rows: BTreeMap<Ipv4Addr, &'a LeaseRow>,
    /// It has all that was acknowledged before this.
    has_all_before: u64,
}

/// A grant that can be judged.
struct Grant<'a, 'b> {
    hold: &'b Hold<'a>,
    /// The lowest log index at which a table is known to have it.
    known_at: Option<u64>,
}

/// How many grants were looked for in how many tables, all together, and which were not there.
pub fn check(case: &Case<'_>) -> (usize, Vec<Evidence>) {
    let tables = prepared(case);
    let mut grants = grants(case);
    let longest = grants.iter().map(|grant| length(grant.hold)).max();
    let longest = longest.unwrap_or(0);
    for table in &tables {
        for place in promised(&grants, table, longest) {
            let has = table
                .row(&grants[place])
                .is_some_and(|row| is_grant(row, grants[place].hold));
            let known = grants[place].known_at.unwrap_or(u64::MAX);
            if has {
                grants[place].known_at = Some(known.min(table.at_most()));
            }
        }
    }
    let mut judged = 0;
    let mut evidence = Vec::new();
    let on_the_way = |table: &&Table<'_>| table.operation.function == Function::State;
    for table in tables.iter().filter(on_the_way) {
        for place in promised(&grants, table, longest) {
            let grant = &grants[place];
            if !table.surely_after(grant) {
                continue;
            }
            judged += 1;
            let row = table.row(grant);
            if !row.is_some_and(|row| is_grant(row, grant.hold)) {
                evidence.push(lost(grant.hold, row, table.operation));
            }
        }
    }
    (judged, evidence)
}

impl<'a> Table<'a> {
    fn row(&self, grant: &Grant<'_, '_>) -> Option<&'a LeaseRow> {
        self.rows.get(&grant.hold.address).copied()
    }

    /// The highest index that it may be of.
    fn at_most(&self) -> u64 {
        self.state.applied_at_most.unwrap_or(self.state.applied)
    }

    fn surely_after(&self, grant: &Grant<'_, '_>) -> bool {
        let by_index = grant
            .known_at
            .is_some_and(|index| index <= self.state.applied);
        by_index || grant.hold.from() < self.has_all_before
    }
}

/// The places of the grants that were acknowledged before the table was asked for, and are promised for
/// longer than its reading took.
fn promised(grants: &[Grant<'_, '_>], table: &Table<'_>, longest: u64) -> Vec<usize> {
    let (asked, read) = (table.state.asked, table.operation.time);
    let earliest = read.saturating_sub(longest);
    let from = grants.partition_point(|grant| grant.hold.from() < earliest);
    let until = grants.partition_point(|grant| grant.hold.from() < asked);
    let lasting = |place: &usize| grants[*place].hold.promised_until() > read;
    (from..until.max(from)).filter(lasting).collect()
}

fn length(hold: &Hold<'_>) -> u64 {
    hold.promised_until().saturating_sub(hold.from())
}

fn prepared<'a>(case: &Case<'a>) -> Vec<Table<'a>> {
    let answers = answers(case);
    let prepare =
        |(operation, state, rows): (&'a Operation, &'a NodeState, &'a [LeaseRow])| Table {
            operation,
            state,
            rows: rows.iter().map(|row| (row.address, row)).collect(),
            has_all_before: has_all_before(case, &answers, operation, state),
        };
    tables(case).map(prepare).collect()
}

/// By node: when it sent an ACK, and the latest moment at which one that it had acknowledged by then had
/// asked. In order.
fn answers<'a>(case: &Case<'a>) -> BTreeMap<&'a str, Vec<(u64, u64)>> {
    let names = node_names(case.history);
    let mut answers: BTreeMap<&str, Vec<(u64, u64)>> = BTreeMap::new();
    for call in case.history.calls() {
        let grant = call.completion.and_then(exchange).and_then(|it| it.grant);
        let node = grant.and_then(|grant| names.get(&grant.server));
        if let (Some(grant), Some(node)) = (grant, node) {
            let answer = (grant.ack_received, call.invoke.time);
            answers.entry(node).or_default().push(answer);
        }
    }
    for of_node in answers.values_mut() {
        of_node.sort_unstable();
        let mut latest = 0;
        for (_, asked) in of_node {
            latest = latest.max(*asked);
            *asked = latest;
        }
    }
    answers
}

fn has_all_before(
    case: &Case<'_>,
    answers: &BTreeMap<&str, Vec<(u64, u64)>>,
    table: &Operation,
    state: &NodeState,
) -> u64 {
    let Some(node) = table.node.as_deref() else {
        return 0;
    };
    let of_node = answers.get(node).map_or(&[][..], Vec::as_slice);
    let before = of_node.partition_point(|(answered, _)| *answered <= state.asked);
    let latest = before.checked_sub(1).and_then(|place| of_node.get(place));
    let latest = latest.map_or(0, |(_, asked)| *asked);
    // A node that starts reads its log again: for a moment its state is one of before.
    let disturbed = case.faults.all().iter().any(|fault| {
        let hit = fault.fault.targets.iter().any(|target| target == node);
        hit && fault.possible.0 <= table.time && latest <= fault.possible.1
    });
    if disturbed { 0 } else { latest }
}

/// The grants that can be judged, by the moments of their ACKs.
fn grants<'a, 'b>(case: &'b Case<'a>) -> Vec<Grant<'a, 'b>> {
    let given_up = given_up(case);
    let mut latest: BTreeMap<(&str, Ipv4Addr), Unsettled> = BTreeMap::new();
    let mut grants = Vec::new();
    let moved: Vec<&str> = case.holds.moved().collect();
    // By address, then time.
    for hold in case.holds.all() {
        let key = (hold.client, hold.address);
        let unsettled = latest.entry(key).or_default();
        unsettled.note(hold, given_up.get(&key));
        if !unsettled.at(hold.from()) && !moved.contains(&hold.client) {
            grants.push(Grant {
                hold,
                known_at: None,
            });
        }
    }
    grants.sort_by_key(|grant| grant.hold.from());
    grants
}

/// When clients gave up which addresses, or may have.
fn given_up<'a>(case: &Case<'a>) -> BTreeMap<(&'a str, Ipv4Addr), Vec<u64>> {
    let mut given_up: BTreeMap<(&str, Ipv4Addr), Vec<u64>> = BTreeMap::new();
    for call in case.history.calls().filter(|call| !surely_not(call)) {
        let gives_up = matches!(call.invoke.function, Function::Release | Function::Decline);
        let asked = exchange(call.invoke).filter(|_| gives_up);
        if let Some((client, address)) = asked.and_then(|it| Some((&it.client, it.address?))) {
            let times = given_up.entry((client.as_str(), address)).or_default();
            times.push(call.invoke.time);
        }
    }
    given_up
}

/// What a client did with an address before, so far.
#[derive(Default)]
struct Unsettled {
    /// Until when it was promised last.
    promised_until: Option<u64>,
    /// When it was last given up, or had expired and was granted again.
    since: Option<u64>,
}

impl Unsettled {
    /// Takes the next hold into account.
    fn note(&mut self, hold: &Hold<'_>, given_up: Option<&Vec<u64>>) {
        let before = |time: &u64| *time <= hold.from();
        let gave_up = given_up.into_iter().flatten().copied().filter(before).max();
        let expired = self.promised_until.filter(|until| *until < hold.from());
        let gap = expired.map(|_| hold.from());
        self.since = self.since.max(gave_up).max(gap);
        self.promised_until = self.promised_until.max(Some(hold.promised_until()));
    }

    fn at(&self, time: u64) -> bool {
        let settled = |since: u64| since.saturating_add(LONGEST_LAG) <= time;
        self.since.is_some_and(|since| !settled(since))
    }
}
