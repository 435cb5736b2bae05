//! What a client asks for and what it is answered.

use super::*;

#[test]
fn discover_offer_request_ack() {
    let mut bench = Bench::alone();
    let given = bench.lease(mac(1));
    assert_eq!(given, address(20));
    assert_eq!(
        bench.probed,
        [given],
        "a new client's address is probed (L6)"
    );
    assert_eq!(bench.lease(mac(1)), given, "one client, one address (S3)");
    assert_eq!(bench.lease(mac(2)), address(21));
    assert_eq!(bench.engine.in_flight(), 0);
}

#[test]
fn renewing_rebinding_and_rebooting() {
    let mut bench = Bench::alone();
    let given = bench.lease(mac(1));
    let extend = PacketBuilder::request(mac(1)).ciaddr(given);
    let End::Reply(reply) = bench.unicast(&extend) else {
        panic!("no reply")
    };
    assert!(matches!(reply.body, Body::Ack(_)));
    assert_eq!(
        reply.destination,
        crate::addressing::Destination::Client(given)
    );
    assert!(
        matches!(bench.body(&extend.clone().xid(2)), Body::Ack(_)),
        "rebinding"
    );
    let reboot = PacketBuilder::request(mac(1)).requested(given);
    assert!(matches!(bench.body(&reboot), Body::Ack(_)));
    let elsewhere = PacketBuilder::request(mac(1)).requested(address(99));
    assert!(matches!(bench.body(&elsewhere), Body::Nak(_)));
}

#[test]
fn unknown_rebooting_clients_get_silence_or_a_committed_nak() {
    let mut bench = Bench::alone();
    let reboot = PacketBuilder::request(mac(1)).requested(address(50));
    assert_eq!(bench.silence(&reboot), Silence::UnknownClient);
    let foreign = PacketBuilder::request(mac(1))
        .requested(Ipv4Addr::new(192, 168, 1, 5))
        .xid(2);
    bench.service.take_proposed();
    assert!(matches!(bench.body(&foreign), Body::Nak(_)));
    assert_eq!(
        bench.service.take_proposed().len(),
        1,
        "a NAK is committed first (S6)"
    );
}

#[test]
fn an_unknown_outcome_is_met_with_silence_though_it_was_committed() {
    let mut bench = Bench::alone();
    bench.service.set_fault(Fault::OutcomeLost);
    let discover = PacketBuilder::discover(mac(1));
    assert_eq!(bench.silence(&discover), Silence::UnknownOutcome);
    bench.service.set_fault(Fault::None);
    let given = bench.lease(mac(1));
    bench.service.set_fault(Fault::OutcomeLost);
    let request = bench.select(mac(1), given);
    assert_eq!(bench.silence(&request), Silence::UnknownOutcome);
}

#[test]
fn a_late_reply_is_dropped() {
    let mut bench = Bench::alone();
    bench.commit_takes = REPLY_DEADLINE;
    assert!(matches!(
        bench.body(&PacketBuilder::discover(mac(1))),
        Body::Offer { .. }
    ));
    let request = bench.select(mac(1), address(20));
    bench.commit_takes = REPLY_DEADLINE + Duration::from_millis(1);
    assert_eq!(bench.silence(&request), Silence::TooLate);
    bench.commit_takes = Duration::ZERO;
    assert!(matches!(bench.body(&request.xid(2)), Body::Ack(_)));
}

/// The client would use an address that is free for others.
#[test]
fn a_grant_that_was_taken_back_is_not_acknowledged() {
    let mut bench = Bench::alone();
    let Body::Offer { address, .. } = bench.body(&PacketBuilder::discover(mac(1))) else {
        panic!("no offer")
    };
    let request = bench.select(mac(1), address);
    bench.revoked_at_once = Some(address);
    assert_eq!(bench.silence(&request), Silence::NoLongerGranted);
    bench.revoked_at_once = None;
    assert!(matches!(bench.body(&request.xid(2)), Body::Ack(_)));
}

#[test]
fn only_from_its_own_address_does_a_client_renew() {
    let mut bench = Bench::alone();
    let given = bench.lease(mac(1));
    let neighbour = bench.lease(mac(2));
    bench.service.take_proposed();
    let renew = PacketBuilder::request(mac(1)).ciaddr(given);
    // Nor may a host elsewhere have the client refused, by a wrong address in its name.
    let wrong = PacketBuilder::request(mac(1)).ciaddr(address(99));
    for builder in [&renew, &wrong] {
        assert!(matches!(
            bench.unicast_from(neighbour, builder),
            End::Silent(Silence::ForgedSource)
        ));
    }
    assert!(bench.service.take_proposed().is_empty());
    assert!(matches!(bench.unicast(&renew), End::Reply(_)));
}

/// A relay sends from its own address, and a client that rebinds may send from none (dhclient).
#[test]
fn a_rebinding_client_may_send_from_anywhere() {
    let mut bench = Bench::alone();
    let given = bench.lease(mac(1));
    let rebind = PacketBuilder::request(mac(1)).ciaddr(given);
    let end = bench.hear_bytes(&rebind.datagram(), FROM_NOWHERE);
    assert!(matches!(end, End::Reply(_)), "{end:?}");
    let relay = address(5);
    let end = bench.unicast_from(relay, &rebind.giaddr(relay).xid(2));
    let End::Reply(reply) = end else {
        panic!("no reply but {end:?}")
    };
    assert!(matches!(reply.body, Body::Ack(_)));
}

#[test]
fn an_inform_is_told_the_parameters_and_nothing_is_proposed() {
    let mut bench = Bench::alone();
    let inform = PacketBuilder::new(MessageType::Inform, mac(1)).ciaddr(address(5));
    assert_eq!(bench.body(&inform), Body::InformAck);
    assert!(bench.service.take_proposed().is_empty());
    let elsewhere =
        PacketBuilder::new(MessageType::Inform, mac(1)).ciaddr(Ipv4Addr::new(8, 8, 8, 8));
    assert_eq!(bench.silence(&elsewhere), Silence::ClientElsewhere);
}

#[test]
fn relays_and_claimed_addresses_off_this_link() {
    let mut bench = Bench::alone();
    let relayed = PacketBuilder::discover(mac(1)).giaddr(Ipv4Addr::new(192, 168, 0, 1));
    assert_eq!(bench.silence(&relayed), Silence::RelayElsewhere);
    let reflected = PacketBuilder::discover(mac(1)).ciaddr(Ipv4Addr::new(8, 8, 8, 8));
    assert_eq!(bench.silence(&reflected), Silence::ClientElsewhere);
    let moved = PacketBuilder::request(mac(1)).ciaddr(Ipv4Addr::new(192, 168, 0, 9));
    let End::Reply(nak) = bench.broadcast(&moved) else {
        panic!("no reply")
    };
    assert!(matches!(nak.body, Body::Nak(_)));
    assert_eq!(nak.destination, crate::addressing::Destination::Broadcast);
}
