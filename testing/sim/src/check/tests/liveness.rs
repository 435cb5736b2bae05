//! L1, L3, L4, L6: once everything is healed.

use super::*;
use crate::check::{Loss, Pace, SERVED_WITHIN};

/// Of a LAN.
const SETTLED_AFTER: Duration = Pace::of(ipam::Profile::Lan, false).settled_after;

/// This node is gone.
fn loss(gone: Ipv4Addr) -> Loss {
    Loss {
        servers: vec![gone],
        ..Loss::default()
    }
}

fn healed() -> Bench {
    let mut bench = Bench::new();
    bench.judge.healed(bench.at);
    bench
}

#[test]
fn l1_a_client_is_not_served() {
    let mut bench = healed();
    bench.tell(1, What::Began);
    bench.pass(SERVED_WITHIN);
    bench.commit();
    bench.finish();
    assert_eq!(bench.broken(), [] as [&str; 0]);
    bench.pass(seconds(1));
    bench.tell(1, What::GaveUp);
    bench.tell(1, What::Began);
    bench.commit();
    bench.finish();
    assert_eq!(bench.broken(), ["L1"]);
}

#[test]
fn l1_nothing_is_owed_while_something_is_wrong() {
    let mut bench = healed();
    bench.tell(1, What::Began);
    bench.judge.disturbed();
    bench.pass(SERVED_WITHIN * 2);
    bench.judge.healed(bench.at);
    bench.pass(seconds(1));
    bench.commit();
    bench.finish();
    assert_eq!(bench.broken(), [] as [&str; 0]);
}

#[test]
fn l1_a_newcomer_in_settled_peace_waits_half_a_minute_at_most() {
    let mut bench = settled();
    bench.tell(1, What::Began);
    bench.pass(seconds(60));
    bench.commit();
    bench.finish();
    assert_eq!(bench.broken(), [] as [&str; 0], "it reboots in vain");
    bench.tell(1, sent(MessageKind::Discover, None, 0));
    bench.pass(seconds(30));
    bench.commit();
    bench.finish();
    assert_eq!(bench.broken(), [] as [&str; 0]);
    bench.pass(seconds(1));
    bench.commit();
    bench.finish();
    assert_eq!(bench.broken(), ["L1"]);
}

fn renewal() -> What {
    What::Sent {
        kind: MessageKind::Request,
        xid: 1,
        address: Some(address(20)),
        server: None,
        copies: 0,
    }
}

#[test]
fn l1_a_lease_runs_out_though_its_client_asks_to_keep_it() {
    let mut bench = settled();
    bench.tell(1, renewal());
    bench.pass(seconds(3));
    bench.tell(1, What::Expired(address(20)));
    assert_eq!(bench.broken(), ["L1"]);
}

#[test]
fn l1_a_lease_may_run_out_that_nobody_asks_for_or_in_trouble() {
    let mut bench = settled();
    bench.tell(1, renewal());
    bench.tell(1, What::SwitchedOff);
    bench.pass(seconds(3));
    bench.tell(1, What::Expired(address(20)));
    let mut in_trouble = healed();
    in_trouble.tell(1, renewal());
    in_trouble.pass(SETTLED_AFTER);
    in_trouble.tell(1, What::Expired(address(20)));
    assert_eq!(bench.broken(), [] as [&str; 0]);
    assert_eq!(in_trouble.broken(), [] as [&str; 0]);
}

/// Everything was healed so long ago that nothing is left of it.
fn settled() -> Bench {
    let mut bench = healed();
    bench.pass(SETTLED_AFTER + seconds(1));
    bench
}

fn sent(kind: MessageKind, server: Option<Ipv4Addr>, copies: u32) -> What {
    What::Sent {
        kind,
        xid: 1,
        address: None,
        server,
        copies,
    }
}

/// Sends three copies, five seconds apart.
fn send_thrice(bench: &mut Bench, kind: MessageKind, server: Option<Ipv4Addr>) {
    for copies in 0..3 {
        bench.tell(1, sent(kind, server, copies));
        bench.pass(seconds(5));
    }
}

#[test]
fn l3_the_third_copy() {
    let mut early = healed();
    early.pass(SETTLED_AFTER);
    send_thrice(&mut early, MessageKind::Discover, None);
    assert_eq!(early.broken(), [] as [&str; 0], "the first was not settled");
    let mut bench = settled();
    bench.tell(1, sent(MessageKind::Discover, None, 0));
    bench.tell(1, sent(MessageKind::Discover, None, 1));
    assert_eq!(bench.broken(), [] as [&str; 0]);
    bench.tell(1, sent(MessageKind::Discover, None, 2));
    assert_eq!(bench.broken(), ["L3"]);
}

#[test]
fn l3_with_a_follower_gone_nobody_waits_longer() {
    let gone = address(11);
    let mut bench = settled();
    bench.judge.lost(bench.at, loss(gone), 0);
    send_thrice(&mut bench, MessageKind::Request, Some(gone));
    assert_eq!(bench.broken(), [] as [&str; 0], "who is gone says nothing");
    send_thrice(&mut bench, MessageKind::Discover, None);
    assert_eq!(bench.broken(), ["L3"]);
}

#[test]
fn l3_behind_a_relay_that_knows_only_who_is_gone() {
    let mut bench = settled();
    let loss = Loss {
        cut_off: [ClientNumber(1)].into(),
        ..loss(address(11))
    };
    bench.judge.lost(bench.at, loss, 0);
    send_thrice(&mut bench, MessageKind::Discover, None);
    assert_eq!(bench.broken(), [] as [&str; 0]);
    bench.judge.disturbed();
    bench.judge.healed(bench.at);
    bench.pass(SETTLED_AFTER + seconds(1));
    send_thrice(&mut bench, MessageKind::Discover, None);
    assert_eq!(bench.broken(), ["L3"], "it is back");
}

#[test]
fn l3_with_the_leader_gone_there_is_an_election_first() {
    let mut bench = settled();
    bench.tell(1, sent(MessageKind::Discover, None, 0));
    bench.judge.lost(bench.at, loss(address(11)), 1);
    bench.tell(1, sent(MessageKind::Discover, None, 1));
    bench.pass(seconds(5));
    bench.tell(1, sent(MessageKind::Discover, None, 2));
    assert_eq!(bench.broken(), [] as [&str; 0]);
    bench.tell(1, sent(MessageKind::Discover, None, 0));
    bench.tell(1, sent(MessageKind::Discover, None, 1));
    bench.tell(1, sent(MessageKind::Discover, None, 2));
    assert_eq!(bench.broken(), ["L3"]);
}

/// Client 1 is offered .20 and takes it, and is refused after this long.
fn refused_after(bench: &mut Bench, wait: Duration) {
    let server = address(11);
    bench.tell(
        1,
        What::Offered {
            address: address(20),
            server,
        },
    );
    bench.request(1, 20, Some(server));
    bench.pass(wait);
    bench.tell(
        1,
        What::Refused {
            server,
            address: address(20),
        },
    );
}

#[test]
fn l4_what_was_offered_is_refused() {
    let mut bench = settled();
    refused_after(&mut bench, seconds(5));
    assert_eq!(bench.broken(), ["L4"]);
}

#[test]
fn l4_what_was_given_up_a_moment_before_may_be_refused() {
    for (pause, expected) in [(seconds(1), &[] as &[&str]), (seconds(3), &["L4"])] {
        let mut bench = settled();
        bench.tell(1, What::Released(address(20)));
        bench.pass(pause);
        refused_after(&mut bench, seconds(5));
        assert_eq!(bench.broken(), expected);
    }
}

#[test]
fn l4_an_offer_that_lapsed_or_was_made_in_trouble_may_be_refused() {
    let mut lapsed = settled();
    refused_after(&mut lapsed, seconds(60));
    let mut in_trouble = healed();
    refused_after(&mut in_trouble, SETTLED_AFTER + seconds(1));
    assert_eq!(lapsed.broken(), [] as [&str; 0]);
    assert_eq!(in_trouble.broken(), [] as [&str; 0]);
}
