//! S9: reservations, public ports and members are each given once, whichever node is asked: the
//! operators' changes are linearizable.
//!
//! A list is one node's own table, which may lag: it must be the whole table as it was at some moment
//! up to the answer, never a mixture of two. A node answers a change once it has applied it itself: so what was
//! over before a change that was made through a node is in its later lists, unless something was done to the
//! node in between. Once the nodes are level at the end none lags any more, and a
//! list must be what there is when it is asked for: so a change that was made last and then lost is seen.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use super::faults::Faults;
use super::linear::{Event, Linearity, linearizable};
use super::spans::common;
use super::table::{Table, TableCall, TableModel};
use super::{Case, Evidence, Verdict, s2_durable};
use crate::history::{Call, FailureKind, Function, Kind, Operation, Value};

/// Points of a search. Some hundred bytes each.
const MOST_POINTS: usize = 300_000;

/// What nobody knows the outcome of takes effect within this time or never. The cluster itself has given
/// up before: a proposal after 2.5 s, a change of members after about 35 s.
const GIVEN_UP_AFTER: u64 = 60_000_000_000;

/// What an operator wants of a table.
enum Wish {
    Add(String, String),
    Remove(String),
    Read,
}

/// S9 for reservations. The same one may be added again.
pub fn reservations(case: &Case<'_>) -> Verdict {
    let model = TableModel {
        values_once: true,
        same_again: true,
        ..TableModel::default()
    };
    judge(
        case,
        "reservations are linearizable",
        &model,
        |operation| match (&operation.function, &operation.value) {
            (Function::ReservationAdd, Value::Reservation(it)) => {
                Some(Wish::Add(it.client.clone(), it.address?.to_string()))
            }
            (Function::ReservationRemove, Value::Reservation(it)) => {
                Some(Wish::Remove(it.client.clone()))
            }
            (Function::ReservationList, _) => Some(Wish::Read),
            _ => None,
        },
    )
}

/// S9 for port forwards. The same one may be added again.
pub fn forwards(case: &Case<'_>) -> Verdict {
    let model = TableModel {
        same_again: true,
        ..TableModel::default()
    };
    judge(
        case,
        "forwards are linearizable",
        &model,
        |operation| match (&operation.function, &operation.value) {
            (Function::ForwardAdd, Value::Forward(it)) => {
                Some(Wish::Add(it.public.clone(), it.target.clone()?))
            }
            (Function::ForwardRemove, Value::Forward(it)) => Some(Wish::Remove(it.public.clone())),
            (Function::ForwardList, _) => Some(Wish::Read),
            _ => None,
        },
    )
}

/// S9 for members. A change that was made already may be asked for again.
pub fn members(case: &Case<'_>) -> Verdict {
    let known = case.history.setup().into_iter();
    let known = known.flat_map(|setup| &setup.members);
    let model = TableModel {
        initial: known
            .map(|(name, _)| (name.clone(), String::new()))
            .collect(),
        values_once: false,
        repeatable: true,
        same_again: false,
    };
    judge(
        case,
        "members are linearizable",
        &model,
        |operation| match (&operation.function, &operation.value) {
            (Function::NodeAdd, Value::Member(it)) => {
                Some(Wish::Add(it.node.clone(), String::new()))
            }
            (Function::NodeRemove, Value::Member(it)) => Some(Wish::Remove(it.node.clone())),
            (Function::NodeList, _) => Some(Wish::Read),
            _ => None,
        },
    )
}

fn judge(
    case: &Case<'_>,
    what: &'static str,
    model: &TableModel,
    wish: impl Fn(&Operation) -> Option<Wish>,
) -> Verdict {
    let level = s2_durable::level(case).unwrap_or(u64::MAX);
    let floors = Floors::of(case, &wish);
    let event = |call: Call<'_>| event(&call, wish(call.invoke)?, level, &floors);
    let events: Vec<Event<TableCall>> = case.history.calls().filter_map(event).collect();
    match linearizable(model, &events, MOST_POINTS) {
        Linearity::Linearizable => Verdict::of("S9", what, events.len(), Vec::new()),
        Linearity::Not(lines) => {
            let text =
                "no order explains all answers; these cannot follow on the longest that does";
            let evidence = Evidence::new(text.to_owned(), lines);
            Verdict::of("S9", what, events.len(), vec![evidence])
        }
        Linearity::Unknown => {
            let because = format!(
                "given up after {MOST_POINTS} points with {} operations",
                events.len()
            );
            Verdict::unknown("S9", what, because)
        }
    }
}

/// From when on the lists of each node are not older.
struct Floors<'a> {
    faults: &'a Faults,
    /// The changes that were made through each node, by when they were over: that, and the latest beginning
    /// of those so far.
    changes: BTreeMap<&'a str, Vec<(u64, u64)>>,
}

impl<'a> Floors<'a> {
    fn of(case: &'a Case<'_>, wish: &impl Fn(&Operation) -> Option<Wish>) -> Self {
        let mut changes: BTreeMap<&str, Vec<(u64, u64)>> = BTreeMap::new();
        for call in case.history.calls().filter(|call| call.kind() == Kind::Ok) {
            let is_change = matches!(wish(call.invoke), Some(Wish::Add(..) | Wish::Remove(_)));
            if let (Some(node), Some(end), true) = (&call.invoke.node, call.ended(), is_change) {
                let of_node = changes.entry(node).or_default();
                of_node.push((end, call.invoke.time));
            }
        }
        for of_node in changes.values_mut() {
            of_node.sort_unstable();
            let mut latest = 0;
            for (_, begin) in of_node {
                latest = latest.max(*begin);
                *begin = latest;
            }
        }
        let faults = &case.faults;
        Self { faults, changes }
    }

    /// The beginning of the last change that was made through the list's node before it, if nothing has hit
    /// the node since.
    fn of_list(&self, list: &Call<'_>) -> u64 {
        let node = list.invoke.node.as_deref().unwrap_or_default();
        let asked = list.invoke.time;
        let changes = self.changes.get(node).map_or(&[] as &[_], Vec::as_slice);
        let before = changes.partition_point(|(end, _)| *end < asked);
        let begin = before.checked_sub(1).map(|last| changes[last].1);
        let unhit = |begin: &u64| {
            let since = [(*begin, asked.saturating_add(1))];
            common(&since, &self.faults.hits(node)).is_empty()
        };
        begin.filter(unhit).unwrap_or(0)
    }
}

/// What a call says about the table; nothing, if it says nothing. No node lags after `level`, nor behind the
/// floor of its lists.
fn event(call: &Call<'_>, wish: Wish, level: u64, floors: &Floors<'_>) -> Option<Event<TableCall>> {
    let failure = call.completion.and_then(|end| end.error.as_ref());
    let failure = failure.map(|failure| failure.kind);
    let known = match (wish, call.kind(), failure) {
        (Wish::Add(name, value), Kind::Ok, _) => TableCall::Added(name, value),
        (Wish::Remove(name), Kind::Ok, _) => TableCall::Removed(name),
        (Wish::Add(name, value), Kind::Fail, Some(FailureKind::Exists)) => {
            TableCall::Taken(name, value)
        }
        (Wish::Remove(name), Kind::Fail, Some(FailureKind::NotFound)) => TableCall::NotFound(name),
        (Wish::Add(name, value), Kind::Info, _) => TableCall::MaybeAdded(name, value),
        (Wish::Remove(name), Kind::Info, _) => TableCall::MaybeRemoved(name),
        (Wish::Read, Kind::Ok, _) => TableCall::Read(listed(call)?),
        _ => return None,
    };
    let begin = call.invoke.time;
    let may_lag = matches!(known, TableCall::Read(_)) && begin < level;
    Some(Event {
        call: known,
        begin: if may_lag { floors.of_list(call) } else { begin },
        end: call.ended().filter(|_| call.kind() != Kind::Info),
        never_after: Some(begin.saturating_add(GIVEN_UP_AFTER)),
        index: call.invoke.index,
    })
}

fn listed(call: &Call<'_>) -> Option<Table> {
    let show = |(name, address): (&String, &Ipv4Addr)| (name.clone(), address.to_string());
    match &call.completion?.value {
        Value::Reservations(table) => Some(table.iter().map(show).collect()),
        Value::Forwards(table) => Some(table.clone()),
        Value::Voters(names) => Some(
            names
                .iter()
                .map(|name| (name.clone(), String::new()))
                .collect(),
        ),
        _ => None,
    }
}
