//! S11 (ST1, ST2, ST3, ST5): what nodes say of themselves, beside what happened.

use super::*;
use crate::check::Shown;
use causes::Trouble;
use operator::verdict::{Level, Observed, Verdict};

const NONE: [&str; 0] = [];
const NO_QUORUM: &str = "no quorum in reach: 0 of its peers answer, the leader it knows is none";

fn show(bench: &mut Bench, reason: Option<&str>, could: bool) {
    bench.judge.shown(&Shown {
        at: bench.at,
        node: NodeId(1),
        reason: reason.map(str::to_owned),
        verdict: None,
        members: vec![],
        notices: vec![],
        all_well: reason.is_none(),
        could,
    });
}

/// Node 1 hears a copy of a DHCPDISCOVER of the client, which is on its host.
fn discover(bench: &mut Bench, client: u8) {
    let mut message = crate::client::request_bytes(mac(client), 7, address(20), None);
    let place = message.windows(3).position(|option| option == [53, 1, 3]);
    message[place.expect("option 53") + 2] = 1;
    bench
        .judge
        .heard_near(bench.at, NodeId(1), &key(client), &message);
}

#[test]
fn st1_a_node_that_serves_and_nobody_answers() {
    let mut bench = Bench::new();
    show(&mut bench, None, true);
    for pause in [4, 4] {
        discover(&mut bench, 1);
        bench.pass(seconds(pause));
    }
    discover(&mut bench, 1);
    assert_eq!(
        bench.broken(),
        NONE,
        "three copies, and time to answer them"
    );
    bench.pass(seconds(4));
    discover(&mut bench, 1);
    assert_eq!(bench.broken(), ["ST1"]);
}

#[test]
fn st1_nothing_is_owed_by_a_node_that_says_no_or_that_said_so_meanwhile() {
    for reason in [Some(NO_QUORUM), None] {
        let mut bench = Bench::new();
        bench.judge.trouble(bench.at, NodeId(1), Trouble::Network);
        show(&mut bench, Some(NO_QUORUM), false);
        for _ in 0..6 {
            discover(&mut bench, 1);
            bench.pass(seconds(4));
            bench.judge.trouble(bench.at, NodeId(1), Trouble::Network);
            show(&mut bench, reason, false);
        }
        assert_eq!(bench.broken(), NONE);
    }
}

#[test]
fn st1_a_frame_that_the_network_doubles_is_no_other_copy() {
    let mut bench = Bench::new();
    show(&mut bench, None, true);
    discover(&mut bench, 1);
    bench.pass(seconds(9));
    for _ in 0..4 {
        discover(&mut bench, 1);
    }
    assert_eq!(bench.broken(), NONE);
}

#[test]
fn st1_a_process_that_stood_still_claimed_nothing() {
    let mut bench = Bench::new();
    show(&mut bench, None, true);
    for _ in 0..3 {
        discover(&mut bench, 1);
        bench.judge.trouble(bench.at, NodeId(1), Trouble::Paused);
        bench.pass(seconds(4));
    }
    show(&mut bench, None, true);
    discover(&mut bench, 1);
    assert_eq!(bench.broken(), NONE);
}

#[test]
fn st2_a_blocker_without_a_cause() {
    for (reason, trouble) in [
        (NO_QUORUM, Trouble::Network),
        ("its storage failed: ENOSPC", Trouble::DiskFails),
        ("it has been removed from the cluster", Trouble::Removal),
        ("no quorum: round trips are too long", Trouble::Network),
        ("it is not a voting member", Trouble::NoMember),
    ] {
        let mut honest = Bench::new();
        honest.judge.trouble(honest.at, NodeId(1), trouble);
        honest.pass(seconds(5));
        show(&mut honest, Some(reason), false);
        assert_eq!(honest.broken(), NONE, "{reason}");
        let mut liar = Bench::new();
        show(&mut liar, Some(reason), false);
        assert_eq!(liar.broken(), ["ST2"], "{reason}");
    }
}

/// Healthy nodes that say that they were removed. A peer that stood still is no latency.
#[test]
fn st2_the_cause_of_something_else() {
    for (reason, trouble) in [
        ("it has been removed from the cluster", Trouble::Network),
        ("no quorum: round trips are too long", Trouble::Paused),
        ("its state differs from that of 2 peers", Trouble::Down),
        ("something that nobody has heard of", Trouble::Down),
    ] {
        let mut bench = Bench::new();
        bench.judge.trouble(bench.at, NodeId(1), trouble);
        show(&mut bench, Some(reason), false);
        assert_eq!(bench.broken(), ["ST2"], "{reason}");
    }
}

#[test]
fn st3_a_node_that_could_serve_and_does_not() {
    let mut bench = Bench::new();
    for _ in 0..16 {
        bench.judge.trouble(bench.at, NodeId(2), Trouble::Down);
        show(&mut bench, Some(NO_QUORUM), true);
        assert_eq!(bench.broken(), NONE);
        bench.pass(seconds(1));
    }
    show(&mut bench, Some(NO_QUORUM), true);
    assert_eq!(bench.broken(), ["ST3"]);
}

#[test]
fn st3_who_could_not_for_a_moment_has_time_again() {
    let mut bench = Bench::new();
    for second in 0..40 {
        bench.judge.trouble(bench.at, NodeId(2), Trouble::Down);
        show(&mut bench, Some(NO_QUORUM), second % 14 != 0);
        bench.pass(seconds(1));
    }
    assert_eq!(bench.broken(), NONE);
}

#[test]
fn st5_the_first_line_says_something_else() {
    let healthy = || Verdict::of(&Observed::default());
    let not_serving = || {
        Verdict::of(&Observed {
            not_serving: Some(NO_QUORUM.to_owned()),
            ..Observed::default()
        })
    };
    let another_level = Verdict {
        level: Level::Degraded,
        ..healthy()
    };
    let another_text = Verdict {
        summary: "HEALTHY: 3 of 3 nodes".to_owned(),
        ..not_serving()
    };
    for (verdict, reason, all_well, expected) in [
        (healthy(), None, true, &NONE as &[&str]),
        (not_serving(), Some(NO_QUORUM), false, &NONE),
        (healthy(), Some(NO_QUORUM), true, &["ST5"]),
        (not_serving(), None, true, &["ST5"]),
        (healthy(), None, false, &["ST5"]),
        (another_level, None, true, &["ST5"]),
        (another_text, Some(NO_QUORUM), false, &["ST5"]),
    ] {
        let mut bench = Bench::new();
        bench.judge.trouble(bench.at, NodeId(1), Trouble::Down);
        let summary = verdict.summary.clone();
        bench.judge.shown(&Shown {
            at: bench.at,
            node: NodeId(1),
            reason: reason.map(str::to_owned),
            verdict: Some(verdict),
            members: vec![],
            notices: vec![],
            all_well,
            could: false,
        });
        assert_eq!(bench.broken(), expected, "{summary}");
    }
}
