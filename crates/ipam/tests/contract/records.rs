//! S6: who hears a refusal, and who hears nothing. A client that we have no record of may be another server's.

use crate::support::*;
use ipam::*;

const NOT_SELECTING: [RequestKind; 3] = [
    RequestKind::InitReboot,
    RequestKind::Renewing,
    RequestKind::Rebinding,
];
const UNKNOWN: Outcome = Outcome::Refused(Refusal::Lease(LeaseRefusal::UnknownClient));

fn held(address: std::net::Ipv4Addr, holder: u8) -> Outcome {
    let holder = key(holder);
    Outcome::refused(LeaseRefusal::HeldByAnother { address, holder })
}

/// A pool with everything that an address can be.
fn everything() -> Driver {
    let mut cluster = Driver::new((20, 60));
    cluster.put_subnet(SubnetConfig {
        excluded: vec![AddressRange::new(ip(40), ip(41)).unwrap()],
        ..config((20, 60))
    });
    assert_eq!(cluster.register(1, ip(10)), Outcome::Done);
    assert_eq!(cluster.obtain(1), Some(ip(20)), "bound");
    assert_eq!(cluster.obtain(2), Some(ip(21)));
    assert_eq!(cluster.decline(2, ip(21)), Outcome::Done, "quarantined");
    cluster.discover(3, Some(ip(22)));
    assert_eq!(cluster.reserve(4, ip(23)), Outcome::Done, "reserved");
    cluster
}

#[test]
fn s6_a_stranger_is_never_refused_an_address_of_this_network() {
    for kind in NOT_SELECTING {
        let mut cluster = everything();
        for last in 0..=255 {
            assert_eq!(
                cluster.request(9, ip(last), kind),
                UNKNOWN,
                "{kind:?} {}",
                ip(last)
            );
        }
        let foreign = "192.0.2.7".parse().unwrap();
        assert_eq!(
            cluster.request(9, foreign, kind),
            Outcome::refused(LeaseRefusal::NotInSubnet(foreign)),
            "an address of another network is wrong here, whosever client it is"
        );
    }
}

/// Offered, reserved for, or held long ago is no grant that still runs.
#[test]
fn s6_what_is_no_running_grant_is_no_record() {
    for kind in NOT_SELECTING {
        let mut cluster = everything();
        assert_eq!(cluster.request(3, ip(20), kind), UNKNOWN, "offered .22");
        assert_eq!(cluster.request(4, ip(20), kind), UNKNOWN, "reserved .23");
        cluster.wait(3600 + 36);
        assert_eq!(
            cluster.request(1, ip(30), kind),
            UNKNOWN,
            "its lease has run out"
        );
        assert_eq!(
            cluster.request(2, ip(30), kind),
            UNKNOWN,
            "what it declined has, too"
        );
    }
}

#[test]
fn s6_whoever_holds_an_address_is_told_that_another_is_not_its_own() {
    for kind in NOT_SELECTING {
        let mut cluster = everything();
        assert_eq!(cluster.obtain(5), Some(ip(24)));
        assert_eq!(cluster.request(5, ip(20), kind), held(ip(20), 1));
        let refused = |refusal: LeaseRefusal| Outcome::refused(refusal);
        assert_eq!(
            cluster.request(5, ip(21), kind),
            refused(LeaseRefusal::Quarantined(ip(21)))
        );
        assert_eq!(
            cluster.request(5, ip(40), kind),
            refused(LeaseRefusal::NotAvailable(ip(40)))
        );
        assert_eq!(
            cluster.request(5, ip(1), kind),
            refused(LeaseRefusal::NotAvailable(ip(1)))
        );
        assert_eq!(
            cluster.request(5, ip(255), kind),
            refused(LeaseRefusal::NotInSubnet(ip(255)))
        );
        assert_eq!(
            cluster.request(5, ip(30), kind),
            refused(LeaseRefusal::HasOtherAddress(ip(24)))
        );
        let node = LeaseRefusal::OfNode {
            address: ip(10),
            node: NodeId(1),
        };
        assert_eq!(cluster.request(5, ip(10), kind), refused(node));
    }
}

#[test]
fn s6_who_selects_us_hears_every_refusal() {
    let mut cluster = everything();
    let selecting = RequestKind::Selecting;
    assert_eq!(cluster.request(9, ip(20), selecting), held(ip(20), 1));
    let refused = |refusal: LeaseRefusal| Outcome::refused(refusal);
    assert_eq!(
        cluster.request(9, ip(21), selecting),
        refused(LeaseRefusal::Quarantined(ip(21)))
    );
    assert_eq!(cluster.request(9, ip(22), selecting), held(ip(22), 3));
    assert_eq!(
        cluster.request(9, ip(23), selecting),
        refused(LeaseRefusal::NotAvailable(ip(23)))
    );
    assert_eq!(
        cluster.request(9, ip(61), selecting),
        refused(LeaseRefusal::NotAvailable(ip(61)))
    );
    assert_eq!(
        cluster.request(9, ip(0), selecting),
        refused(LeaseRefusal::NotInSubnet(ip(0)))
    );
}

#[test]
fn s6_authoritative_refuses_a_stranger_what_is_bound_here_and_nothing_else() {
    for kind in NOT_SELECTING {
        let mut cluster = everything();
        cluster.put_subnet(SubnetConfig {
            authoritative: true,
            excluded: vec![AddressRange::new(ip(40), ip(41)).unwrap()],
            ..config((20, 60))
        });
        assert_eq!(cluster.request(9, ip(20), kind), held(ip(20), 1));
        for last in [0, 1, 10, 21, 22, 23, 30, 40, 61, 255] {
            assert_eq!(cluster.request(9, ip(last), kind), UNKNOWN, "{}", ip(last));
        }
    }
}

#[test]
fn s6_an_address_that_was_taken_back_and_granted_again_is_refused_to_its_former_holder() {
    for kind in NOT_SELECTING {
        let mut cluster = Driver::new((20, 20));
        assert_eq!(cluster.obtain(1), Some(ip(20)));
        assert_eq!(cluster.revoke(ip(20)), Outcome::Done);
        assert_eq!(cluster.obtain(2), Some(ip(20)));
        assert_eq!(cluster.request(1, ip(20), kind), held(ip(20), 2));
        cluster.wait(3600 + 36);
        assert_eq!(cluster.obtain(2), Some(ip(20)));
        assert_eq!(
            cluster.request(1, ip(20), kind),
            UNKNOWN,
            "its promised time has passed"
        );
    }
}

/// Nobody else has it: it goes on.
#[test]
fn l5_a_lease_that_was_taken_back_and_not_granted_again_is_renewed() {
    let mut cluster = Driver::new((20, 21));
    assert_eq!(cluster.obtain(1), Some(ip(20)));
    assert_eq!(cluster.revoke(ip(20)), Outcome::Done);
    assert_eq!(
        cluster.request(1, ip(20), RequestKind::Renewing),
        granted(ip(20))
    );
    // Also when another had it in between, and nothing is remembered of that.
    assert_eq!(cluster.revoke(ip(20)), Outcome::Done);
    assert_eq!(
        cluster.request(2, ip(20), RequestKind::Selecting),
        granted(ip(20))
    );
    assert_eq!(cluster.release(2, ip(20)), Outcome::Done);
    assert_eq!(
        cluster.request(1, ip(20), RequestKind::Rebinding),
        granted(ip(20))
    );
}

#[test]
fn s6_released_and_declined_leases_are_records_as_well() {
    let mut cluster = Driver::new((20, 30));
    assert_eq!(cluster.obtain(1), Some(ip(20)));
    assert_eq!(cluster.release(1, ip(20)), Outcome::Done);
    assert_eq!(
        cluster.request(2, ip(20), RequestKind::Selecting),
        granted(ip(20))
    );
    assert_eq!(
        cluster.request(1, ip(20), RequestKind::InitReboot),
        held(ip(20), 2)
    );
    assert_eq!(cluster.decline(2, ip(20)), Outcome::Done);
    assert_eq!(
        cluster.request(2, ip(20), RequestKind::InitReboot),
        Outcome::refused(LeaseRefusal::Quarantined(ip(20)))
    );
}

#[test]
fn s6_at_most_four_records_an_address_the_oldest_dropped() {
    let mut cluster = Driver::new((20, 20));
    for number in 1..=5 {
        assert_eq!(cluster.obtain(number), Some(ip(20)));
        if number < 5 {
            assert_eq!(cluster.revoke(ip(20)), Outcome::Done);
        }
    }
    let renew =
        |cluster: &mut Driver, number| cluster.request(number, ip(20), RequestKind::Renewing);
    assert_eq!(renew(&mut cluster, 1), UNKNOWN, "the oldest of five");
    for number in 2..=4 {
        assert_eq!(renew(&mut cluster, number), held(ip(20), 5));
    }
    let subnet = &cluster.state.subnets()[&SUBNET];
    let kept: Vec<_> = subnet.past_grants().iter().collect();
    assert_eq!(kept.len(), 1);
    assert_eq!(kept[0].1.len() + 1, PastGrants::MAX_PER_ADDRESS);
}

/// The holder that was there before needs no room of its own.
#[test]
fn s6_a_client_that_comes_back_pushes_nobody_out() {
    let mut cluster = Driver::new((20, 20));
    for number in 1..=4 {
        assert_eq!(
            cluster.request(number, ip(20), RequestKind::Selecting),
            granted(ip(20))
        );
        assert_eq!(cluster.revoke(ip(20)), Outcome::Done);
    }
    assert_eq!(
        cluster.request(4, ip(20), RequestKind::Selecting),
        granted(ip(20))
    );
    let renew = cluster.request(1, ip(20), RequestKind::Renewing);
    assert_eq!(renew, held(ip(20), 4));
}

#[test]
fn s6_a_network_that_changes_takes_the_records_of_the_old_one_along() {
    let mut cluster = Driver::new((20, 20));
    assert_eq!(cluster.obtain(1), Some(ip(20)));
    let decline = cluster.decline(1, ip(20));
    assert_eq!(decline, Outcome::Done);
    cluster.revoke(ip(20));
    let by_identifier = SubnetConfig {
        identity: IdentityPolicy::ClientIdentifier,
        ..config((20, 20))
    };
    assert_eq!(cluster.put_subnet(by_identifier), Outcome::Done);
    assert_eq!(
        cluster.state.subnets()[&SUBNET]
            .past_grants()
            .iter()
            .count(),
        0
    );
}
