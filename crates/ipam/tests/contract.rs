//! The lease contract, clause by clause, on the pure core.
#![allow(missing_docs, clippy::unwrap_used)]

mod support;

use ipam::*;
use support::*;

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
        Outcome::Refused(Refusal::PoolExhausted)
    );
    cluster.wait(60);
    assert!(matches!(cluster.discover(2, None), Outcome::Offered(_)));
    assert!(matches!(
        cluster.request(1, ip(20), RequestKind::Selecting),
        Outcome::Refused(Refusal::HeldByAnother { .. })
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
        Outcome::Refused(Refusal::HasOtherAddress(address))
    );
}

#[test]
fn s4_what_is_not_in_the_pool_is_never_granted() {
    let mut cluster = Driver::new((20, 254));
    assert_eq!(cluster.register(1, ip(10)), Outcome::Done);
    for address in [ip(0), ip(255), "10.99.0.7".parse().unwrap()] {
        let outcome = cluster.request(1, address, RequestKind::Selecting);
        assert_eq!(outcome, Outcome::Refused(Refusal::NotInSubnet(address)));
    }
    for address in [ip(1), ip(15)] {
        let outcome = cluster.request(1, address, RequestKind::Selecting);
        assert_eq!(outcome, Outcome::Refused(Refusal::NotAvailable(address)));
    }
    let outcome = cluster.request(1, ip(10), RequestKind::Selecting);
    assert_eq!(
        outcome,
        Outcome::Refused(Refusal::NodeAddress {
            address: ip(10),
            node: NodeId(1)
        })
    );
}

#[test]
fn s4_a_node_inside_the_pool_takes_its_address_out_of_it() {
    let mut cluster = Driver::new((20, 21));
    assert_eq!(cluster.register(1, ip(20)), Outcome::Done);
    assert_eq!(cluster.obtain(1), Some(ip(21)));
    assert_eq!(cluster.obtain(2), None);
    assert!(matches!(
        cluster.register(2, ip(21)),
        Outcome::Refused(Refusal::HeldByAnother { .. })
    ));
}

#[test]
fn s9_two_nodes_cannot_have_one_listen_ip() {
    let mut cluster = Driver::new((20, 254));
    assert_eq!(cluster.register(1, ip(10)), Outcome::Done);
    let refusal = Refusal::NodeAddress {
        address: ip(10),
        node: NodeId(1),
    };
    assert_eq!(cluster.register(2, ip(10)), Outcome::Refused(refusal));
    assert_eq!(
        cluster.register(1, ip(11)),
        Outcome::Done,
        "a node may move"
    );
    assert_eq!(cluster.register(2, ip(10)), Outcome::Done);
}

#[test]
fn s4_a_reserved_address_is_for_its_client_alone() {
    let mut cluster = Driver::new((20, 21));
    assert_eq!(cluster.reserve(9, ip(20)), Outcome::Done);
    assert_eq!(cluster.obtain(1), Some(ip(21)));
    assert_eq!(cluster.obtain(2), None);
    assert_eq!(cluster.obtain(9), Some(ip(20)));
    assert!(matches!(
        cluster.reserve(8, ip(20)),
        Outcome::Refused(Refusal::ReservedForAnother { .. })
    ));
    assert!(matches!(
        cluster.reserve(8, ip(21)),
        Outcome::Refused(Refusal::HeldByAnother { .. })
    ));
}

#[test]
fn s3_an_operator_moves_a_client_by_reserving_another_address_for_it() {
    let mut cluster = Driver::new((20, 254));
    let before = cluster.obtain(1).unwrap();
    assert_eq!(cluster.reserve(1, ip(200)), Outcome::Done);
    let renewal = cluster.request(1, before, RequestKind::Renewing);
    assert_eq!(renewal, Outcome::Refused(Refusal::NotAvailable(before)));
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
fn s5_a_shorter_renewal_does_not_cut_a_promised_lease_short() {
    let mut cluster = Driver::new((20, 20));
    assert_eq!(cluster.obtain(1), Some(ip(20)));
    let outcome = cluster.run(Command::GrantLease(GrantLease {
        subnet: SUBNET,
        client: client(1),
        address: ip(20),
        kind: RequestKind::Renewing,
        lease_time: Some(Span::from_secs(60)),
        hostname: None,
        node: NODE,
    }));
    assert!(matches!(outcome, Outcome::Granted(_)));
    cluster.wait(100);
    assert_eq!(cluster.obtain(2), None);
}

#[test]
fn a_short_lease_is_not_held_for_as_long_as_its_offer() {
    let mut cluster = Driver::new((20, 20));
    let short = LeaseTimes {
        default: Span::from_secs(30),
        minimum: Span::from_secs(30),
        ..LeaseTimes::default()
    };
    cluster.run(Command::PutSubnet(SubnetConfig {
        times: short,
        ..config((20, 20))
    }));
    assert_eq!(cluster.obtain(1), Some(ip(20)));
    cluster.wait(39);
    assert_eq!(cluster.obtain(2), None);
    cluster.wait(1);
    assert_eq!(
        cluster.obtain(2),
        Some(ip(20)),
        "30 s and the grace of 10 s have passed"
    );
}

#[test]
fn s7_only_the_holder_gives_up() {
    let mut cluster = Driver::new((20, 20));
    assert_eq!(cluster.obtain(1), Some(ip(20)));
    let refused = Outcome::Refused(Refusal::NotTheHolder(ip(20)));
    assert_eq!(cluster.release(2, ip(20)), refused);
    assert_eq!(cluster.decline(2, ip(20)), refused);
    assert_eq!(cluster.release(1, ip(20)), Outcome::Done);
    assert_eq!(cluster.obtain(2), Some(ip(20)));
}

#[test]
fn s7_a_late_release_does_not_end_a_newer_grant() {
    let mut cluster = Driver::new((20, 20));
    assert_eq!(cluster.obtain(1), Some(ip(20)));
    let old = cluster.grant_of(ip(20));
    assert_eq!(
        cluster.request(1, ip(20), RequestKind::InitReboot),
        granted(ip(20))
    );
    let refused = Outcome::Refused(Refusal::NotTheHolder(ip(20)));
    assert_eq!(cluster.release_grant(1, ip(20), old), refused);
    let by_another_node = GrantRef {
        node: NodeId(2),
        ..cluster.grant_of(ip(20))
    };
    assert_eq!(cluster.release_grant(1, ip(20), by_another_node), refused);
    assert_eq!(cluster.obtain(2), None, "client 1 still holds the address");
    assert_eq!(cluster.release(1, ip(20)), Outcome::Done);
}

#[test]
fn s3_a_client_that_was_moved_and_moved_back_is_not_locked_out() {
    let mut cluster = Driver::new((20, 30));
    assert_eq!(cluster.obtain(1), Some(ip(20)));
    assert_eq!(cluster.reserve(1, ip(28)), Outcome::Done);
    assert_eq!(cluster.obtain(1), Some(ip(28)));
    let remove = Command::RemoveReservation {
        subnet: SUBNET,
        client: support::key(1),
    };
    assert_eq!(cluster.run(remove), Outcome::Done);
    assert_eq!(
        cluster.request(1, ip(28), RequestKind::Renewing),
        granted(ip(28))
    );
    assert!(matches!(
        cluster.request(1, ip(20), RequestKind::Renewing),
        Outcome::Refused(Refusal::HasOtherAddress(_))
    ));
    assert_eq!(cluster.obtain(1), Some(ip(28)));
}

#[test]
fn s3_a_reservation_outside_the_pool_leaves_no_trap_behind() {
    let mut cluster = Driver::new((20, 30));
    assert_eq!(cluster.reserve(1, ip(200)), Outcome::Done);
    assert_eq!(cluster.obtain(1), Some(ip(200)));
    cluster.run(Command::RemoveReservation {
        subnet: SUBNET,
        client: support::key(1),
    });
    assert_eq!(cluster.obtain(1), Some(ip(20)));
    assert_eq!(cluster.obtain(1), Some(ip(20)), "not .21 and a NAK");
}

#[test]
fn s4_a_subnet_change_must_leave_reserved_addresses_usable() {
    let mut cluster = Driver::new((20, 30));
    cluster.reserve(1, ip(25));
    let router = SubnetConfig {
        router: ip(25),
        ..config((20, 30))
    };
    let excluded = vec![AddressRange::new(ip(24), ip(26)).unwrap()];
    for changed in [
        router,
        SubnetConfig {
            excluded,
            ..config((20, 30))
        },
    ] {
        let outcome = cluster.run(Command::PutSubnet(changed));
        assert!(matches!(
            outcome,
            Outcome::Refused(Refusal::ReservedForAnother { .. })
        ));
    }
    let identity = IdentityPolicy::ClientIdentifier;
    let other_identity = SubnetConfig {
        identity,
        ..config((20, 30))
    };
    let outcome = cluster.run(Command::PutSubnet(other_identity));
    assert_eq!(outcome, Outcome::Refused(Refusal::SubnetInUse(SUBNET)));
}

#[test]
fn s7_a_declined_address_is_quarantined_for_a_while() {
    let mut cluster = Driver::new((20, 21));
    assert_eq!(cluster.obtain(1), Some(ip(20)));
    assert_eq!(cluster.decline(1, ip(20)), Outcome::Done);
    assert_eq!(cluster.obtain(1), Some(ip(21)));
    assert_eq!(cluster.obtain(2), None);
    cluster.wait(600);
    assert_eq!(cluster.obtain(2), Some(ip(20)));
}

#[test]
fn s9_a_public_port_has_one_owner() {
    let mut cluster = Driver::new((20, 254));
    let key = ForwardKey {
        protocol: Protocol::Tcp,
        port: 8080,
    };
    let to = |last| Forward {
        target: ForwardTarget::Address(ip(last)),
        target_port: 80,
    };
    let add = |forward| Command::AddForward { key, forward };
    assert_eq!(cluster.run(add(to(20))), Outcome::Done);
    assert_eq!(
        cluster.run(add(to(21))),
        Outcome::Refused(Refusal::PortTaken)
    );
    assert_eq!(cluster.run(Command::RemoveForward(key)), Outcome::Done);
    assert_eq!(cluster.run(add(to(21))), Outcome::Done);
}

#[test]
fn a_forward_follows_its_client() {
    let mut cluster = Driver::new((20, 254));
    let key = ForwardKey {
        protocol: Protocol::Udp,
        port: 53,
    };
    let target = ForwardTarget::Client {
        subnet: SUBNET,
        client: support::key(1),
    };
    cluster.run(Command::AddForward {
        key,
        forward: Forward {
            target,
            target_port: 53,
        },
    });
    assert_eq!(cluster.state.nat_view().forwards, vec![]);
    let address = cluster.obtain(1).unwrap();
    assert_eq!(cluster.state.nat_view().forwards[0].address, address);
    cluster.reserve(1, ip(200));
    cluster.now += 1000;
    cluster.obtain(1);
    assert_eq!(cluster.state.nat_view().forwards[0].address, ip(200));
    cluster.release(1, ip(200));
    assert_eq!(
        cluster.state.nat_view().forwards,
        vec![],
        "it gave its address back"
    );
}

#[test]
fn l4_as_many_clients_as_addresses_all_get_one() {
    let mut cluster = Driver::new((20, 254));
    let addresses: std::collections::BTreeSet<_> = (0..235)
        .map(|number| cluster.obtain(number).unwrap())
        .collect();
    assert_eq!(addresses.len(), 235);
    assert_eq!(cluster.obtain(250), None);
    cluster.release(7, ip(27));
    assert_eq!(
        cluster.obtain(250),
        Some(ip(27)),
        "a release frees exactly one"
    );
    assert_eq!(cluster.obtain(251), None);
}

#[test]
fn l4_a_lease_that_is_offered_again_does_not_end_before_the_offer() {
    let mut cluster = Driver::new((20, 20));
    assert_eq!(cluster.obtain(1), Some(ip(20)));
    cluster.wait(3600 + 30);
    assert!(matches!(cluster.discover(1, None), Outcome::Offered(_)));
    cluster.wait(20);
    assert_eq!(
        cluster.obtain(2),
        None,
        "the grace is over, the offer is not"
    );
    assert_eq!(
        cluster.request(1, ip(20), RequestKind::Selecting),
        granted(ip(20))
    );
}

#[test]
fn l5_an_offer_that_is_not_taken_does_not_make_the_cluster_forget() {
    let mut cluster = Driver::new((20, 30));
    assert_eq!(cluster.obtain(1), Some(ip(20)));
    cluster.wait(3600 + 36);
    assert_eq!(cluster.obtain(2), Some(ip(21)), "20 is remembered as 1's");
    for _ in 0..2 {
        let offered = cluster.discover(1, None);
        assert!(matches!(offered, Outcome::Offered(offered) if offered.address == ip(20)));
        cluster.wait(60);
    }
    assert_eq!(
        cluster.obtain(3),
        Some(ip(22)),
        "20 is remembered all the same"
    );
    assert_eq!(cluster.obtain(1), Some(ip(20)));
}

#[test]
fn l5_a_client_that_comes_back_gets_the_address_it_had() {
    let mut cluster = Driver::new((20, 40));
    for number in 1..=5 {
        cluster.obtain(number).unwrap();
    }
    cluster.release(2, ip(21));
    cluster.wait(4000);
    assert_eq!(
        cluster.obtain(9),
        Some(ip(25)),
        "a new client takes what nobody is remembered at"
    );
    assert_eq!(cluster.obtain(4), Some(ip(23)));
    assert_eq!(cluster.obtain(2), Some(ip(21)));
    assert_eq!(
        cluster.request(1, ip(20), RequestKind::InitReboot),
        granted(ip(20))
    );
}

#[test]
fn a_client_without_a_record_is_met_with_silence_not_a_nak() {
    let mut cluster = Driver::new((20, 40));
    let unknown = Outcome::Refused(Refusal::UnknownClient);
    assert_eq!(cluster.request(1, ip(30), RequestKind::InitReboot), unknown);
    assert_eq!(cluster.request(1, ip(30), RequestKind::Rebinding), unknown);
}

#[test]
fn t2_a_batch_stamped_in_another_term_changes_nothing() {
    let mut cluster = Driver::new((20, 40));
    let before = cluster.state.clone();
    for stamp in [
        None,
        Some(Stamp {
            term: 2,
            time: ClusterTime(9_000_000),
        }),
    ] {
        let batch = Batch {
            stamp,
            commands: vec![Command::Tick],
        };
        let effects = cluster
            .state
            .apply(LogPosition { term: 3, index: 9 }, &batch);
        assert_eq!(effects.outcomes, vec![Outcome::Refused(Refusal::Unstamped)]);
    }
    assert_eq!(cluster.state, before);
}

#[test]
fn t1_the_clock_never_goes_back() {
    let mut cluster = Driver::new((20, 40));
    cluster.wait(100);
    let before = cluster.state.clock();
    cluster.now = 5_000;
    cluster.run(Command::Tick);
    assert_eq!(cluster.state.clock(), before);
}

#[test]
fn where_the_policy_says_so_the_client_identifier_counts() {
    let mut cluster = Driver::new((20, 40));
    let by_identifier = SubnetConfig {
        identity: IdentityPolicy::ClientIdentifier,
        ..config((20, 40))
    };
    cluster.run(Command::PutSubnet(by_identifier));
    let mut offer = |hardware: u8, identifier: &[u8]| {
        let client = ClientIdentity {
            identifier: Some(ClientIdentifier::new(identifier).unwrap()),
            ..client(hardware)
        };
        let offer = OfferLease {
            subnet: SUBNET,
            client,
            requested: None,
            hostname: None,
            node: NODE,
        };
        match cluster.run(Command::OfferLease(offer)) {
            Outcome::Offered(offered) => offered.address,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(offer(1, b"vm-a"), offer(2, b"vm-a"));
    assert_ne!(offer(1, b"vm-a"), offer(1, b"vm-b"));
}

#[test]
fn a_conflict_found_by_a_probe_quarantines_an_offer_but_never_a_grant() {
    let mut cluster = Driver::new((20, 21));
    cluster.discover(1, None);
    let found = |address| QuarantineAddress {
        subnet: SUBNET,
        address,
        node: NODE,
    };
    assert_eq!(
        cluster.run(Command::QuarantineAddress(found(ip(20)))),
        Outcome::Done
    );
    assert_eq!(cluster.obtain(1), Some(ip(21)));
    assert!(matches!(
        cluster.run(Command::QuarantineAddress(found(ip(21)))),
        Outcome::Refused(Refusal::HeldByAnother { .. })
    ));
}

#[test]
fn a_subnet_that_contradicts_itself_is_refused_by_name() {
    let mut cluster = Driver::new((20, 40));
    let refusal = |outcome| match outcome {
        Outcome::Refused(refusal) => refusal.to_string(),
        other => panic!("{other:?}"),
    };
    let router_outside = SubnetConfig {
        router: "10.9.9.9".parse().unwrap(),
        ..config((20, 40))
    };
    let text = refusal(cluster.run(Command::PutSubnet(router_outside)));
    assert!(
        text.contains("10.9.9.9") && text.contains("10.15.3.0/24"),
        "{text}"
    );
    let overlap = SubnetConfig {
        id: SubnetId(2),
        ..config((50, 60))
    };
    assert_eq!(
        cluster.run(Command::PutSubnet(overlap)),
        Outcome::Refused(Refusal::Overlap(SUBNET))
    );
}

#[test]
fn t5_offers_and_quarantines_that_end_as_they_begin_are_refused() {
    for (offer, quarantine) in [(0, 600), (60, 0)] {
        let mut cluster = Driver::new((20, 254));
        let times = LeaseTimes {
            offer: Span::from_secs(offer),
            quarantine: Span::from_secs(quarantine),
            ..LeaseTimes::default()
        };
        let outcome = cluster.run(Command::PutSubnet(SubnetConfig {
            times,
            ..config((20, 254))
        }));
        assert!(
            matches!(
                outcome,
                Outcome::Refused(Refusal::InvalidSubnet(InvalidSubnet::Times { .. }))
            ),
            "{outcome:?}"
        );
    }
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
    let exhausted = Outcome::Refused(Refusal::PoolExhausted);
    assert_eq!(
        cluster.discover(4, None),
        exhausted,
        "both may be on their way"
    );
    cluster.wait(1);
    assert_eq!(cluster.obtain(4), Some(ip(21)), "the older offer");
    assert!(matches!(
        cluster.request(2, ip(21), RequestKind::Selecting),
        Outcome::Refused(Refusal::HeldByAnother { .. })
    ));
    assert_eq!(cluster.obtain(3), Some(ip(22)), "its offer was not touched");
    cluster.wait(60);
    assert_eq!(cluster.discover(2, None), exhausted, "all are bound");
}

/// ADR 0014: what is reserved is offered to nobody else, forgotten or not (S4).
#[test]
fn s4_a_forgotten_offer_of_a_reserved_address_stays() {
    let mut cluster = Driver::new((20, 20));
    assert_eq!(cluster.reserve(1, ip(20)), Outcome::Done);
    assert!(matches!(cluster.discover(1, None), Outcome::Offered(_)));
    cluster.wait(30);
    assert_eq!(
        cluster.discover(2, None),
        Outcome::Refused(Refusal::PoolExhausted)
    );
}

/// L4: as many clients as addresses, however slow each is to ask: all are granted, none is refused.
#[test]
fn l4_a_storm_of_as_many_clients_as_addresses_loses_no_offer() {
    let mut cluster = Driver::new((20, 119));
    let mut offers = Vec::new();
    for number in 0..100 {
        let Outcome::Offered(offered) = cluster.discover(number, None) else {
            panic!("no offer for {number}")
        };
        offers.push(offered.address);
        cluster.wait(u64::from(number % 2));
    }
    for (number, address) in (0..100).zip(offers) {
        let outcome = cluster.request(number, address, RequestKind::Selecting);
        assert_eq!(outcome, granted(address), "client {number}");
    }
}
