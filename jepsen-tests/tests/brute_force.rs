//! Two checkers beside what they mean, spelt out: S1 instant by instant, linearizability order by
//! order. Small cases, all of them decided both ways.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use jepsen_tests::check::{self, Event, Linearity, Model, TableCall, TableModel, Validity};
use jepsen_tests::history::{
    Exchange, Failure, FailureKind, Function, Grant, History, Kind, Operation, Process, Value,
};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::ValueTree;
use proptest::test_runner::{RngAlgorithm, TestRng};

const MS: u64 = 1_000_000;
/// No case has a later moment.
const LAST: u64 = 120;

/// What a client does next. Times are in milliseconds; `wait` is at least 1.
#[derive(Clone, Debug)]
enum Step {
    Granted { address: u8, lease: u64 },
    Refused { address: u8 },
    GivenUp { address: u8 },
}

#[derive(Clone, Debug)]
struct Timed {
    wait: u64,
    took: u64,
    step: Step,
}

fn steps() -> impl Strategy<Value = Vec<Vec<Timed>>> {
    let step = prop_oneof![
        4 => (0u8..2, 1u64..25).prop_map(|(address, lease)| Step::Granted { address, lease }),
        1 => (0u8..2).prop_map(|address| Step::Refused { address }),
        2 => (0u8..2).prop_map(|address| Step::GivenUp { address }),
    ];
    let timed = (1u64..15, 1u64..4, step).prop_map(|(wait, took, step)| Timed { wait, took, step });
    vec(vec(timed, 0..5), 1..4)
}

fn address(number: u8) -> Ipv4Addr {
    Ipv4Addr::new(10, 0, 0, 10 + number)
}

/// One client's lines: what it did, as (time, kind, function, value, error).
type Line = (u64, Kind, Function, Value, Option<Failure>);

fn lines(client: usize, steps: &[Timed]) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut now = 0;
    for timed in steps {
        let begun = now + timed.wait;
        let ended = begun + timed.took;
        now = ended;
        let about = |address: u8, grant| {
            Value::Exchange(Exchange {
                client: client.to_string(),
                address: Some(self::address(address)),
                grant,
            })
        };
        let (function, before, kind, after, error) = match timed.step {
            Step::Granted { address, lease } => {
                let grant = Grant {
                    lease_ms: lease,
                    server: Ipv4Addr::LOCALHOST,
                    request_sent: begun * MS,
                    ack_received: ended * MS,
                };
                let before = about(address, None);
                let after = about(address, Some(grant));
                (Function::Rebind, before, Kind::Ok, after, None)
            }
            Step::Refused { address } => {
                let nak = Failure {
                    kind: FailureKind::Nak,
                    text: String::new(),
                };
                let value = about(address, None);
                (
                    Function::Rebind,
                    value.clone(),
                    Kind::Fail,
                    value,
                    Some(nak),
                )
            }
            Step::GivenUp { address } => {
                let value = about(address, None);
                (Function::Release, value.clone(), Kind::Ok, value, None)
            }
        };
        lines.push((begun, Kind::Invoke, function.clone(), before, None));
        lines.push((ended, kind, function, after, error));
    }
    lines
}

fn history(clients: &[Vec<Timed>]) -> History {
    let mut all: Vec<(usize, Line)> = Vec::new();
    for (client, steps) in clients.iter().enumerate() {
        all.extend(lines(client, steps).into_iter().map(|line| (client, line)));
    }
    all.sort_by_key(|(_, line)| line.0);
    let operation = |(index, (client, line)): (usize, (usize, Line))| Operation {
        index: index as u64,
        time: line.0 * MS,
        process: Process::Client(client as u64),
        kind: line.1,
        function: line.2,
        value: line.3,
        node: None,
        error: line.4,
    };
    History::new(all.into_iter().enumerate().map(operation).collect()).unwrap()
}

/// What a client holds at `instant`, by what happened to it up to then.
fn holds_at(steps: &[Timed], instant: u64) -> Option<u8> {
    let mut held: Option<(u8, u64)> = None;
    let mut now = 0;
    for timed in steps {
        let begun = now + timed.wait;
        let ended = begun + timed.took;
        now = ended;
        match timed.step {
            Step::Granted { address, lease } if ended <= instant => {
                held = Some((address, begun + lease));
            }
            Step::Refused { address } if ended <= instant => {
                held = held.filter(|held| held.0 != address);
            }
            Step::GivenUp { address } if begun <= instant => {
                held = held.filter(|held| held.0 != address);
            }
            _ => {}
        }
    }
    held.filter(|(_, until)| instant < *until)
        .map(|(address, _)| address)
}

fn held_twice(clients: &[Vec<Timed>]) -> bool {
    (0..LAST).any(|instant| {
        let mut holders: BTreeMap<u8, usize> = BTreeMap::new();
        for steps in clients {
            if let Some(address) = holds_at(steps, instant) {
                *holders.entry(address).or_default() += 1;
            }
        }
        holders.values().any(|count| *count > 1)
    })
}

/// Whether some order of all events with an end, and some of those without, explains them.
fn explained(
    model: &TableModel,
    state: &<TableModel as Model>::State,
    left: &[Event<TableCall>],
) -> bool {
    explained_from(0, model, state, left)
}

/// The same, with nothing before `now`.
fn explained_from(
    now: u64,
    model: &TableModel,
    state: &<TableModel as Model>::State,
    left: &[Event<TableCall>],
) -> bool {
    if left.iter().all(|event| event.end.is_none()) {
        return true;
    }
    (0..left.len()).any(|next| {
        let mut rest = left.to_vec();
        let event = rest.remove(next);
        let now = now.max(event.begin);
        let in_time = rest
            .iter()
            .all(|other| other.end.is_none_or(|end| event.begin <= end))
            && event
                .never_after
                .is_none_or(|never_after| now <= never_after);
        let after = model.step(state, &event.call);
        in_time && after.is_some_and(|after| explained_from(now, model, &after, &rest))
    })
}

fn events() -> impl Strategy<Value = Vec<Event<TableCall>>> {
    let name = || select(vec!["a".to_owned(), "b".to_owned()]);
    let value = || select(vec!["1".to_owned(), "2".to_owned()]);
    let table = proptest::collection::btree_map(name(), value(), 0..3);
    let call = prop_oneof![
        4 => (name(), value()).prop_map(|(name, value)| TableCall::Added(name, value)),
        2 => (name(), value()).prop_map(|(name, value)| TableCall::Taken(name, value)),
        2 => (name(), value()).prop_map(|(name, value)| TableCall::MaybeAdded(name, value)),
        2 => name().prop_map(TableCall::Removed),
        1 => name().prop_map(TableCall::NotFound),
        1 => name().prop_map(TableCall::MaybeRemoved),
        2 => table.prop_map(TableCall::Read),
    ];
    let timed = (call, 0u64..12, 0u64..6, any::<bool>());
    vec(timed, 0..8).prop_map(|events| {
        let event = |(index, (call, begin, took, gives_up)): (usize, (_, u64, u64, bool))| {
            let unknown = matches!(call, TableCall::MaybeAdded(..) | TableCall::MaybeRemoved(_));
            Event {
                call,
                begin,
                end: (!unknown).then_some(begin + took),
                never_after: (unknown && gives_up).then_some(begin + took),
                index: index as u64,
            }
        };
        events.into_iter().enumerate().map(event).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn exclusive_means_at_no_instant_two(clients in steps()) {
        let report = check::all(&history(&clients));
        let s1 = report.verdicts.iter().find(|verdict| verdict.rule == "S1").unwrap();
        let found = s1.validity == Validity::Invalid;
        prop_assert_eq!(found, held_twice(&clients), "{}", report);
    }

    #[test]
    fn linearizable_means_some_order_explains_it(
        events in events(),
        values_once: bool,
        repeatable: bool,
    ) {
        let model = TableModel { values_once, repeatable, ..TableModel::default() };
        let expected = explained(&model, &model.initial(), &events);
        let found = check::linearizable(&model, &events, 100_000);
        prop_assert_ne!(&found, &Linearity::Unknown);
        prop_assert_eq!(found == Linearity::Linearizable, expected);
    }
}

/// A table used by `processes` at once. Each call takes effect at a moment within its span; every
/// tenth is of unknown outcome, and may never take effect.
fn used_by_many(rng: &mut TestRng, calls: usize, processes: u64) -> Vec<Event<TableCall>> {
    let mut planned: Vec<(u64, u64, usize)> = (0..calls)
        .map(|index| {
            let begin = 10 * (index as u64 / processes) + rng.random_range(0..8);
            (begin + rng.random_range(0..12), begin, index)
        })
        .collect();
    planned.sort_unstable();
    let mut table = BTreeMap::new();
    let mut events = Vec::new();
    for (effect, begin, index) in planned {
        let name = rng.random_range(0..4).to_string();
        let value = rng.random_range(0..4).to_string();
        let unknown = rng.random_range(0..10) == 0;
        let happens = !unknown || rng.random_bool(0.5);
        let taken = table.contains_key(&name) || table.values().any(|known| *known == value);
        let there = table.contains_key(&name);
        let call = match rng.random_range(0..10) {
            0 if !unknown => TableCall::Read(table.clone()),
            0..=5 => {
                if happens && !taken {
                    table.insert(name.clone(), value.clone());
                }
                match (unknown, taken) {
                    (true, _) => TableCall::MaybeAdded(name, value),
                    (false, true) => TableCall::Taken(name, value),
                    (false, false) => TableCall::Added(name, value),
                }
            }
            _ => {
                if happens {
                    table.remove(&name);
                }
                match (unknown, there) {
                    (true, _) => TableCall::MaybeRemoved(name),
                    (false, true) => TableCall::Removed(name),
                    (false, false) => TableCall::NotFound(name),
                }
            }
        };
        let end = (!unknown).then(|| effect + rng.random_range(0..12));
        events.push(Event {
            call,
            begin,
            end,
            never_after: unknown.then(|| effect + rng.random_range(0..12)),
            index: index as u64,
        });
    }
    events
}

/// What really happened one after the other is always explained, at sizes that a run has, within the
/// limit that a run has.
#[test]
fn what_happened_is_explained() {
    let mut rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let model = TableModel {
        values_once: true,
        ..TableModel::default()
    };
    for _ in 0..5 {
        let events = used_by_many(&mut rng, 400, 5);
        assert_eq!(
            check::linearizable(&model, &events, 300_000),
            Linearity::Linearizable
        );
    }
}

#[test]
fn both_answers_occur_among_the_small_cases() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut seen = [[0; 2]; 2];
    for _ in 0..500 {
        let clients = steps().new_tree(&mut runner).unwrap().current();
        seen[0][usize::from(held_twice(&clients))] += 1;
        let events = events().new_tree(&mut runner).unwrap().current();
        let model = TableModel::default();
        seen[1][usize::from(explained(&model, &model.initial(), &events))] += 1;
    }
    assert!(seen.iter().flatten().all(|count| *count >= 50), "{seen:?}");
}

/// Of two with the same call the one that is sooner too late must come first.
#[test]
fn the_one_of_two_that_is_sooner_too_late_may_come_first() {
    let name = || "a".to_owned();
    let maybe_added = || TableCall::MaybeAdded(name(), "1".to_owned());
    let read = || TableCall::Read(BTreeMap::from([(name(), "1".to_owned())]));
    let events: Vec<_> = [
        (maybe_added(), 0, None, None),
        (maybe_added(), 1, None, Some(1)),
        (read(), 1, Some(2), None),
        (TableCall::Removed(name()), 3, Some(4), None),
        (read(), 5, Some(6), None),
    ]
    .into_iter()
    .zip(0..)
    .map(|((call, begin, end, never_after), index)| Event {
        call,
        begin,
        end,
        never_after,
        index,
    })
    .collect();
    let model = TableModel::default();
    assert!(explained(&model, &model.initial(), &events));
    assert_eq!(
        check::linearizable(&model, &events, 1000),
        Linearity::Linearizable
    );
}

#[test]
fn a_search_that_runs_into_its_limit_knows_nothing() {
    // Twelve additions that may all come first, and a table that none of their orders makes.
    let added = |n: u64| Event {
        call: TableCall::Added(n.to_string(), n.to_string()),
        begin: 0,
        end: Some(100),
        never_after: None,
        index: n,
    };
    let mut events: Vec<_> = (0..12).map(added).collect();
    events.push(Event {
        call: TableCall::Read(BTreeMap::from([("x".to_owned(), "y".to_owned())])),
        begin: 0,
        end: Some(100),
        never_after: None,
        index: 12,
    });
    let model = TableModel::default();
    assert_eq!(
        check::linearizable(&model, &events, 1000),
        Linearity::Unknown
    );
    assert!(matches!(
        check::linearizable(&model, &events, 100_000),
        Linearity::Not(_)
    ));
}
