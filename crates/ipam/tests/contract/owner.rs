//! S7 and S9: who gives up, and whose what is.

use crate::support::*;
use ipam::*;

#[test]
fn s9_two_nodes_cannot_have_one_listen_ip() {
    let mut cluster = Driver::new((20, 254));
    assert_eq!(cluster.register(1, ip(10)), Outcome::Done);
    let refusal = AddressRefusal::OfNode {
        address: ip(10),
        node: NodeId(1),
    };
    assert_eq!(cluster.register(2, ip(10)), listen_ip_refused(refusal));
    assert_eq!(
        cluster.register(1, ip(11)),
        Outcome::Done,
        "a node may move"
    );
    assert_eq!(cluster.register(2, ip(10)), Outcome::Done);
}

#[test]
fn s7_only_the_holder_gives_up() {
    let mut cluster = Driver::new((20, 20));
    assert_eq!(cluster.obtain(1), Some(ip(20)));
    let refused = Outcome::refused(LeaseRefusal::NotTheHolder(ip(20)));
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
    let refused = Outcome::refused(LeaseRefusal::NotTheHolder(ip(20)));
    assert_eq!(cluster.release_grant(1, ip(20), old), refused);
    let by_another_node = GrantRef {
        node: NodeId(2),
        ..cluster.grant_of(ip(20))
    };
    assert_eq!(cluster.release_grant(1, ip(20), by_another_node), refused);
    assert_eq!(cluster.obtain(2), None, "client 1 still holds the address");
    assert_eq!(cluster.release(1, ip(20)), Outcome::Done);
}

/// The network keeps a RELEASE for a while and delivers it twice; the client has come back in between.
#[test]
fn s7_a_copy_of_a_release_does_not_end_what_came_after_it() {
    let mut cluster = Driver::new((20, 21));
    for cycle in 1..=4_u32 {
        assert_eq!(cluster.obtain(1), Some(ip(20)));
        for copy in 1..cycle {
            cluster.xid = 100 + copy;
            let copied = cluster.release_grant(1, ip(20), cluster.grant_of(ip(20)));
            let refused = Outcome::refused(LeaseRefusal::ReleasedBefore(ip(20)));
            assert_eq!(copied, refused, "cycle {cycle}, copy {copy}");
        }
        cluster.xid = 100 + cycle;
        let released = cluster.release_grant(1, ip(20), cluster.grant_of(ip(20)));
        assert_eq!(released, Outcome::Done, "cycle {cycle}");
    }
    let past = cluster.state.subnets()[&SUBNET].past_grants();
    let past = past.get(ip(20), &key(1)).unwrap();
    assert_eq!(past.releases, [101, 102, 103, 104]);
}

/// Another client's transaction id is another's.
#[test]
fn s7_a_release_with_the_transaction_id_of_anothers_is_no_copy() {
    let mut cluster = Driver::new((20, 20));
    assert_eq!(cluster.obtain(1), Some(ip(20)));
    cluster.xid = 7;
    let grant = cluster.grant_of(ip(20));
    assert_eq!(cluster.release_grant(1, ip(20), grant), Outcome::Done);
    assert_eq!(cluster.obtain(2), Some(ip(20)));
    let grant = cluster.grant_of(ip(20));
    assert_eq!(cluster.release_grant(2, ip(20), grant), Outcome::Done);
}

#[test]
fn s7_only_the_last_releases_are_remembered() {
    let mut cluster = Driver::new((20, 20));
    for _ in 0..10 {
        assert_eq!(cluster.obtain(1), Some(ip(20)));
        assert_eq!(cluster.release(1, ip(20)), Outcome::Done);
    }
    let past = cluster.state.subnets()[&SUBNET].past_grants();
    let past = past.get(ip(20), &key(1)).unwrap();
    assert_eq!(past.releases.len(), PastGrant::MAX_RELEASES);
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
    let to = |last| forward_to(tcp(8080), last);
    assert_eq!(cluster.add_forward(to(20), false), Outcome::Done);
    let before = cluster.state.clone();
    assert_eq!(
        cluster.add_forward(to(20), false),
        Outcome::Done,
        "the same again"
    );
    assert_eq!(cluster.state.objects(), before.objects());
    let taken = Outcome::refused(ObjectRefusal::Exists(Box::new(to(20).into())));
    assert_eq!(cluster.add_forward(to(21), false), taken);
    assert_eq!(cluster.remove_forward(tcp(8080)), Outcome::Done);
    assert_eq!(cluster.add_forward(to(21), false), Outcome::Done);
}

#[test]
fn a_forward_follows_its_client() {
    let mut cluster = Driver::new((20, 254));
    let target = ForwardTarget::Client {
        subnet: SUBNET,
        client: key(1),
    };
    let forward = Forward {
        key: udp(53),
        target,
        target_port: 53,
    };
    cluster.add_forward(forward, false);
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
fn a_conflict_found_by_a_probe_quarantines_an_offer_but_never_a_grant() {
    let mut cluster = Driver::new((20, 21));
    cluster.discover(1, None);
    let found = |address| QuarantineAddress {
        subnet: SUBNET,
        address,
        node: NODE,
    };
    assert_eq!(cluster.run(Command::from(found(ip(20)))), Outcome::Done);
    assert_eq!(cluster.obtain(1), Some(ip(21)));
    assert!(matches!(
        cluster.run(Command::from(found(ip(21)))),
        Outcome::Refused(Refusal::Lease(LeaseRefusal::HeldByAnother { .. }))
    ));
}
