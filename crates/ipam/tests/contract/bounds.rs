//! S4: what is granted lies where it may.

use crate::support::*;
use ipam::*;

#[test]
fn s4_what_is_not_in_the_pool_is_never_granted() {
    let mut cluster = Driver::new((20, 254));
    assert_eq!(cluster.register(1, ip(10)), Outcome::Done);
    for address in [ip(0), ip(255), "10.99.0.7".parse().unwrap()] {
        let outcome = cluster.request(1, address, RequestKind::Selecting);
        assert_eq!(
            outcome,
            Outcome::refused(LeaseRefusal::NotInSubnet(address))
        );
    }
    for address in [ip(1), ip(15)] {
        let outcome = cluster.request(1, address, RequestKind::Selecting);
        assert_eq!(
            outcome,
            Outcome::refused(LeaseRefusal::NotAvailable(address))
        );
    }
    let outcome = cluster.request(1, ip(10), RequestKind::Selecting);
    assert_eq!(
        outcome,
        Outcome::refused(LeaseRefusal::OfNode {
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
        Outcome::Refused(Refusal::Cluster(ClusterRefusal::Address(
            AddressRefusal::HeldByAnother { .. }
        )))
    ));
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
        Outcome::Refused(Refusal::Object(ObjectRefusal::Address(
            AddressRefusal::ReservedForAnother { .. }
        )))
    ));
    assert!(matches!(
        cluster.reserve(8, ip(21)),
        Outcome::Refused(Refusal::Object(ObjectRefusal::Address(
            AddressRefusal::HeldByAnother { .. }
        )))
    ));
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
        let outcome = cluster.put_subnet(changed);
        assert!(matches!(
            outcome,
            Outcome::Refused(Refusal::Object(ObjectRefusal::Address(
                AddressRefusal::ReservedForAnother { .. }
            )))
        ));
    }
    let identity = IdentityPolicy::ClientIdentifier;
    let other_identity = SubnetConfig {
        identity,
        ..config((20, 30))
    };
    let outcome = cluster.put_subnet(other_identity);
    assert_eq!(
        outcome,
        Outcome::refused(ObjectRefusal::SubnetInUse(SUBNET))
    );
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
        Outcome::refused(LeaseRefusal::PoolExhausted)
    );
}
