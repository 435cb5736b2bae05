//! L1, L3, L4: once everything is healed.

use super::*;
use crate::check::SERVED_WITHIN;

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
fn l3_the_third_copy() {
    let discover = |copies| What::Sent {
        kind: MessageKind::Discover,
        xid: 1,
        address: None,
        server: None,
        copies,
    };
    let mut bench = healed();
    bench.tell(1, discover(2));
    assert_eq!(bench.broken(), [] as [&str; 0], "not settled yet");
    bench.pass(seconds(121));
    bench.tell(1, discover(1));
    assert_eq!(bench.broken(), [] as [&str; 0]);
    bench.tell(1, discover(2));
    assert_eq!(bench.broken(), ["L3"]);
}

#[test]
fn l4_what_was_offered_is_refused() {
    let mut bench = healed();
    bench.pass(seconds(121));
    let server = address(11);
    bench.tell(
        1,
        What::Offered {
            address: address(20),
            server,
        },
    );
    bench.request(1, 20, Some(server));
    bench.tell(
        1,
        What::Refused {
            server,
            address: address(20),
        },
    );
    assert_eq!(bench.broken(), ["L4"]);
}
