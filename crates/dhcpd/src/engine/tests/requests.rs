//! Requests that we did not expect: another server's clients (S6), and what was never offered (L6).

use super::*;

const NOT_OURS: [fn([u8; 6], Ipv4Addr) -> PacketBuilder; 2] = [
    |mac, address| PacketBuilder::request(mac).requested(address),
    |mac, address| PacketBuilder::request(mac).ciaddr(address),
];

/// What a unicast request, and its copies by broadcast, end in.
fn ends(bench: &mut Bench, builder: &PacketBuilder) -> Vec<End> {
    let renewing = bench.unicast(builder);
    bench.pass(Duration::from_secs(10));
    vec![renewing, bench.broadcast(&builder.clone().xid(7))]
}

#[test]
fn s6_clients_of_another_server_get_no_reply() {
    let mut bench = Bench::alone();
    let bound = bench.lease(mac(1));
    let router = address(1);
    let node = NODES[0].1;
    for (number, wish) in (10..).zip([bound, router, node, address(5), address(200), address(255)])
    {
        for builder in NOT_OURS {
            for end in ends(&mut bench, &builder(mac(number), wish)) {
                let silent = matches!(end, End::NoReply(NoReplyReason::UnknownClient));
                assert!(silent, "{wish}: {end:?}");
            }
        }
    }
    assert!(bench.probed.len() <= 1, "nor is anybody asked for them");
}

#[test]
fn s6_authoritative_server_refuses_a_stranger_anothers_address() {
    let mut bench = Bench::alone();
    let bound = bench.lease(mac(1));
    let config = SubnetConfig {
        authoritative: true,
        ..subnet_config()
    };
    let object = config.into();
    let replace = Change::Replace {
        object,
        expected: None,
    };
    assert_eq!(bench.service.change(replace), Outcome::Done);
    for builder in NOT_OURS {
        let body = bench.body(&builder(mac(2), bound));
        assert!(
            matches!(body, Body::Nak(LeaseRefusal::HeldByAnother { .. })),
            "{body:?}"
        );
        assert_eq!(
            bench.no_reply(&builder(mac(3), address(200))),
            NoReplyReason::UnknownClient
        );
    }
}

#[test]
fn s6_request_for_revoked_and_regranted_lease_refused() {
    let mut bench = Bench::alone();
    let given = bench.lease(mac(1));
    let revoked = bench.service.revoke(subnet_config().id, given);
    assert_eq!(revoked, Outcome::Done);
    let other = bench.select(mac(2), given);
    assert!(matches!(bench.body(&other), Body::Ack(_)));
    for end in ends(&mut bench, &PacketBuilder::request(mac(1)).ciaddr(given)) {
        let End::Reply(reply) = end else {
            panic!("no reply but {end:?}")
        };
        assert!(matches!(reply.body, Body::Nak(_)), "{reply:?}");
    }
}

#[test]
fn l6_grant_without_offer_is_probed_first() {
    let mut bench = Bench::alone();
    let wish = address(150);
    let request = bench.select(mac(1), wish);
    assert!(matches!(bench.body(&request), Body::Ack(granted) if granted.address == wish));
    assert_eq!(bench.probed, [wish]);
    assert_eq!(bench.service.take_proposed().len(), 1, "one commit");
}

#[test]
fn l6_fixed_address_of_a_host_is_granted_to_nobody() {
    let mut bench = Bench::alone();
    let wish = address(150);
    bench.on_link = vec![(wish, [6; 6])];
    for builder in [
        bench.select(mac(1), wish),
        bench.select(mac(1), wish).ciaddr(wish).xid(2),
    ] {
        let body = bench.body(&builder);
        assert!(
            matches!(body, Body::Nak(LeaseRefusal::InUse(_))),
            "{body:?}"
        );
    }
    bench.on_link = vec![(wish, mac(1))];
    let own = bench.select(mac(1), wish).xid(3);
    assert!(
        matches!(bench.body(&own), Body::Ack(_)),
        "the client itself"
    );
}

/// A probe ahead may be a minute old: too old for a grant without an offer.
#[test]
fn l6_a_probe_ahead_serves_an_offer_only() {
    let mut bench = Bench::alone();
    let wish = address(150);
    bench.engine.note_probe(bench.now, wish, ProbeResult::Clear);
    bench.on_link = vec![(wish, [6; 6])];
    let request = bench.select(mac(1), wish);
    assert!(matches!(
        bench.body(&request),
        Body::Nak(LeaseRefusal::InUse(_))
    ));
}

/// The offer is committed before its probe has ended; who asks in between is not let past it.
#[test]
fn l6_an_offer_that_was_never_sent_is_no_offer() {
    let mut bench = Bench::alone();
    let offer = ipam::OfferLease {
        subnet: subnet_config().id,
        client: PacketBuilder::discover(mac(1)).packet().identity(),
        requested: None,
        avoid: Vec::new(),
        lease_time: None,
        hostname: None,
        node: NODES[0].0,
    };
    assert!(matches!(
        bench.service.apply(&Command::from(offer)),
        Outcome::Offered(_)
    ));
    bench.on_link = vec![(address(20), [6; 6])];
    let request = bench.select(mac(1), address(20));
    assert!(matches!(
        bench.body(&request),
        Body::Nak(LeaseRefusal::InUse(_))
    ));
}

#[test]
fn l6_offered_or_held_address_is_not_probed_again() {
    let mut bench = Bench::alone();
    let given = bench.lease(mac(1));
    assert_eq!(bench.probed, [given], "for the offer");
    let renew = PacketBuilder::request(mac(1)).ciaddr(given);
    assert!(matches!(bench.unicast(&renew), End::Reply(_)));
    let reboot = PacketBuilder::request(mac(1)).requested(given).xid(2);
    assert!(matches!(bench.body(&reboot), Body::Ack(_)));
    assert_eq!(bench.probed.len(), 1);
}

#[test]
fn l6_relayed_client_is_probed_by_echo() {
    let mut bench = Bench::alone();
    bench
        .engine
        .note_probe(bench.now, address(20), ProbeResult::Clear);
    bench.on_link = vec![(address(20), [6; 6])];
    let Body::Offer {
        address: offered, ..
    } = bench.relayed_body(&PacketBuilder::discover(mac(1)))
    else {
        panic!("no offer")
    };
    assert_eq!(
        offered,
        address(21),
        "what ARP did not hear is there all the same"
    );
    bench.on_link = vec![(address(150), [6; 6])];
    let wish = bench.select(mac(2), address(150));
    assert!(matches!(
        bench.relayed_body(&wish),
        Body::Nak(LeaseRefusal::InUse(_))
    ));
    // Who still uses what it had answers the echo itself.
    let wish = bench.select(mac(2), address(151)).xid(2);
    assert!(matches!(bench.relayed_body(&wish), Body::Ack(_)));
    let revoked = bench.service.revoke(subnet_config().id, address(151));
    assert_eq!(revoked, Outcome::Done);
    bench.on_link = vec![(address(151), mac(2))];
    let rebind = PacketBuilder::request(mac(2)).ciaddr(address(151)).xid(3);
    assert!(matches!(bench.relayed_body(&rebind), Body::Ack(_)));
}

/// This node's view is stale: the commit is refused, and the probe is made then.
#[test]
fn l6_grant_of_ended_lease_is_probed() {
    let mut bench = Bench::alone();
    let given = bench.lease(mac(1));
    bench.probed.clear();
    let renew = PacketBuilder::request(mac(1)).ciaddr(given);
    let arrival = Arrival::unicast(given);
    let received = bench
        .engine
        .receive(bench.now, &renew.datagram(), arrival, &bench.service);
    let Received::Begun(mut transaction, Next::Propose(command)) = received else {
        panic!("{received:?}")
    };
    let revoked = bench.service.revoke(subnet_config().id, given);
    assert_eq!(revoked, Outcome::Done);
    let outcome = bench.service.propose_now(&command);
    let input = Input::Proposed(outcome);
    let next = bench
        .engine
        .resume(bench.now, &mut transaction, input, &bench.service);
    assert_eq!(next, Next::Probe(given));
}

/// The same wish, the same time; also in an offer that costs no commit.
#[test]
fn offer_has_the_lease_time_of_its_ack() {
    let mut bench = Bench::alone();
    let wish = 600_u32.to_be_bytes();
    for xid in [1, 2] {
        let discover = PacketBuilder::discover(mac(1)).option(51, &wish).xid(xid);
        let Body::Offer {
            address,
            lease_time,
        } = bench.body(&discover)
        else {
            panic!("no offer")
        };
        let request = bench.select(mac(1), address).option(51, &wish).xid(xid);
        let Body::Ack(granted) = bench.body(&request) else {
            panic!("no ACK")
        };
        assert_eq!(lease_time, Span::from_secs(600));
        assert_eq!(granted.lease_time, lease_time);
    }
}

/// S7: the network delivers one RELEASE twice, and the client came back in between.
#[test]
fn s7_copy_of_release_ends_nothing() {
    let mut bench = Bench::alone();
    let given = bench.lease(mac(1));
    let release = PacketBuilder::new(MessageType::Release, mac(1))
        .ciaddr(given)
        .xid(77);
    assert!(matches!(bench.unicast(&release), End::Done));
    assert_eq!(bench.lease(mac(1)), given);
    let copy = bench.unicast(&release);
    assert!(
        matches!(copy, End::NoReply(NoReplyReason::DuplicateRequest)),
        "this node heard it: {copy:?}"
    );
    bench.now = bench.now + crate::limits::RELEASE_COPIED_FOR;
    let copy = bench.unicast(&release);
    assert!(
        matches!(copy, End::NoReply(NoReplyReason::NoSuchLease)),
        "the state knows it: {copy:?}"
    );
    let renew = PacketBuilder::request(mac(1)).ciaddr(given).xid(78);
    assert!(
        matches!(bench.unicast(&renew), End::Reply(reply) if matches!(reply.body, Body::Ack(_)))
    );
}

/// S7: it declines whatever it gets, on and on; others are served.
#[test]
fn s7_one_client_that_declines_everything_quarantines_a_few_addresses() {
    let mut bench = Bench::alone();
    let mut declined = std::collections::BTreeSet::new();
    for xid in 0..60 {
        let discover = PacketBuilder::discover(mac(1)).xid(xid);
        if let End::Reply(offer) = bench.broadcast(&discover)
            && let Body::Offer { address, .. } = offer.body
        {
            let request = bench.select(mac(1), address).xid(xid);
            bench.broadcast(&request);
            let decline = PacketBuilder::new(MessageType::Decline, mac(1))
                .requested(address)
                .server(NODES[0].1);
            if matches!(bench.broadcast(&decline), End::Done) {
                declined.insert(address);
            }
        }
        bench.pass(Duration::from_secs(5));
    }
    assert_eq!(declined.len(), crate::limits::CONFLICT_REPORTS_PER_CLIENT);
    let decline = PacketBuilder::new(MessageType::Decline, mac(1))
        .requested(bench.lease(mac(1)))
        .server(NODES[0].1);
    assert_eq!(bench.no_reply(&decline), NoReplyReason::TooManyDeclines);
    for number in 2..=50 {
        bench.lease(mac(number));
    }
}
