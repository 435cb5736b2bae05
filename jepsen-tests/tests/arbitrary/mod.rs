//! Operations of every shape.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use jepsen_tests::history::{
    Amiss, Asked, Exchange, Failure, FailureKind, Fault, Forward, Function, Grant, Kind, LeaseRow,
    LeaseState, Member, NodeState, Operation, Process, Reply, ReplyKind, Reservation, RulesetSeen,
    Setup, Shown, Stall, Told, Value,
};
use jepsen_tests::history::{Answer, Flow, FlowEvent, NatStatus, Probe, Tenant};
use proptest::collection::{btree_map, btree_set, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

/// Nanoseconds that EDN's numbers can hold.
const MOMENT: std::ops::Range<u64> = 0..i64::MAX as u64;

fn name() -> impl Strategy<Value = String> {
    // Quotes, backslashes, line ends and letters of every kind.
    prop_oneof!["[a-z0-9:]{0,12}", "\\PC{0,6}", "[\"\\\\\n\r\t{}]{0,4}"]
}

fn address() -> impl Strategy<Value = Ipv4Addr> {
    any::<u32>().prop_map(Ipv4Addr::from)
}

fn exchange() -> impl Strategy<Value = Value> {
    let grant = (MOMENT, address(), MOMENT, MOMENT).prop_map(
        |(lease_ms, server, request_sent, ack_received)| Grant {
            lease_ms,
            server,
            request_sent,
            ack_received,
        },
    );
    (name(), option::of(address()), option::of(grant)).prop_map(|(client, address, grant)| {
        Value::Exchange(Exchange {
            client,
            address,
            grant,
        })
    })
}

fn reply() -> impl Strategy<Value = Value> {
    let message = select(vec![ReplyKind::Offer, ReplyKind::Ack, ReplyKind::Nak]);
    let parts = (
        message,
        name(),
        address(),
        any::<u32>(),
        option::of(address()),
    );
    parts.prop_map(|(message, client, server, xid, address)| {
        Value::Reply(Reply {
            message,
            client,
            server,
            xid,
            address,
        })
    })
}

fn reservation() -> impl Strategy<Value = Value> {
    (name(), option::of(address()))
        .prop_map(|(client, address)| Value::Reservation(Reservation { client, address }))
}

fn forward() -> impl Strategy<Value = Value> {
    (name(), option::of(name()))
        .prop_map(|(public, target)| Value::Forward(Forward { public, target }))
}

fn member() -> impl Strategy<Value = Value> {
    (name(), option::of(address()))
        .prop_map(|(node, address)| Value::Member(Member { node, address }))
}

fn fault() -> impl Strategy<Value = Value> {
    let names = || vec(name(), 0..3);
    let parts = (
        names(),
        names(),
        vec((name(), name()), 0..3),
        names(),
        any::<bool>(),
        option::of(name()),
    );
    parts.prop_map(|(targets, down, cut, unheard, peers_only, detail)| {
        Value::Fault(Fault {
            targets,
            down,
            cut,
            unheard,
            peers_only,
            detail,
        })
    })
}

fn node_state() -> impl Strategy<Value = Value> {
    let state = select(vec![
        LeaseState::Offered,
        LeaseState::Bound,
        LeaseState::Released,
        LeaseState::Expired,
        LeaseState::Quarantined,
    ]);
    let row =
        (address(), option::of(name()), state).prop_map(|(address, client, state)| LeaseRow {
            address,
            client,
            state,
        });
    let parts = (
        MOMENT,
        option::of(MOMENT),
        option::of(name()),
        MOMENT,
        option::of(vec(row, 0..4)),
    );
    parts.prop_map(|(applied, applied_at_most, digest, asked, leases)| {
        Value::NodeState(NodeState {
            applied,
            applied_at_most,
            digest,
            asked,
            leases,
        })
    })
}

fn ruleset() -> impl Strategy<Value = Value> {
    (any::<bool>(), option::of(name()))
        .prop_map(|(equal, detail)| Value::Ruleset(RulesetSeen { equal, detail }))
}

fn flow() -> impl Strategy<Value = Value> {
    let event = select(vec![
        FlowEvent::Begun,
        FlowEvent::Answered,
        FlowEvent::Broken,
        FlowEvent::Ended,
    ]);
    let texts = (
        option::of(name()),
        option::of(name()),
        option::of(name()),
        option::of(name()),
    );
    let parts = (name(), event, MOMENT, option::of(MOMENT), texts);
    parts.prop_map(
        |(flow, event, number, sent, (by, public, target, detail))| {
            Value::Flow(Flow {
                flow,
                event,
                number,
                sent,
                by,
                public,
                target,
                detail,
            })
        },
    )
}

fn probe() -> impl Strategy<Value = Value> {
    let answer = select(vec![Answer::Opened, Answer::Refused, Answer::Silent]);
    let parts = (name(), name(), name(), answer, option::of(name()), MOMENT);
    parts.prop_map(|(from, at, host, answer, by, asked)| {
        Value::Probe(Probe {
            from,
            at,
            host,
            answer,
            by,
            asked,
        })
    })
}

fn tenant() -> impl Strategy<Value = Value> {
    (address(), option::of(name())).prop_map(|(address, by)| Value::Tenant(Tenant { address, by }))
}

fn told() -> impl Strategy<Value = Told> {
    let amiss = (name(), option::of(name()), name()).prop_map(|(kind, node, cause)| Amiss {
        kind,
        node,
        cause,
    });
    let parts = (
        name(),
        any::<bool>(),
        option::of(name()),
        MOMENT,
        option::of(name()),
        vec(name(), 0..3),
        vec(amiss, 0..3),
    );
    parts.prop_map(
        |(level, in_service, reason, term, leader, not_serving, blockers)| Told {
            level,
            in_service,
            reason,
            term,
            leader,
            not_serving,
            blockers,
        },
    )
}

fn shown() -> impl Strategy<Value = Value> {
    let parts = (MOMENT, option::of(0u64..256), name(), option::of(told()));
    parts.prop_map(|(asked, exit, first_line, told)| {
        Value::Shown(Shown {
            asked,
            exit,
            first_line,
            told,
        })
    })
}

fn asked() -> impl Strategy<Value = Value> {
    (name(), name(), any::<u32>(), MOMENT).prop_map(|(client, near, xid, copies)| {
        Value::Asked(Asked {
            client,
            near,
            xid,
            copies,
        })
    })
}

fn setup() -> impl Strategy<Value = Value> {
    let places = (
        (address(), 0u8..=32),
        (address(), address()),
        option::of(address()),
        vec(address(), 0..3),
        vec((name(), address()), 0..3),
    );
    (name(), places, (MOMENT, MOMENT, MOMENT, MOMENT, MOMENT)).prop_map(
        |(workload, (network, pool, router, excluded, members), times)| {
            Value::Setup(Setup {
                workload,
                network,
                pool,
                router,
                excluded,
                members,
                clients: times.0,
                quarantine_ms: times.1,
                silent_after_ms: times.2,
                service_within_ms: times.3,
                failover_within_ms: times.4,
            })
        },
    )
}

fn table<V: std::fmt::Debug>(
    value: impl Strategy<Value = V>,
) -> impl Strategy<Value = BTreeMap<String, V>> {
    btree_map(name(), value, 0..4)
}

/// A function with a value of its shape.
fn about() -> impl Strategy<Value = (Function, Value)> {
    let with = |function: Function| move |value| (function.clone(), value);
    prop_oneof![
        exchange().prop_map(with(Function::Acquire)),
        exchange().prop_map(with(Function::Decline)),
        reply().prop_map(with(Function::Reply)),
        reservation().prop_map(with(Function::ReservationAdd)),
        table(address()).prop_map(|all| (Function::ReservationList, Value::Reservations(all))),
        forward().prop_map(with(Function::ForwardRemove)),
        table(name()).prop_map(|all| (Function::ForwardList, Value::Forwards(all))),
        address().prop_map(|address| (Function::LeaseRevoke, Value::Address(address))),
        member().prop_map(with(Function::NodeAdd)),
        btree_set(name(), 0..4).prop_map(|all| (Function::NodeList, Value::Voters(all))),
        fault().prop_map(with(Function::Start("kill".to_owned()))),
        fault().prop_map(with(Function::Stop("peers-cut".to_owned()))),
        node_state().prop_map(with(Function::Final)),
        ruleset().prop_map(with(Function::Ruleset)),
        flow().prop_map(with(Function::Flow)),
        probe().prop_map(with(Function::Probe)),
        tenant().prop_map(with(Function::Tenant)),
        any::<bool>().prop_map(|in_sync| (Function::Nat, Value::Nat(NatStatus { in_sync }))),
        shown().prop_map(with(Function::Status)),
        asked().prop_map(with(Function::Discover)),
        (name(), MOMENT)
            .prop_map(|(what, since)| { (Function::Stall, Value::Stall(Stall { what, since })) }),
        setup().prop_map(with(Function::Setup)),
        Just((Function::Rebind, Value::None)),
    ]
}

fn failure() -> impl Strategy<Value = Failure> {
    let kinds = vec![
        FailureKind::Nak,
        FailureKind::NoReply,
        FailureKind::NotSent,
        FailureKind::Exists,
        FailureKind::NotFound,
        FailureKind::Refused,
        FailureKind::Unknown,
    ];
    (select(kinds), name()).prop_map(|(kind, text)| Failure { kind, text })
}

/// Up to `most` lines that need no partner: invocations of processes of their own, and what was
/// seen; in the order of their times.
pub fn observations(most: usize) -> impl Strategy<Value = Vec<Operation>> {
    let line = (
        about(),
        MOMENT,
        0u8..3,
        option::of(name()),
        option::of(failure()),
    );
    vec(line, 0..=most).prop_map(|mut lines| {
        lines.sort_by_key(|(_, time, ..)| *time);
        let operation = |(index, line): (usize, _)| {
            let ((function, value), time, who, node, error) = line;
            let (process, kind) = match who {
                0 => (Process::Client(index as u64), Kind::Invoke),
                1 => (Process::Nemesis, Kind::Info),
                _ => (Process::Observer, Kind::Info),
            };
            Operation {
                index: index as u64,
                time,
                process,
                kind,
                function,
                value,
                node,
                error,
            }
        };
        lines.into_iter().enumerate().map(operation).collect()
    })
}
