//! Points at which a decision could go wrong without any other test's notice: each was tried as a deliberate change.

use crate::support::*;
use ipam::*;

const SELECTING: RequestKind = RequestKind::Selecting;

#[test]
fn s4_a_quarantined_address_is_neither_offered_nor_granted() {
    let mut cluster = Driver::new((20, 23));
    assert_eq!(cluster.obtain(1), Some(ip(20)));
    assert_eq!(cluster.decline(1, ip(20)), Outcome::Done);
    let refused = Outcome::refused(LeaseRefusal::Quarantined(ip(20)));
    for number in [1, 2] {
        assert_eq!(cluster.request(number, ip(20), SELECTING), refused);
    }
    assert_ne!(cluster.offered(2, Some(ip(20))), Some(ip(20)));
    assert_ne!(
        cluster.offered(1, Some(ip(20))),
        Some(ip(20)),
        "who declined it"
    );
}

#[test]
fn s4_a_quarantined_reserved_address_is_kept_from_its_client_and_others() {
    let mut cluster = Driver::new((20, 23));
    assert_eq!(cluster.reserve(1, ip(200)), Outcome::Done);
    assert_eq!(cluster.obtain(1), Some(ip(200)));
    assert_eq!(cluster.decline(1, ip(200)), Outcome::Done);
    let refused = Outcome::refused(LeaseRefusal::Quarantined(ip(200)));
    assert_eq!(cluster.discover(1, None), refused);
    assert_eq!(cluster.request(1, ip(200), SELECTING), refused);
}

#[test]
fn l5_a_reserved_client_is_not_met_with_silence() {
    let mut cluster = Driver::new((20, 23));
    assert_eq!(cluster.reserve(1, ip(200)), Outcome::Done);
    assert_eq!(cluster.offered(1, None), Some(ip(200)));
    cluster.wait(60);
    for kind in [
        RequestKind::InitReboot,
        RequestKind::Renewing,
        RequestKind::Rebinding,
    ] {
        let mut cluster = Driver::new((20, 23));
        assert_eq!(cluster.reserve(1, ip(200)), Outcome::Done);
        assert_eq!(
            cluster.request(1, ip(200), kind),
            granted(ip(200)),
            "{kind:?}"
        );
    }
}

#[test]
fn s1_an_address_held_by_another_is_not_offered() {
    let mut cluster = Driver::new((20, 22));
    assert_eq!(cluster.obtain(1), Some(ip(20)));
    assert_eq!(cluster.offered(2, Some(ip(20))), Some(ip(21)));
    assert_eq!(
        cluster.offered(3, Some(ip(21))),
        Some(ip(22)),
        "offered to 2"
    );
    // Nor to whom it is reserved: the operator decides who has to go.
    let mut cluster = Driver::new((20, 22));
    assert_eq!(cluster.reserve(1, ip(200)), Outcome::Done);
    assert_eq!(cluster.obtain(1), Some(ip(200)));
    assert_eq!(cluster.unreserve(1), Outcome::Done);
    assert!(matches!(
        cluster.reserve(2, ip(200)),
        Outcome::Refused(Refusal::Object(ObjectRefusal::Address(
            AddressRefusal::HeldByAnother { .. }
        )))
    ));
}

#[test]
fn s4_an_offer_lies_in_the_pool() {
    let mut cluster = Driver::new((20, 30));
    assert_eq!(cluster.register(1, ip(25)), Outcome::Done);
    assert_eq!(cluster.reserve(9, ip(26)), Outcome::Done);
    let outside = [ip(0), ip(1), ip(19), ip(25), ip(26), ip(31), ip(255)];
    for (number, wish) in (1..).zip(outside) {
        let offered = cluster.offered(number, Some(wish)).unwrap();
        assert!(
            (20..=30).contains(&offered.octets()[3]) && offered != wish,
            "{wish}: {offered}"
        );
    }
}

#[test]
fn l5_a_wish_is_heard_for_what_was_never_used() {
    let mut cluster = Driver::new((20, 30));
    assert_eq!(cluster.offered(1, Some(ip(27))), Some(ip(27)));
    assert_eq!(cluster.obtain(2), Some(ip(20)));
    cluster.release(2, ip(20));
    assert_eq!(
        cluster.offered(3, Some(ip(20))),
        Some(ip(21)),
        "2 may come back"
    );
}

#[test]
fn l4_an_offer_moves_and_leaves_nothing_behind() {
    let mut cluster = Driver::new((20, 22));
    assert_eq!(cluster.offered(1, Some(ip(22))), Some(ip(22)));
    assert_eq!(cluster.reserve(1, ip(200)), Outcome::Done);
    assert_eq!(cluster.offered(1, None), Some(ip(200)));
    assert_eq!(cluster.offered(2, Some(ip(22))), Some(ip(22)), "free again");
}

#[test]
fn l6_who_had_the_address_returns_and_who_was_offered_it_does_not() {
    let mut cluster = Driver::new((20, 22));
    let returning = |outcome| {
        matches!(
            outcome,
            Outcome::Offered(Offered {
                returning: true,
                ..
            })
        )
    };
    assert!(!returning(cluster.discover(1, None)));
    assert!(!returning(cluster.discover(1, None)), "it was only offered");
    cluster.obtain(1);
    assert!(returning(cluster.discover(1, None)), "it holds it");
    cluster.release(1, ip(20));
    assert!(returning(cluster.discover(1, None)));
    assert!(
        returning(cluster.discover(1, None)),
        "an offer does not make it new"
    );
    assert_eq!(cluster.revoke(ip(20)), Outcome::Done);
    assert!(returning(cluster.discover(1, None)), "nor does its end");
}

/// An operator takes back what a client was offered, before anybody knew whether somebody is on it.
#[test]
fn l6_an_offer_that_is_taken_back_makes_nobody_return() {
    let mut cluster = Driver::new((20, 22));
    assert_eq!(cluster.offered(1, None), Some(ip(20)));
    assert_eq!(cluster.revoke(ip(20)), Outcome::Done);
    let offered = Offered {
        address: ip(20),
        lease_time: LeaseTimes::default().default,
        returning: false,
    };
    assert_eq!(cluster.discover(1, None), Outcome::Offered(offered));
}

#[test]
fn a_renewal_is_told_from_a_new_grant_and_keeps_the_name() {
    let mut cluster = Driver::new((20, 22));
    let named = GrantLease {
        subnet: SUBNET,
        client: client(1),
        address: ip(20),
        kind: SELECTING,
        lease_time: None,
        hostname: Some(Hostname::new(b"vm-1").unwrap()),
        node: NODE,
        probe: ConflictProbe::Clear,
    };
    let renewed = |events: &[Event]| {
        events
            .iter()
            .find_map(|event| match &event.kind {
                EventKind::LeaseGranted { renewed, .. } => Some(*renewed),
                _ => None,
            })
            .unwrap()
    };
    let first = cluster.events(Command::from(named.clone()));
    assert!(!renewed(&first));
    let again = GrantLease {
        hostname: None,
        ..named.clone()
    };
    let second = cluster.events(Command::from(again.clone()));
    assert!(renewed(&second));
    let lease = cluster.state.subnets()[&SUBNET].leases().get(ip(20));
    assert_eq!(lease.unwrap().hostname, named.hostname);
    cluster.release(1, ip(20));
    let third = cluster.events(Command::from(again));
    assert!(!renewed(&third), "it had given it back");
}

/// L5: one client is remembered at one address.
#[test]
fn l5_a_new_grant_forgets_what_was_remembered_elsewhere() {
    let mut cluster = Driver::new((20, 22));
    assert_eq!(cluster.obtain(1), Some(ip(20)));
    cluster.release(1, ip(20));
    assert_eq!(cluster.request(1, ip(22), SELECTING), granted(ip(22)));
    assert!(
        cluster.state.subnets()[&SUBNET]
            .leases()
            .get(ip(20))
            .is_none()
    );
    assert_eq!(
        cluster.offered(2, Some(ip(20))),
        Some(ip(20)),
        "nobody is remembered there"
    );
}

#[test]
fn s3_an_offer_elsewhere_counts_as_held_and_a_memory_does_not() {
    let mut cluster = Driver::new((20, 22));
    cluster.discover(1, None);
    let elsewhere = Outcome::refused(LeaseRefusal::HasOtherAddress(ip(20)));
    assert_eq!(cluster.request(1, ip(21), SELECTING), elsewhere);
    assert_eq!(cluster.obtain(1), Some(ip(20)));
    assert_eq!(cluster.request(1, ip(21), SELECTING), elsewhere);
    cluster.release(1, ip(20));
    assert_eq!(cluster.request(1, ip(21), SELECTING), granted(ip(21)));
}

#[test]
fn a_revocation_ends_what_is_held_or_quarantined_and_nothing_else() {
    let mut cluster = Driver::new((20, 27));
    let nothing = Outcome::refused(ClusterRefusal::NoLease(ip(20)));
    assert_eq!(cluster.revoke(ip(20)), nothing);
    cluster.discover(1, None);
    assert_eq!(cluster.revoke(ip(20)), Outcome::Done, "offered");
    assert_eq!(cluster.revoke(ip(20)), nothing, "free");
    assert_eq!(cluster.obtain(1), Some(ip(20)));
    assert_eq!(cluster.decline(1, ip(20)), Outcome::Done);
    assert_eq!(cluster.revoke(ip(20)), Outcome::Done, "quarantined");
    assert_eq!(cluster.offered(2, Some(ip(20))), Some(ip(20)));
}

#[test]
fn a_probes_finding_concerns_offers_only() {
    let mut cluster = Driver::new((20, 27));
    let found = |address| {
        Command::from(QuarantineAddress {
            subnet: SUBNET,
            address,
            node: NODE,
        })
    };
    let not_available = Outcome::refused(LeaseRefusal::NotAvailable(ip(20)));
    assert_eq!(
        cluster.run(found(ip(20))),
        not_available,
        "nobody was offered it"
    );
    cluster.discover(1, None);
    assert_eq!(cluster.run(found(ip(20))), Outcome::Done);
    assert_eq!(
        cluster.run(found(ip(20))),
        Outcome::Done,
        "it is there already"
    );
    assert_eq!(cluster.obtain(1), Some(ip(21)));
    cluster.release(1, ip(21));
    assert_eq!(
        cluster.run(found(ip(21))),
        Outcome::refused(LeaseRefusal::NotAvailable(ip(21))),
        "free"
    );
}

/// For the same wish the same time, within the subnet's bounds.
#[test]
fn an_offer_names_the_lease_time_that_is_granted() {
    for wish in [
        None,
        Some(1),
        Some(600),
        Some(7200),
        Some(u64::from(u32::MAX)),
    ] {
        let mut cluster = Driver::new((20, 22));
        let lease_time = wish.map(Span::from_secs);
        let offer = OfferLease {
            subnet: SUBNET,
            client: client(1),
            requested: None,
            avoid: Vec::new(),
            lease_time,
            hostname: None,
            node: NODE,
        };
        let Outcome::Offered(offered) = cluster.run(Command::from(offer)) else {
            panic!("no offer")
        };
        let grant = GrantLease {
            subnet: SUBNET,
            client: client(1),
            address: offered.address,
            kind: SELECTING,
            lease_time,
            hostname: None,
            node: NODE,
            probe: ConflictProbe::NotMade,
        };
        let Outcome::Granted(granted) = cluster.run(Command::from(grant)) else {
            panic!("no grant")
        };
        assert_eq!(offered.lease_time, granted.lease_time, "{wish:?}");
    }
}
