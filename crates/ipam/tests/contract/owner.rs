//! S7 and S9: who gives up, and whose what is.

use crate::support::*;
use ipam::*;

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
    let add = |forward| Command::AddForward {
        key,
        forward,
        force: false,
    };
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
    let port = ForwardKey {
        protocol: Protocol::Udp,
        port: 53,
    };
    let target = ForwardTarget::Client {
        subnet: SUBNET,
        client: key(1),
    };
    cluster.run(Command::AddForward {
        key: port,
        forward: Forward {
            target,
            target_port: 53,
        },
        force: false,
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
