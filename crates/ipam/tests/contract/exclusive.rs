//! S1 and S3: one client to an address, one address to a client.

use crate::support::*;
use ipam::*;

#[test]
fn s1_an_address_is_not_given_again_before_its_lease_and_the_grace_have_passed() {
    let mut cluster = Driver::new((20, 20));
    assert_eq!(cluster.obtain(1), Some(ip(20)));
    cluster.wait(3600);
    assert_eq!(
        cluster.obtain(2),
        None,
        "the reclaim grace of 1 % has not passed"
    );
    cluster.wait(36);
    assert_eq!(cluster.obtain(2), Some(ip(20)));
}

#[test]
fn s1_an_offered_address_is_not_offered_to_another_client() {
    let mut cluster = Driver::new((20, 20));
    assert!(matches!(cluster.discover(1, None), Outcome::Offered(_)));
    assert_eq!(
        cluster.discover(2, None),
        Outcome::refused(LeaseRefusal::PoolExhausted)
    );
    cluster.wait(60);
    assert!(matches!(cluster.discover(2, None), Outcome::Offered(_)));
    assert!(matches!(
        cluster.request(1, ip(20), RequestKind::Selecting),
        Outcome::Refused(Refusal::Lease(LeaseRefusal::HeldByAnother { .. }))
    ));
}

#[test]
fn s3_a_client_that_discovers_again_is_offered_the_address_it_has() {
    let mut cluster = Driver::new((20, 254));
    let address = cluster.obtain(1).unwrap();
    let Outcome::Offered(offered) = cluster.discover(1, Some(ip(99))) else {
        panic!("no offer")
    };
    assert_eq!(offered.address, address);
    assert!(offered.returning);
    assert_eq!(
        cluster.request(1, ip(99), RequestKind::Selecting),
        Outcome::refused(LeaseRefusal::HasOtherAddress(address))
    );
}

#[test]
fn s3_an_operator_moves_a_client_by_reserving_another_address_for_it() {
    let mut cluster = Driver::new((20, 254));
    let before = cluster.obtain(1).unwrap();
    assert_eq!(cluster.reserve(1, ip(200)), Outcome::Done);
    let renewal = cluster.request(1, before, RequestKind::Renewing);
    assert_eq!(
        renewal,
        Outcome::refused(LeaseRefusal::NotAvailable(before))
    );
    assert_eq!(cluster.obtain(1), Some(ip(200)));
    let held = cluster.state.subnets()[&SUBNET]
        .leases()
        .get(before)
        .unwrap();
    assert!(
        held.state.is_held(),
        "the client may still be using the old address"
    );
}

#[test]
fn s3_a_client_that_was_moved_and_moved_back_is_not_locked_out() {
    let mut cluster = Driver::new((20, 30));
    assert_eq!(cluster.obtain(1), Some(ip(20)));
    assert_eq!(cluster.reserve(1, ip(28)), Outcome::Done);
    assert_eq!(cluster.obtain(1), Some(ip(28)));
    assert_eq!(cluster.unreserve(1), Outcome::Done);
    assert_eq!(
        cluster.request(1, ip(28), RequestKind::Renewing),
        granted(ip(28))
    );
    assert!(matches!(
        cluster.request(1, ip(20), RequestKind::Renewing),
        Outcome::Refused(Refusal::Lease(LeaseRefusal::HasOtherAddress(_)))
    ));
    assert_eq!(cluster.obtain(1), Some(ip(28)));
}

#[test]
fn s3_a_reservation_outside_the_pool_leaves_no_trap_behind() {
    let mut cluster = Driver::new((20, 30));
    assert_eq!(cluster.reserve(1, ip(200)), Outcome::Done);
    assert_eq!(cluster.obtain(1), Some(ip(200)));
    cluster.unreserve(1);
    assert_eq!(cluster.obtain(1), Some(ip(20)));
    assert_eq!(cluster.obtain(1), Some(ip(20)), "not .21 and a NAK");
}

/// ADR 0014: an offer is a courtesy. When nothing is free, the oldest one that its client has
/// forgotten is made to somebody else; what a client is bound to never is (S1).
#[test]
fn s1_a_forgotten_offer_gives_way_when_nothing_is_free() {
    let mut cluster = Driver::new((20, 22));
    assert_eq!(cluster.obtain(1), Some(ip(20)));
    for number in [2, 3] {
        assert!(matches!(
            cluster.discover(number, None),
            Outcome::Offered(_)
        ));
    }
    cluster.wait(4);
    let exhausted = Outcome::refused(LeaseRefusal::PoolExhausted);
    assert_eq!(
        cluster.discover(4, None),
        exhausted,
        "both may be on their way"
    );
    cluster.wait(1);
    assert_eq!(cluster.obtain(4), Some(ip(21)), "the older offer");
    assert!(matches!(
        cluster.request(2, ip(21), RequestKind::Selecting),
        Outcome::Refused(Refusal::Lease(LeaseRefusal::HeldByAnother { .. }))
    ));
    assert_eq!(cluster.obtain(3), Some(ip(22)), "its offer was not touched");
    cluster.wait(60);
    assert_eq!(cluster.discover(2, None), exhausted, "all are bound");
}
