//! S9, in the hosts' kernels.

use super::*;
use crate::check::Opened;
use natd::ruleset::Targets;
use std::net::SocketAddrV4;

fn targets(host: Option<u8>) -> Targets {
    let target = host.map(|host| ((Protocol::Tcp, 8080), SocketAddrV4::new(address(host), 80)));
    target.into_iter().collect()
}

/// In this life, with so much applied, the kernel has one thing open, and the state at entry 9 another.
fn look(bench: &mut Bench, life: u64, applied: u64, open: Option<u8>, newest: Option<u8>) {
    bench.judge.kernel(&Opened {
        at: bench.at,
        node: NodeId(1),
        life,
        applied: Some(applied),
        serves: applied == 9,
        open: targets(open),
        own: targets(if applied == 9 { newest } else { Some(20) }),
        newest: targets(newest),
        newest_index: 9,
    });
}

#[test]
fn s9_what_was_withdrawn_opens_again_after_a_start() {
    let mut bench = Bench::new();
    look(&mut bench, 1, 9, None, None);
    look(&mut bench, 2, 5, Some(20), None);
    assert_eq!(bench.broken(), ["S9"]);
}

#[test]
fn s9_what_stayed_open_or_is_wanted_or_was_learnt_by_a_level_node() {
    for (before, newest, applied) in [(Some(20), None, 5), (None, Some(20), 5), (None, None, 9)] {
        let mut bench = Bench::new();
        look(&mut bench, 1, 9, before, before);
        look(&mut bench, 2, applied, Some(20), newest);
        assert_eq!(bench.broken(), [] as [&str; 0]);
    }
}

#[test]
fn s9_what_is_withdrawn_stays_open_for_more_than_a_second() {
    let mut bench = Bench::new();
    look(&mut bench, 1, 9, Some(20), Some(20));
    bench.pass(seconds(5));
    look(&mut bench, 1, 9, Some(20), None);
    bench.pass(seconds(1));
    look(&mut bench, 1, 9, Some(20), None);
    assert_eq!(bench.broken(), [] as [&str; 0]);
    bench.pass(seconds(1));
    look(&mut bench, 1, 9, Some(20), None);
    assert_eq!(bench.broken(), ["S9"]);
}
