//! L6 and the bounds of quarantine (S7): nothing is granted unprobed, and nobody empties a pool.

use crate::support::*;
use ipam::budget::OverBudget;
use ipam::*;

const SELECTING: RequestKind = RequestKind::Selecting;

#[test]
fn l6_what_was_neither_held_nor_offered_is_granted_only_after_a_probe() {
    let mut cluster = Driver::new((20, 40));
    let unprobed = Outcome::refused(LeaseRefusal::NotProbed(ip(30)));
    assert_eq!(cluster.request_unprobed(1, ip(30), SELECTING), unprobed);
    assert_eq!(cluster.reserve(2, ip(200)), Outcome::Done);
    assert_eq!(
        cluster.request_unprobed(2, ip(200), RequestKind::InitReboot),
        Outcome::refused(LeaseRefusal::NotProbed(ip(200)))
    );
    assert_eq!(cluster.request(1, ip(30), SELECTING), granted(ip(30)));
    for kind in [
        RequestKind::InitReboot,
        RequestKind::Renewing,
        RequestKind::Rebinding,
    ] {
        assert_eq!(
            cluster.request_unprobed(1, ip(30), kind),
            granted(ip(30)),
            "held"
        );
    }
    cluster.discover(3, None);
    assert_eq!(
        cluster.request_unprobed(3, ip(20), SELECTING),
        granted(ip(20)),
        "offered"
    );
}

#[test]
fn l6_a_lease_that_has_ended_is_probed_as_a_new_one() {
    let mut cluster = Driver::new((20, 40));
    assert_eq!(cluster.obtain(1), Some(ip(20)));
    cluster.release(1, ip(20));
    let unprobed = Outcome::refused(LeaseRefusal::NotProbed(ip(20)));
    assert_eq!(
        cluster.request_unprobed(1, ip(20), RequestKind::InitReboot),
        unprobed
    );
    assert_eq!(cluster.request_unprobed(1, ip(20), SELECTING), unprobed);
    assert_eq!(cluster.obtain(2), Some(ip(21)));
    cluster.wait(3636);
    let unprobed = Outcome::refused(LeaseRefusal::NotProbed(ip(21)));
    assert_eq!(
        cluster.request_unprobed(2, ip(21), RequestKind::Rebinding),
        unprobed
    );
}

#[test]
fn l6_what_somebody_else_uses_is_granted_to_nobody() {
    let mut cluster = Driver::new((20, 40));
    let in_use = |address| Outcome::refused(LeaseRefusal::InUse(address));
    let found = ConflictProbe::InUse;
    assert_eq!(
        cluster.request_probed(1, ip(30), SELECTING, found),
        in_use(ip(30))
    );
    cluster.discover(1, None);
    assert_eq!(
        cluster.request_probed(1, ip(20), SELECTING, found),
        in_use(ip(20)),
        "offered"
    );
    assert_eq!(cluster.obtain(1), Some(ip(20)));
    let renewing = RequestKind::Renewing;
    assert_eq!(
        cluster.request_probed(1, ip(20), renewing, found),
        granted(ip(20)),
        "its own"
    );
}

/// ADR 0026: somebody answers who is not believed that the address should be quarantined.
#[test]
fn l6_an_avoided_address_is_offered_only_to_whoever_holds_it() {
    let mut cluster = Driver::new((20, 23));
    assert_eq!(cluster.offered_but(1, &[]), Some(ip(20)));
    assert_eq!(
        cluster.offered_but(1, &[20]),
        Some(ip(21)),
        "instead of its offer"
    );
    assert_eq!(cluster.offered_but(2, &[]), Some(ip(20)), "free again");
    assert_eq!(cluster.offered_but(3, &[22]), Some(ip(23)));
    assert_eq!(cluster.offered_but(4, &[22]), None, "rather nothing");
    cluster.request(1, ip(21), SELECTING);
    assert_eq!(cluster.offered_but(1, &[21]), Some(ip(21)), "its own");
    assert_eq!(cluster.reserve(9, ip(200)), Outcome::Done);
    assert_eq!(cluster.offered_but(9, &[200]), None);
    assert_eq!(cluster.offered_but(9, &[]), Some(ip(200)));
}

#[test]
fn a_wish_that_is_avoided_is_not_heard() {
    let mut cluster = Driver::new((20, 40));
    let offer = OfferLease {
        requested: Some(ip(30)),
        ..Driver::offer_of(1, &[30])
    };
    let offered = cluster.run(Command::from(offer));
    assert!(matches!(offered, Outcome::Offered(offered) if offered.address == ip(20)));
}

#[test]
fn more_avoided_addresses_than_an_offer_may_carry_are_refused() {
    let mut cluster = Driver::new((20, 40));
    let offer = OfferLease {
        avoid: vec![ip(20); OfferLease::MAX_AVOIDED + 1],
        ..Driver::offer_of(1, &[])
    };
    let refused = cluster.run(Command::from(offer));
    assert!(matches!(
        refused,
        Outcome::Refused(Refusal::Cluster(ClusterRefusal::OverBudget(
            OverBudget::TooMany { .. }
        )))
    ));
}

#[test]
fn s7_at_most_a_quarter_of_a_pool_is_quarantined_and_the_oldest_is_freed_first() {
    let mut cluster = Driver::new((20, 39));
    for number in 1..=20 {
        let address = cluster.obtain(number).unwrap();
        assert_eq!(address, ip(19 + number));
    }
    for number in 1..=20 {
        assert_eq!(cluster.decline(number, ip(19 + number)), Outcome::Done);
        let kept = cluster.quarantined();
        let oldest = number.saturating_sub(4).max(1);
        let expected: Vec<_> = (oldest..=number).map(|number| ip(19 + number)).collect();
        assert_eq!(kept, expected);
    }
    for number in 21..=35 {
        assert!(
            cluster.obtain(number).is_some(),
            "three quarters are served"
        );
    }
    assert_eq!(cluster.obtain(36), None);
}

#[test]
fn s7_a_small_pool_quarantines_one() {
    let mut cluster = Driver::new((20, 21));
    assert_eq!(cluster.obtain(1), Some(ip(20)));
    assert_eq!(cluster.obtain(2), Some(ip(21)));
    assert_eq!(cluster.decline(1, ip(20)), Outcome::Done);
    assert_eq!(cluster.decline(2, ip(21)), Outcome::Done);
    assert_eq!(cluster.quarantined(), [ip(21)]);
    assert_eq!(cluster.obtain(3), Some(ip(20)));
}

#[test]
fn s7_probe_answers_are_bounded_alike() {
    let mut cluster = Driver::new((20, 27));
    for number in 1..=8 {
        let Outcome::Offered(offered) = cluster.discover(number, None) else {
            panic!("nothing is offered to {number}")
        };
        let found = QuarantineAddress {
            subnet: SUBNET,
            address: offered.address,
            node: NODE,
        };
        assert_eq!(cluster.run(Command::from(found)), Outcome::Done);
        assert!(cluster.quarantined().len() <= 2);
    }
}

/// The "probed again and freed": not in the set time, and not another quarantine than was meant.
#[test]
fn s7_a_quarantine_is_lifted_after_its_set_time_and_no_other() {
    let mut cluster = Driver::new((20, 27));
    assert_eq!(cluster.obtain(1), Some(ip(20)));
    assert_eq!(cluster.decline(1, ip(20)), Outcome::Done);
    let refused = Outcome::refused(LeaseRefusal::NotAvailable(ip(20)));
    let subnet = &cluster.state.subnets()[&SUBNET];
    let (_, until) = subnet.leases().quarantined_until().next().unwrap();
    let lift = |until| {
        let (subnet, address, node) = (SUBNET, ip(20), NODE);
        Command::from(LiftQuarantine {
            subnet,
            address,
            node,
            until,
        })
    };
    assert_eq!(cluster.run(lift(until)), refused, "declined just now");
    let quarter = LeaseTimes::default().quarantine.0 / 4 / 1000;
    cluster.wait(quarter + 1);
    assert_eq!(cluster.run(lift(ClusterTime(until.0 + 1))), refused);
    assert_eq!(cluster.quarantined(), [ip(20)]);
    assert_eq!(cluster.run(lift(until)), Outcome::Done);
    assert!(cluster.quarantined().is_empty());
    assert_eq!(cluster.run(lift(until)), refused, "it is none any more");
    let bound = cluster.obtain(2).unwrap();
    let of_a_lease = Command::from(LiftQuarantine {
        subnet: SUBNET,
        address: bound,
        node: NODE,
        until,
    });
    assert!(matches!(cluster.run(of_a_lease), Outcome::Refused(_)));
}
