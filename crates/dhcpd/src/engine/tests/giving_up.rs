//! Only the owner gives up, and only the grant that it means (S7).

use super::*;

#[test]
fn release_and_decline() {
    let mut bench = Bench::alone();
    let given = bench.lease(mac(1));
    let release = PacketBuilder::new(MessageType::Release, mac(1)).ciaddr(given);
    assert!(matches!(bench.unicast(&release), End::Done));
    assert!(matches!(
        bench.unicast(&release),
        End::NoReply(NoReplyReason::NoSuchLease)
    ));
    let again = bench.lease(mac(1));
    assert_eq!(
        again, given,
        "a client that comes back gets the address it had (L5)"
    );
    let server = NODES[0].1;
    let decline = PacketBuilder::new(MessageType::Decline, mac(1))
        .requested(given)
        .server(server);
    assert!(matches!(bench.broadcast(&decline), End::Done));
    assert_ne!(
        bench.lease(mac(1)),
        given,
        "a declined address is left alone (S7)"
    );
}

/// S7: what a neighbour's datagram says about another's lease ends nothing and costs nothing.
#[test]
fn release_accepted_only_from_the_clients_own_address() {
    let mut bench = Bench::alone();
    let given = bench.lease(mac(1));
    let neighbour = bench.lease(mac(2));
    bench.service.take_proposed();
    let release = PacketBuilder::new(MessageType::Release, mac(1))
        .ciaddr(given)
        .server(NODES[0].1);
    let routed = Ipv4Addr::new(192, 0, 2, 1);
    for _ in 0..2 * crate::limits::PER_CLIENT_BURST {
        for source in [neighbour, routed, Ipv4Addr::UNSPECIFIED] {
            let datagram = release.datagram();
            for arrival in [Arrival::unicast(source), Arrival::broadcast(source)] {
                let end = bench.hear_bytes(&datagram, arrival);
                assert!(
                    matches!(end, End::NoReply(NoReplyReason::ForgedSource)),
                    "{end:?}"
                );
            }
        }
    }
    assert!(bench.service.take_proposed().is_empty());
    assert!(
        matches!(bench.unicast(&release), End::Done),
        "the owner's budget is not spent by others"
    );
}

/// RFC 2131 §4.4.4: a release passes no relay. One that says so is not its client's.
#[test]
fn release_through_relay_ignored() {
    let mut bench = Bench::alone();
    let given = bench.lease(mac(1));
    let release = PacketBuilder::new(MessageType::Release, mac(1)).ciaddr(given);
    let end = bench.relayed(&release);
    assert!(
        matches!(end, End::NoReply(NoReplyReason::ForgedSource)),
        "{end:?}"
    );
    let unnamed = release.clone().giaddr(address(6));
    assert_eq!(bench.no_reply(&unnamed), NoReplyReason::UnknownRelay);
    assert!(matches!(bench.unicast(&release), End::Done));
}

/// Kubernetes' CNI plugin gives its address up when the interface has lost it already.
#[test]
fn release_without_source_address_needs_the_clients_own_frame() {
    let mut bench = Bench::alone();
    let given = bench.lease(mac(1));
    let release = PacketBuilder::new(MessageType::Release, mac(1))
        .ciaddr(given)
        .server(NODES[0].1);
    let forged = FROM_NOWHERE.in_frame_of(mac(2));
    let end = bench.hear_bytes(&release.datagram(), forged);
    assert!(
        matches!(end, End::NoReply(NoReplyReason::ForgedSource)),
        "{end:?}"
    );
    let honest = FROM_NOWHERE.in_frame_of(mac(1));
    let end = bench.hear_bytes(&release.datagram(), honest);
    assert!(matches!(end, End::Done), "{end:?}");
}

/// L1: every node that receives it could process it, and exactly one does.
#[test]
fn release_by_broadcast_processed_by_exactly_one_node() {
    for server in [None, Some(NODES[2].1)] {
        let mut done = 0;
        for (node, _) in &NODES[..2] {
            let mut bench = Bench::with(&NODES, *node);
            bench.service.set_nodes_in_service(&[*node]);
            let given = bench.lease(mac(1));
            bench.renewed_by(NODES[2].0, mac(1), given);
            bench.service.set_nodes_in_service(&[NodeId(1), NodeId(2)]);
            let release = PacketBuilder::new(MessageType::Release, mac(1)).ciaddr(given);
            let release = server.map_or(release.clone(), |server| release.server(server));
            done += usize::from(matches!(bench.broadcast(&release), End::Done));
        }
        assert_eq!(done, 1, "naming {server:?}");
    }
}

#[test]
fn release_naming_an_earlier_server_ends_nothing() {
    let mut bench = Bench::with(&NODES, NODES[0].0);
    bench.service.set_nodes_in_service(&[NODES[0].0]);
    let given = bench.lease(mac(1));
    bench.renewed_by(NODES[1].0, mac(1), given);
    let late = PacketBuilder::new(MessageType::Release, mac(1))
        .ciaddr(given)
        .server(NODES[0].1);
    assert!(matches!(
        bench.unicast(&late),
        End::NoReply(NoReplyReason::NoSuchLease)
    ));
    assert_eq!(bench.lease(mac(1)), given);
}

#[test]
fn release_by_another_client_ignored() {
    let mut bench = Bench::alone();
    let given = bench.lease(mac(1));
    bench.lease(mac(2));
    for message_type in [MessageType::Release, MessageType::Decline] {
        let foreign = PacketBuilder::new(message_type, mac(2))
            .ciaddr(given)
            .requested(given)
            .server(NODES[0].1);
        assert_eq!(bench.no_reply(&foreign), NoReplyReason::NoSuchLease);
    }
    assert_eq!(bench.lease(mac(1)), given);
}

/// S7: a VM that declines in its neighbours' names takes nothing from them, not even the means to decline themselves.
#[test]
fn s7_decline_in_anothers_name_ends_and_costs_nothing() {
    let mut bench = Bench::alone();
    let given = bench.lease(mac(1));
    bench.service.take_proposed();
    let decline = |address| {
        let decline = PacketBuilder::new(MessageType::Decline, mac(1));
        decline.requested(address).server(NODES[0].1)
    };
    for host in 20..60 {
        for address in [given, address(host)] {
            let neighbours = FROM_NOWHERE.in_frame_of(mac(2));
            let end = bench.hear_bytes(&decline(address).datagram(), neighbours);
            assert!(
                matches!(end, End::NoReply(NoReplyReason::ForgedSource)),
                "{end:?}"
            );
        }
    }
    assert!(bench.service.take_proposed().is_empty());
    let end = bench.broadcast(&decline(given));
    assert!(matches!(end, End::Done), "its own budget is whole: {end:?}");
}

#[test]
fn decline_to_node_out_of_service_processed_by_exactly_one_other() {
    let mut done = 0;
    for (node, _) in &NODES[..2] {
        let mut bench = Bench::with(&NODES, *node);
        bench.service.set_nodes_in_service(&[*node]);
        let given = bench.lease(mac(1));
        bench.renewed_by(NODES[2].0, mac(1), given);
        bench.service.set_nodes_in_service(&[NodeId(1), NodeId(2)]);
        let decline = PacketBuilder::new(MessageType::Decline, mac(1))
            .requested(given)
            .server(NODES[2].1);
        done += usize::from(matches!(bench.broadcast(&decline), End::Done));
    }
    assert_eq!(done, 1);
}

/// The client asks again so fast that its RELEASE finds a newer grant, and ends nothing. The network delivers it once
/// more: it ends nothing either.
#[test]
fn s7_copy_of_overtaken_release_ends_nothing() {
    let mut bench = Bench::alone();
    let given = bench.lease(mac(1));
    let release = PacketBuilder::new(MessageType::Release, mac(1))
        .ciaddr(given)
        .xid(77);
    let (datagram, arrival) = (release.datagram(), Arrival::unicast(given));
    let received = bench
        .engine
        .receive(bench.now, &datagram, arrival, &bench.service);
    let Received::Begun(transaction, Next::Propose(command)) = received else {
        panic!("{received:?}")
    };
    bench.service.pass(Span::from_secs(1));
    let again = PacketBuilder::request(mac(1)).requested(given).xid(78);
    assert!(matches!(bench.body(&again), Body::Ack(_)));
    assert!(matches!(
        bench.service.apply(&command.into()),
        Outcome::Refused(_)
    ));
    bench.engine.finish(&transaction);
    bench.now = bench.now + Duration::from_millis(1500);
    let end = bench.unicast(&release);
    assert!(
        matches!(end, End::NoReply(NoReplyReason::DuplicateRequest)),
        "{end:?}"
    );
}

/// What came while the node was out of service is not acted on later.
#[test]
fn s7_copy_of_unserved_release_ends_nothing() {
    let mut bench = Bench::alone();
    let given = bench.lease(mac(1));
    let release = PacketBuilder::new(MessageType::Release, mac(1))
        .ciaddr(given)
        .xid(77);
    bench.service.set_fault(Fault::NoQuorum);
    let end = bench.unicast(&release);
    assert!(
        matches!(end, End::NoReply(NoReplyReason::OutOfService)),
        "{end:?}"
    );
    bench.service.set_fault(Fault::None);
    let end = bench.unicast(&release);
    assert!(
        matches!(end, End::NoReply(NoReplyReason::DuplicateRequest)),
        "{end:?}"
    );
}

/// L4: the RELEASE is not committed yet, so this node still sees the lease; it is no longer the client's to be offered
/// without a commit.
#[test]
fn l4_offer_after_release_needs_a_commit() {
    let mut bench = Bench::alone();
    let given = bench.lease(mac(1));
    let release = PacketBuilder::new(MessageType::Release, mac(1)).ciaddr(given);
    let arrival = Arrival::unicast(given);
    let received = bench
        .engine
        .receive(bench.now, &release.datagram(), arrival, &bench.service);
    assert!(
        matches!(received, Received::Begun(_, Next::Propose(_))),
        "{received:?}"
    );
    bench.service.take_proposed();
    bench.body(&PacketBuilder::discover(mac(1)).xid(2));
    assert_eq!(bench.service.take_proposed().len(), 1);
}

/// L4: the same of a DECLINE, whichever node it names, and though this node was out of service as it heard it.
#[test]
fn l4_offer_after_decline_needs_a_commit() {
    for (server, fault) in [
        (NODES[0].1, Fault::None),
        (NODES[1].1, Fault::None),
        (NODES[1].1, Fault::NoQuorum),
    ] {
        let mut bench = Bench::alone();
        let given = bench.lease(mac(1));
        let decline = PacketBuilder::new(MessageType::Decline, mac(1))
            .requested(given)
            .server(server);
        let arrival = Arrival::broadcast(Ipv4Addr::UNSPECIFIED).in_frame_of(mac(1));
        // Whoever proposes it, it is not committed yet.
        bench.service.set_fault(fault);
        bench
            .engine
            .receive(bench.now, &decline.datagram(), arrival, &bench.service);
        bench.service.set_fault(Fault::None);
        bench.service.take_proposed();
        bench.body(&PacketBuilder::discover(mac(1)).xid(2));
        assert_eq!(bench.service.take_proposed().len(), 1);
    }
}
