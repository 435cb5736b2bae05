//! Who a client is, and what a subnet may say of itself.

use crate::support::*;
use ipam::*;

#[test]
fn where_the_policy_says_so_the_client_identifier_counts() {
    let mut cluster = Driver::new((20, 40));
    let by_identifier = SubnetConfig {
        identity: IdentityPolicy::ClientIdentifier,
        ..config((20, 40))
    };
    cluster.put_subnet(by_identifier);
    let mut offer = |hardware: u8, identifier: &[u8]| {
        let client = ClientIdentity {
            identifier: Some(ClientIdentifier::new(identifier).unwrap()),
            ..client(hardware)
        };
        let offer = OfferLease {
            subnet: SUBNET,
            client,
            requested: None,
            avoid: Vec::new(),
            hostname: None,
            node: NODE,
            lease_time: None,
        };
        match cluster.run(Command::from(offer)) {
            Outcome::Offered(offered) => offered.address,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(offer(1, b"vm-a"), offer(2, b"vm-a"));
    assert_ne!(offer(1, b"vm-a"), offer(1, b"vm-b"));
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
    let text = refusal(cluster.put_subnet(router_outside));
    assert!(
        text.contains("10.9.9.9") && text.contains("10.15.3.0/24"),
        "{text}"
    );
    let overlap = SubnetConfig {
        id: SubnetId(2),
        ..config((50, 60))
    };
    assert_eq!(
        cluster.put_subnet(overlap),
        Outcome::refused(ObjectRefusal::Overlap(SUBNET))
    );
}
