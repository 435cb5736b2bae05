//! What is offered, and what is probed first (L6).

use super::*;

#[test]
fn offer_of_held_address_costs_no_commit() {
    let mut bench = Bench::alone();
    let given = bench.lease(mac(1));
    bench.service.take_proposed();
    bench.probed.clear();
    let Body::Offer { address, .. } = bench.body(&PacketBuilder::discover(mac(1)).xid(9)) else {
        panic!("no offer")
    };
    assert_eq!(address, given);
    assert!(bench.service.take_proposed().is_empty());
    assert!(bench.probed.is_empty(), "the client had it before");
}

#[test]
fn offer_not_taken_is_probed_again() {
    let mut bench = Bench::alone();
    bench.body(&PacketBuilder::discover(mac(1)));
    bench.now = bench.now + Duration::from_secs(61);
    bench.service.take_proposed();
    bench.body(&PacketBuilder::discover(mac(1)).xid(2));
    assert_eq!(bench.probed, [address(20), address(20)]);
}

#[test]
fn offer_after_refusal_is_committed() {
    let mut bench = Bench::alone();
    let given = bench.lease(mac(1));
    let wrong = PacketBuilder::request(mac(1)).requested(address(99));
    assert!(matches!(bench.body(&wrong), Body::Nak(_)));
    bench.service.take_proposed();
    let Body::Offer { address, .. } = bench.body(&PacketBuilder::discover(mac(1)).xid(2)) else {
        panic!("no offer")
    };
    assert_eq!(address, given);
    assert_eq!(bench.service.take_proposed().len(), 1);
}

#[test]
fn offer_follows_a_new_reservation() {
    let mut bench = Bench::alone();
    let given = bench.lease(mac(1));
    let client = ClientKey::Hardware(HardwareAddress::ethernet(mac(1)));
    let subnet = subnet_config().id;
    let reserve = Reservation {
        subnet,
        client,
        address: address(200),
    };
    let reserved = bench.service.change(Change::Create(reserve.into()));
    assert_eq!(reserved, Outcome::Done);
    let Body::Offer {
        address: offered, ..
    } = bench.body(&PacketBuilder::discover(mac(1)).requested(given).xid(2))
    else {
        panic!("no offer")
    };
    assert_eq!(offered, address(200));
}

#[test]
fn offer_quarantines_address_in_use_and_takes_the_next() {
    let mut bench = Bench::alone();
    bench.on_link = vec![(address(20), [6; 6]), (address(21), [6; 6])];
    let Body::Offer {
        address: offered, ..
    } = bench.body(&PacketBuilder::discover(mac(1)))
    else {
        panic!("no offer")
    };
    assert_eq!(offered, address(22));
    assert_eq!(bench.quarantines(), 2);
}

#[test]
fn offer_gives_up_after_repeated_conflicts() {
    let mut bench = Bench::alone();
    bench.on_link = (20..=254).map(|host| (address(host), [6; 6])).collect();
    let discover = PacketBuilder::discover(mac(1));
    assert_eq!(bench.no_reply(&discover), NoReplyReason::RepeatedConflicts);
    let limit = usize::from(crate::limits::MAX_CONFLICTS_PER_OFFER);
    assert_eq!(bench.quarantines(), limit);
}

/// S7, L6: a host that answers for more than a few addresses lies, or is a proxy. It has nothing more quarantined, and nobody is offered an
/// address at which it answers. (Its answers used to count as none, and so did a host's with more fixed addresses
/// than its limit.)
#[test]
fn s7_responder_to_every_probe_quarantines_a_few_addresses() {
    let mut bench = Bench::alone();
    bench.on_link = (20..=254).map(|host| (address(host), [6; 6])).collect();
    for number in 0..100 {
        let discover = PacketBuilder::discover(mac(number));
        let reason = bench.no_reply(&discover);
        assert_eq!(reason, NoReplyReason::RepeatedConflicts, "client {number}");
    }
    assert!(bench.quarantines() <= crate::limits::CONFLICT_REPORTS_PER_CLIENT);
    bench.on_link.clear();
    bench.now = bench.now + crate::limits::UNCONFIRMED_CONFLICT_LIFETIME;
    for number in 100..200 {
        bench.body(&PacketBuilder::discover(mac(number)));
    }
}

/// L6: a client that retransmits gets past a host with more addresses than the limit.
#[test]
fn l6_address_that_answers_is_never_offered() {
    let mut bench = Bench::alone();
    let fixed = 20..=29;
    bench.on_link = fixed.map(|host| (address(host), [6; 6])).collect();
    for number in 1..=10 {
        let discover = |xid| PacketBuilder::discover(mac(number)).xid(xid);
        let offered = (1..=4).find_map(|xid| match bench.broadcast(&discover(xid)) {
            End::Reply(reply) => Some(reply.body),
            _ => None,
        });
        let Some(Body::Offer {
            address: offered, ..
        }) = offered
        else {
            panic!("client {number} got no offer at its third retransmission")
        };
        assert!(offered >= address(30), "somebody is on {offered}");
    }
    assert!(bench.quarantines() <= crate::limits::CONFLICT_REPORTS_PER_CLIENT);
}

/// However many hardware addresses one port forges.
#[test]
fn s7_one_port_that_answers_every_probe_quarantines_some() {
    let mut bench = Bench::alone();
    bench.on_link = (20..=254)
        .map(|host| (address(host), [6, 0, 0, 0, 0, host]))
        .collect();
    for host in 20..=254 {
        bench.engine.note_port([6, 0, 0, 0, 0, host], Some(3));
    }
    for number in 0..100 {
        bench.no_reply(&PacketBuilder::discover(mac(number)));
    }
    assert!(bench.quarantines() <= crate::limits::CONFLICT_REPORTS_PER_PORT);
}

#[test]
fn probe_answered_by_the_client_itself_is_clear() {
    let mut bench = Bench::alone();
    bench.on_link = vec![(address(20), mac(1))];
    let Body::Offer {
        address: offered, ..
    } = bench.body(&PacketBuilder::discover(mac(1)))
    else {
        panic!("no offer")
    };
    assert_eq!(offered, address(20));
}

/// L3: each of them cost two commits and a probe, more than a client waits for where a commit takes a second.
#[test]
fn l3_conflict_found_ahead_costs_no_commit() {
    let mut bench = Bench::alone();
    let in_use = ProbeResult::InUse { hardware: [6; 6] };
    for host in 20..=27 {
        bench.on_link.push((address(host), [6; 6]));
        bench.engine.note_probe(bench.now, address(host), in_use);
    }
    bench
        .engine
        .note_probe(bench.now, address(28), ProbeResult::Clear);
    let offer = bench.body(&PacketBuilder::discover(mac(1)));
    assert!(matches!(offer, Body::Offer { address: of, .. } if of == address(28)));
    assert_eq!(bench.service.take_proposed().len(), 1);
    assert!(bench.probed.is_empty());
}

#[test]
fn l5_client_answering_at_its_own_address_gets_it_again() {
    let mut bench = Bench::alone();
    let own = bench.lease(mac(1));
    let release = PacketBuilder::new(MessageType::Release, mac(1)).ciaddr(own);
    assert!(matches!(bench.unicast(&release), End::Done));
    bench.on_link.push((own, mac(1)));
    let in_use = ProbeResult::InUse { hardware: mac(1) };
    bench.engine.note_probe(bench.now, own, in_use);
    let offer = bench.body(&PacketBuilder::discover(mac(1)).xid(7));
    assert!(matches!(offer, Body::Offer { address, .. } if address == own));
}

/// L1: whoever was there may have gone, and no other address is free.
#[test]
fn l1_address_in_use_is_probed_again_if_nothing_else_is_free() {
    let mut bench = Bench::alone();
    let in_use = ProbeResult::InUse { hardware: [6; 6] };
    for host in 21..=254 {
        bench.lease(mac(host));
    }
    let left = bench.service.free_candidates(subnet_config().id, 9);
    for address in &left {
        bench.engine.note_probe(bench.now, *address, in_use);
    }
    assert!(!left.is_empty());
    bench.body(&PacketBuilder::discover(mac(1)));
}

#[test]
fn offer_of_address_probed_ahead_needs_no_probe() {
    let mut bench = Bench::alone();
    let ahead = bench.engine.to_probe(bench.now, &[]);
    assert!(ahead.is_empty());
    bench
        .engine
        .note_probe(bench.now, address(20), ProbeResult::Clear);
    bench.body(&PacketBuilder::discover(mac(1)));
    assert!(bench.probed.is_empty());
}
