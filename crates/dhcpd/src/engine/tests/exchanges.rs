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
fn reboot_of_unknown_client_gets_no_reply_or_a_committed_nak() {
    let mut bench = Bench::alone();
    let reboot = PacketBuilder::request(mac(1)).requested(address(50));
    assert_eq!(bench.no_reply(&reboot), NoReplyReason::UnknownClient);
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
fn unknown_outcome_gets_no_reply_even_if_committed() {
    let mut bench = Bench::alone();
    bench.service.set_fault(Fault::OutcomeLost);
    let discover = PacketBuilder::discover(mac(1));
    assert_eq!(bench.no_reply(&discover), NoReplyReason::UnknownOutcome);
    bench.service.set_fault(Fault::None);
    let given = bench.lease(mac(1));
    bench.service.set_fault(Fault::OutcomeLost);
    let request = bench.select(mac(1), given);
    assert_eq!(bench.no_reply(&request), NoReplyReason::UnknownOutcome);
}

#[test]
fn reply_after_deadline_dropped() {
    let mut bench = Bench::alone();
    bench.commit_takes = REPLY_DEADLINE;
    assert!(matches!(
        bench.body(&PacketBuilder::discover(mac(1))),
        Body::Offer { .. }
    ));
    let request = bench.select(mac(1), address(20));
    bench.commit_takes = REPLY_DEADLINE + Duration::from_millis(1);
    assert_eq!(bench.no_reply(&request), NoReplyReason::TooLate);
    bench.commit_takes = Duration::ZERO;
    assert!(matches!(bench.body(&request.xid(2)), Body::Ack(_)));
}

/// The client would use an address that is free for others.
#[test]
fn grant_revoked_before_reply_is_not_acknowledged() {
    let mut bench = Bench::alone();
    let Body::Offer { address, .. } = bench.body(&PacketBuilder::discover(mac(1))) else {
        panic!("no offer")
    };
    let request = bench.select(mac(1), address);
    bench.revoked_at_once = Some(address);
    assert_eq!(bench.no_reply(&request), NoReplyReason::NoLongerGranted);
    bench.revoked_at_once = None;
    assert!(matches!(bench.body(&request.xid(2)), Body::Ack(_)));
}

/// A machine with two addresses renews from whichever its kernel picks (dhclient).
/// The reply goes to the address that is renewed, whatever the source was.
#[test]
fn renewal_accepted_from_any_source_address() {
    let mut bench = Bench::alone();
    let given = bench.lease(mac(1));
    let its_other = bench.lease(mac(2));
    let renew = PacketBuilder::request(mac(1)).ciaddr(given);
    for source in [its_other, address(151), given] {
        let End::Reply(reply) = bench.unicast_from(source, &renew) else {
            panic!("no reply to {source}")
        };
        assert!(matches!(reply.body, Body::Ack(_)));
        assert_eq!(
            reply.destination,
            crate::addressing::Destination::Client(given)
        );
    }
}

/// A renewal may name its server in option 54 (ADR 0027).
#[test]
fn renewal_naming_this_server_is_a_renewal() {
    let mut bench = Bench::with(&NODES, NODES[0].0);
    bench.service.set_nodes_in_service(&[NODES[0].0]);
    let given = bench.lease(mac(1));
    let renew = PacketBuilder::request(mac(1)).ciaddr(given);
    let ours = renew.clone().server(NODES[0].1);
    let End::Reply(reply) = bench.unicast(&ours) else {
        panic!("no reply")
    };
    assert!(matches!(reply.body, Body::Ack(_)));
    assert!(
        matches!(bench.body(&ours.xid(2)), Body::Ack(_)),
        "broadcast"
    );
    bench
        .service
        .set_nodes_in_service(&[NODES[0].0, NODES[1].0]);
    let others = renew.server(NODES[1].1).xid(3);
    assert_eq!(bench.no_reply(&others), NoReplyReason::OtherServer);
}

/// NetworkManager, after its lease has run out: nobody is on that address to be answered there.
#[test]
fn discover_with_stale_ciaddr_answered_at_hardware_address() {
    let mut bench = Bench::alone();
    for (number, old) in [
        (1, address(77)),
        (2, Ipv4Addr::new(192, 168, 7, 7)),
        (3, Ipv4Addr::new(8, 8, 8, 8)),
    ] {
        let discover = PacketBuilder::discover(mac(number))
            .ciaddr(old)
            .requested(old);
        let End::Reply(offer) = bench.broadcast(&discover) else {
            panic!("no offer")
        };
        let Body::Offer { address, .. } = offer.body else {
            panic!("no offer but {:?}", offer.body)
        };
        let hardware = mac(number);
        assert_eq!(
            offer.destination,
            crate::addressing::Destination::Link { address, hardware }
        );
        assert_eq!(offer.bytes[12..16], [0; 4], "ciaddr (RFC 2131 table 3)");
        let selecting = bench.select(hardware, address).ciaddr(old);
        let End::Reply(ack) = bench.broadcast(&selecting) else {
            panic!("no ACK")
        };
        assert!(matches!(ack.body, Body::Ack(_)));
        assert_eq!(ack.destination, offer.destination);
    }
}

/// A relay sends from its own address, and a client that rebinds may send from none (dhclient).
#[test]
fn rebinding_accepted_from_any_source_address() {
    let mut bench = Bench::alone();
    let given = bench.lease(mac(1));
    let rebind = PacketBuilder::request(mac(1)).ciaddr(given);
    let end = bench.hear_bytes(&rebind.datagram(), FROM_NOWHERE);
    assert!(matches!(end, End::Reply(_)), "{end:?}");
    let end = bench.relayed(&rebind.xid(2));
    let End::Reply(reply) = end else {
        panic!("no reply but {end:?}")
    };
    assert!(matches!(reply.body, Body::Ack(_)));
}

#[test]
fn inform_gets_parameters_without_a_proposal() {
    let mut bench = Bench::alone();
    let inform = PacketBuilder::new(MessageType::Inform, mac(1)).ciaddr(address(5));
    assert_eq!(bench.body(&inform), Body::InformAck);
    assert!(bench.service.take_proposed().is_empty());
    let elsewhere =
        PacketBuilder::new(MessageType::Inform, mac(1)).ciaddr(Ipv4Addr::new(8, 8, 8, 8));
    assert_eq!(
        bench.no_reply(&elsewhere),
        NoReplyReason::ClientOutsideSubnet
    );
}

/// Otherwise anybody who reaches the port could pose as a relay, and bind and end leases.
#[test]
fn relay_accepted_only_if_configured_and_by_its_route() {
    let mut bench = Bench::alone();
    let given = bench.lease(mac(1));
    bench.service.take_proposed();
    let elsewhere = Ipv4Addr::new(192, 168, 0, 1);
    for giaddr in [elsewhere, address(6), given] {
        let relayed = PacketBuilder::discover(mac(2)).giaddr(giaddr);
        assert_eq!(bench.no_reply(&relayed), NoReplyReason::UnknownRelay);
    }
    let decline = PacketBuilder::new(MessageType::Decline, mac(1))
        .requested(given)
        .giaddr(RELAY);
    let request = PacketBuilder::request(mac(3))
        .requested(address(50))
        .server(NODES[0].1)
        .giaddr(RELAY);
    for forged in [decline, request] {
        let uplink = Arrival::unicast(RELAY).by(Ingress::ELSEWHERE);
        let end = bench.hear_bytes(&forged.datagram(), uplink);
        assert!(
            matches!(end, End::NoReply(NoReplyReason::WrongRelayInterface)),
            "{end:?}"
        );
        let stranger = Arrival::unicast(elsewhere).by(Ingress::RELAYS_WAY);
        let end = bench.hear_bytes(&forged.datagram(), stranger);
        assert!(
            matches!(end, End::NoReply(NoReplyReason::UnknownRelay)),
            "{end:?}"
        );
    }
    assert!(bench.service.take_proposed().is_empty());
    let served = bench.relayed(&PacketBuilder::discover(mac(2)));
    assert!(matches!(served, End::Reply(_)), "{served:?}");
}

/// The unicast socket hears every interface.
#[test]
fn client_accepted_on_its_own_link_only() {
    let mut bench = Bench::alone();
    let given = bench.lease(mac(1));
    bench.service.take_proposed();
    let uplink = Arrival::unicast(given).by(Ingress::ELSEWHERE);
    for forged in [
        PacketBuilder::new(MessageType::Release, mac(1)).ciaddr(given),
        PacketBuilder::request(mac(1)).ciaddr(given),
        PacketBuilder::discover(mac(2)),
        PacketBuilder::new(MessageType::Inform, mac(1)).ciaddr(given),
    ] {
        let end = bench.hear_bytes(&forged.datagram(), uplink);
        assert!(
            matches!(end, End::NoReply(NoReplyReason::WrongInterface)),
            "{end:?}"
        );
    }
    assert!(bench.service.take_proposed().is_empty());
}

#[test]
fn ciaddr_outside_subnet_refused() {
    let mut bench = Bench::alone();
    let reflected =
        PacketBuilder::new(MessageType::Inform, mac(1)).ciaddr(Ipv4Addr::new(8, 8, 8, 8));
    assert_eq!(
        bench.no_reply(&reflected),
        NoReplyReason::ClientOutsideSubnet
    );
    let moved = PacketBuilder::request(mac(1)).ciaddr(Ipv4Addr::new(192, 168, 0, 9));
    let End::Reply(nak) = bench.broadcast(&moved) else {
        panic!("no reply")
    };
    assert!(matches!(nak.body, Body::Nak(_)));
    assert_eq!(nak.destination, crate::addressing::Destination::Broadcast);
}

/// Behind a VXLAN's 1450 bytes such a reply never left.
#[test]
fn reply_fits_the_links_mtu() {
    let mut config = subnet_config();
    for code in 200..206 {
        config.extra_options.insert(code, vec![7; 190]);
    }
    let asking = PacketBuilder::discover(mac(1))
        .option(57, &1500_u16.to_be_bytes())
        .option(55, &[1, 3, 200, 201, 202, 203, 204, 205]);
    let mut lengths = Vec::new();
    for mtu in [1500, 1450, 576] {
        let mut bench = Bench::alone();
        bench.service = MemoryLeaseService::new(&config, &NODES[..1]);
        bench.engine.set_link_mtu(mtu);
        let End::Reply(offer) = bench.broadcast(&asking) else {
            panic!("no offer")
        };
        assert!(offer.bytes.len() + 28 <= usize::from(mtu), "{mtu}");
        lengths.push((offer.bytes.len(), offer.options_left_out));
    }
    assert_eq!(lengths[0].1, 0, "{lengths:?}");
    assert!(
        lengths[1].1 > 0 && lengths[2].1 > lengths[1].1,
        "{lengths:?}"
    );
}
