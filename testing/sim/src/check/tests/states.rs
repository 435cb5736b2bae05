//! S2, S3, S4, S5, S7, S8, S9, L5, T4: what changes from one state to the next.

use super::*;
use ipam::{AnyKey, ClusterCommand, Reservation};

#[test]
fn s2_an_acknowledged_grant_vanishes() {
    let mut bench = Bench::new();
    bench.grant(20, 1);
    bench.remove(20);
    bench.commit();
    assert_eq!(bench.broken(), ["S2"]);
}

#[test]
fn s2_a_committed_entry_is_replaced() {
    let mut bench = Bench::new();
    bench.grant(20, 1);
    let other = LogPosition {
        term: TERM + 1,
        ..bench.position
    };
    let state = State::from_parts(StateParts::default()).expect("a state");
    bench.judge.applied(bench.at, NodeId(2), other, &state);
    assert!(bench.broken().contains(&"S2"), "{:?}", bench.broken());
}

#[test]
fn s2_the_newest_entry_is_lost_everywhere() {
    let mut bench = Bench::new();
    bench.grant(20, 1);
    bench.position.index -= 1;
    bench.remove(20);
    bench.finish();
    assert_eq!(bench.broken(), ["S2"]);
}

#[test]
fn s3_a_second_address_is_bound() {
    let mut bench = Bench::new();
    bench.put(20, 1, bench.bound());
    bench.commit();
    bench.put(21, 1, bench.bound());
    bench.commit();
    assert_eq!(bench.broken(), ["S3"]);
}

#[test]
fn s4_out_of_bounds() {
    // The network's, the router's, a node's, outside the pool, excluded, the broadcast address.
    for host in [0, 1, 11, 99, 30, 255] {
        let mut bench = Bench::new();
        bench.put(host, 1, bench.bound());
        bench.commit();
        assert!(
            bench.broken().contains(&"S4"),
            "{host}: {:?}",
            bench.broken()
        );
    }
}

#[test]
fn s4_reserved_for_another_and_not_for_oneself() {
    for (owner, expected) in [(2, &["S4"] as &[&str]), (1, &[])] {
        let mut bench = Bench::new();
        bench.put_object(Reservation {
            subnet: SubnetId(1),
            client: key(owner),
            address: address(99),
        });
        bench.commit();
        bench.put(99, 1, bench.bound());
        bench.commit();
        assert_eq!(bench.broken(), expected);
    }
}

#[test]
fn s4_and_s7_quarantined() {
    let mut bench = Bench::new();
    // It has just begun: it is not probed again before a quarter of its time.
    let until = bench.parts.clock + LeaseTimes::default().quarantine;
    bench.put(20, 9, LeaseState::Quarantined { until });
    bench.commit();
    bench.put(20, 1, bench.bound());
    bench.commit();
    assert_eq!(bench.broken(), ["S4", "S7"]);
}

#[test]
fn s5_a_lease_ends_early() {
    let mut bench = Bench::new();
    bench.grant(20, 1);
    bench.pass(LEASE - Duration::from_millis(1));
    let at = bench.parts.clock;
    bench.put(20, 1, LeaseState::Expired { at });
    bench.commit();
    assert_eq!(bench.broken(), ["S5"]);
}

#[test]
fn s5_a_shorter_promise_takes_nothing_back() {
    let mut bench = Bench::new();
    bench.grant(20, 1);
    let short = What::Bound {
        address: address(20),
        server: address(11),
        requested: bench.at,
        lease_time: seconds(60),
        until: bench.at + seconds(60),
    };
    bench.tell(1, short);
    bench.pass(seconds(100));
    let at = bench.parts.clock;
    bench.put(20, 1, LeaseState::Expired { at });
    bench.commit();
    assert_eq!(bench.broken(), ["S5"]);
}

#[test]
fn s7_somebody_else_gives_up() {
    for quarantined in [false, true] {
        let mut bench = Bench::new();
        bench.grant(20, 1);
        let at = bench.parts.clock;
        let until = at + Span::from_secs(60);
        let state = if quarantined {
            LeaseState::Quarantined { until }
        } else {
            LeaseState::Released { at }
        };
        bench.put(20, 1, state);
        bench.commit();
        assert_eq!(bench.broken(), ["S7"]);
    }
}

#[test]
fn s7_a_late_release_ends_a_newer_grant() {
    let mut bench = Bench::new();
    bench.grant(20, 1);
    bench.tell(1, What::Released(address(20)));
    bench.pass(seconds(5));
    bench.grant(20, 1);
    let at = bench.parts.clock;
    bench.put(20, 1, LeaseState::Released { at });
    bench.commit();
    assert_eq!(bench.broken(), ["S7"]);
}

#[test]
fn s7_an_operator_may() {
    let mut bench = Bench::new();
    bench.grant(20, 1);
    let revoke = ClusterCommand::RevokeLease {
        operator: Operator::default(),
        subnet: SubnetId(1),
        address: address(20),
    };
    bench.judge.operator(bench.at, &revoke.into());
    let at = bench.parts.clock;
    bench.put(20, 1, LeaseState::Released { at });
    bench.commit();
    bench.pass(seconds(1));
    bench.grant(20, 2);
    assert_eq!(bench.broken(), [] as [&str; 0]);
}

#[test]
fn s8_two_nodes_differ() {
    let mut bench = Bench::new();
    bench.put(20, 1, bench.bound());
    let (at, position) = (bench.at, bench.position);
    bench.judge.applied(at, NodeId(2), position, &bench.state());
    assert_eq!(bench.broken(), ["S8"]);
}

#[test]
fn s9_a_public_port_is_taken_over() {
    let mut bench = Bench::new();
    bench.put_object(forward(20));
    bench.commit();
    bench.put_object(forward(21));
    bench.commit();
    assert_eq!(bench.broken(), ["S9"]);
}

#[test]
fn s9_a_public_port_that_was_given_back() {
    let mut bench = Bench::new();
    bench.put_object(forward(20));
    bench.commit();
    bench.ask(Change::Delete {
        key: AnyKey::Forward(port()),
        expected: None,
    });
    bench.put_object(forward(21));
    bench.commit();
    assert_eq!(bench.broken(), [] as [&str; 0]);
}

#[test]
fn s9_a_forward_is_replaced_only_at_the_revision_that_is_meant() {
    // How many entries before the newest revision the one is that the operator means, if any.
    for (behind, expected) in [(Some(0), &[] as &[&str]), (None, &[]), (Some(1), &["S9"])] {
        let mut bench = Bench::new();
        bench.put_object(forward(20));
        bench.commit();
        bench.ask(Change::Replace {
            object: forward(21).into(),
            expected: behind.map(|behind| bench.position.index - behind),
        });
        bench.put_object(forward(21));
        bench.commit();
        assert_eq!(bench.broken(), expected);
    }
}

#[test]
fn s9_a_replacement_takes_place_once() {
    let mut bench = Bench::new();
    bench.put_object(forward(20));
    bench.commit();
    bench.ask(Change::Replace {
        object: forward(21).into(),
        expected: None,
    });
    for (host, expected) in [(21, &[] as &[&str]), (20, &["S9"])] {
        bench.put_object(forward(host));
        bench.commit();
        assert_eq!(bench.broken(), expected, "{host}");
    }
}

#[test]
fn s9_a_port_of_the_hosts_is_forwarded() {
    for (protocol, port) in [(Protocol::Tcp, 22), (Protocol::Udp, 4789)] {
        let mut bench = Bench::new();
        bench.commit();
        let key = ForwardKey { protocol, port };
        bench.put_object(Forward { key, ..forward(20) });
        bench.commit();
        assert_eq!(bench.broken(), ["S9"], "{key}");
    }
}

#[test]
fn s9_two_nodes_one_address() {
    let mut bench = Bench::new();
    bench.parts.nodes[1].listen = bench.parts.nodes[0].listen.clone();
    bench.commit();
    assert!(bench.broken().contains(&"S9"), "{:?}", bench.broken());
}

#[test]
fn l5_a_client_that_comes_back_is_given_another_address() {
    for remembered in [true, false] {
        for (gets, expected) in [(21, &["L5"] as &[&str]), (20, &[])] {
            let mut bench = had_and_expired(remembered);
            bench.grant(gets, 1);
            assert_eq!(bench.broken(), expected, "remembered: {remembered}");
        }
    }
}

#[test]
fn l5_what_was_meant_for_another_meanwhile_is_nobodys() {
    let mut bench = had_and_expired(true);
    let until = bench.parts.clock + Span::from_secs(60);
    let returning = false;
    bench.put(20, 2, LeaseState::Offered { until, returning });
    bench.commit();
    bench.remove(20);
    bench.commit();
    bench.grant(21, 1);
    assert_eq!(bench.broken(), [] as [&str; 0]);
}

/// Client 1 had .20, and its lease has run out; the cluster remembers it or not.
fn had_and_expired(remembered: bool) -> Bench {
    let mut bench = Bench::new();
    bench.grant(20, 1);
    bench.pass(LEASE + seconds(60));
    bench.tell(1, What::Expired(address(20)));
    let at = bench.parts.clock;
    match remembered {
        true => bench.put(20, 1, LeaseState::Expired { at }),
        false => bench.remove(20),
    }
    bench.commit();
    bench
}

#[test]
fn t4_no_grace() {
    let mut bench = Bench::new();
    let duration = Span::from_secs(LEASE.as_secs());
    let state = LeaseState::Bound {
        granted: bench.parts.clock,
        duration,
        reclaim: bench.parts.clock + duration + Span(9999),
    };
    bench.put(20, 1, state);
    bench.commit();
    assert_eq!(bench.broken(), ["T4"]);
}
