//! Which node answers (lease contract, "Several servers on one link"; L2, L4).

use super::*;

#[test]
fn node_out_of_service_replies_to_nothing() {
    let mut bench = Bench::alone();
    let given = bench.lease(mac(1));
    bench.service.set_fault(Fault::NoQuorum);
    for builder in [
        PacketBuilder::discover(mac(1)),
        PacketBuilder::discover(mac(2)),
        bench.select(mac(1), given),
        PacketBuilder::request(mac(1)).requested(address(99)),
        PacketBuilder::request(mac(1)).ciaddr(given),
        PacketBuilder::new(MessageType::Inform, mac(1)).ciaddr(given),
    ] {
        assert_eq!(bench.no_reply(&builder), NoReplyReason::OutOfService);
    }
}

#[test]
fn request_naming_another_server_ignored() {
    let mut bench = Bench::with(&NODES, NodeId(1));
    let request = PacketBuilder::request(mac(1))
        .requested(address(20))
        .server(NODES[1].1);
    assert_eq!(bench.no_reply(&request), NoReplyReason::OtherServer);
    assert!(bench.service.take_proposed().is_empty());
}

#[test]
fn discover_answered_by_first_node_then_next_after_retry() {
    let mut answered = 0;
    for (node, _) in NODES {
        let mut bench = Bench::with(&NODES, node);
        let mut heard = Vec::new();
        for _ in 0..3 {
            let reply = bench.broadcast(&PacketBuilder::discover(mac(7)));
            heard.push(matches!(reply, End::Reply(_)));
            bench.pass(Duration::from_secs(5));
        }
        answered += usize::from(heard[0]);
        let first = heard
            .iter()
            .position(|reply| *reply)
            .expect("every node answers in the end");
        assert_eq!(
            u32::try_from(first).expect("small"),
            rank(
                &ClientKey::Hardware(HardwareAddress::ethernet(mac(7))),
                node,
                &[NodeId(1), NodeId(2), NodeId(3)]
            )
        );
    }
    assert_eq!(answered, 1);
}

#[test]
fn last_node_in_service_answers_everybody() {
    let mut bench = Bench::with(&NODES, NodeId(2));
    bench.service.set_nodes_in_service(&[NodeId(2)]);
    for number in 0..20 {
        assert!(matches!(
            bench.body(&PacketBuilder::discover(mac(number))),
            Body::Offer { .. }
        ));
    }
}

#[test]
fn secs_of_unseen_client_counts_as_retries() {
    let unheard = |secs| {
        let bench = |node| Bench::with(&NODES, node);
        NODES
            .iter()
            .filter(|(node, _)| {
                let discover = PacketBuilder::discover(mac(7)).secs(secs);
                matches!(bench(*node).broadcast(&discover), End::Reply(_))
            })
            .count()
    };
    assert_eq!((unheard(0), unheard(8), unheard(16)), (1, 2, 3));
}

/// No other node receives it, so no other can answer.
#[test]
fn unicast_request_answered_at_once() {
    for (node, server) in NODES {
        for number in 0..8 {
            let mut bench = Bench::with(&NODES, node);
            let relayed = bench.relayed(&PacketBuilder::discover(mac(number)));
            assert!(matches!(relayed, End::Reply(_)), "{node}: {relayed:?}");
            let its = address(100);
            let inform = PacketBuilder::new(MessageType::Inform, mac(number)).ciaddr(its);
            let told = bench.unicast(&inform);
            assert!(matches!(told, End::Reply(_)), "{node}: {told:?}");
            let direct = PacketBuilder::discover(mac(number)).xid(7);
            let offered = bench.unicast_from(Ipv4Addr::UNSPECIFIED, &direct);
            assert!(matches!(offered, End::Reply(_)), "{node}: {offered:?}");
            let Body::Offer { address, .. } = bench.relayed_body(&direct.xid(8)) else {
                panic!("no offer")
            };
            let request = PacketBuilder::request(mac(number))
                .requested(address)
                .server(server);
            assert!(matches!(bench.relayed_body(&request), Body::Ack(_)));
            let reboot = PacketBuilder::request(mac(number))
                .requested(address)
                .xid(9);
            assert!(matches!(bench.relayed_body(&reboot), Body::Ack(_)));
        }
    }
}

/// A relay that broadcasts is heard by all, so they take turns.
#[test]
fn relayed_broadcast_is_load_balanced() {
    let answering = NODES.iter().filter(|(node, _)| {
        let mut bench = Bench::with(&NODES, *node);
        let discover = PacketBuilder::discover(mac(7)).giaddr(RELAY);
        let arrival = Arrival::broadcast(RELAY).by(Ingress::RELAYS_WAY);
        let end = bench.hear_bytes(&discover.datagram(), arrival);
        matches!(end, End::Reply(_))
    });
    assert_eq!(answering.count(), 1);
}

/// L1: the node that a rebinding client names is out; exactly one other serves it at once.
#[test]
fn rebinding_naming_node_out_of_service_answered_by_one_other() {
    let mut served = 0;
    for (node, _) in &NODES[..2] {
        let mut bench = Bench::with(&NODES, *node);
        bench.service.set_nodes_in_service(&[*node]);
        let given = bench.lease(mac(1));
        bench.renewed_by(NODES[2].0, mac(1), given);
        bench.service.set_nodes_in_service(&[NodeId(1), NodeId(2)]);
        let request = PacketBuilder::request(mac(1))
            .ciaddr(given)
            .server(NODES[2].1);
        served += usize::from(matches!(bench.broadcast(&request), End::Reply(_)));
    }
    assert_eq!(served, 1);
}
