//! Which node answers (lease contract, "Several servers on one link"; L2, L4).

use super::*;

#[test]
fn a_node_out_of_service_is_silent_to_everything() {
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
        assert_eq!(bench.silence(&builder), Silence::OutOfService);
    }
}

#[test]
fn a_request_that_names_another_server_is_not_ours() {
    let mut bench = Bench::with(&NODES, NodeId(1));
    let request = PacketBuilder::request(mac(1))
        .requested(address(20))
        .server(NODES[1].1);
    assert_eq!(bench.silence(&request), Silence::OtherServer);
    assert!(bench.service.take_proposed().is_empty());
}

#[test]
fn one_node_answers_at_once_and_the_next_after_a_retry() {
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
fn the_last_node_in_service_answers_everybody() {
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
fn secs_of_a_client_unheard_before() {
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
