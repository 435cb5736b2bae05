//! Duplicates, floods and garbage: bounded, and no client starves.

use super::*;
use proptest::prelude::*;

#[test]
fn duplicate_request_dropped_while_the_first_is_answered() {
    let mut bench = Bench::alone();
    let datagram = PacketBuilder::discover(mac(1)).datagram();
    let now = bench.now;
    let mut receive = |at| {
        bench
            .engine
            .receive(at, &datagram, FROM_NOWHERE, &bench.service)
    };
    let Received::Begun(first, Next::Propose(_)) = receive(now) else {
        panic!("not begun")
    };
    for _ in 0..2 * crate::limits::PER_CLIENT_BURST {
        let copy = receive(now + Duration::from_secs(1));
        assert!(matches!(
            copy,
            Received::NoReply(_, NoReplyReason::DuplicateRequest)
        ));
    }
    bench.engine.finish(&first);
    let again = bench.broadcast(&PacketBuilder::discover(mac(1)));
    assert!(matches!(again, End::Reply(_)));
}

#[test]
fn discover_with_full_pool_costs_few_commits() {
    let mut bench = Bench::alone();
    for number in 0..235 {
        bench.lease(mac(number));
    }
    bench.service.take_proposed();
    for number in 1000..1500 {
        let discover = PacketBuilder::discover(mac(number));
        assert_eq!(bench.no_reply(&discover), NoReplyReason::PoolExhausted);
    }
    assert!(bench.service.take_proposed().len() <= 4);
    assert!(matches!(
        bench.body(&PacketBuilder::discover(mac(1))),
        Body::Offer { .. }
    ));
}

#[test]
fn flood_from_one_client_costs_few_commits() {
    let mut bench = Bench::alone();
    for xid in 0..1000 {
        bench.broadcast(
            &PacketBuilder::request(mac(1))
                .requested(address(20))
                .xid(xid),
        );
    }
    let limit = usize::try_from(crate::limits::PER_CLIENT_BURST).expect("fits");
    assert_eq!(bench.service.take_proposed().len(), limit);
}

#[test]
fn flood_of_new_clients_does_not_block_renewals() {
    let mut bench = Bench::alone();
    let given = bench.lease(mac(1));
    let flood: Vec<NoReplyReason> = (100..3000)
        .filter_map(|number| {
            let reboot = PacketBuilder::request(mac(number)).requested(address(20));
            match bench.broadcast(&reboot) {
                End::NoReply(reason) => Some(reason),
                _ => None,
            }
        })
        .collect();
    assert!(flood.contains(&NoReplyReason::TooManyNewClients));
    let renew = PacketBuilder::request(mac(1)).ciaddr(given);
    let End::Reply(reply) = bench.unicast(&renew) else {
        panic!("starved")
    };
    assert!(matches!(reply.body, Body::Ack(_)));
}

#[test]
fn malformed_packet_changes_nothing() {
    let mut bench = Bench::alone();
    let end = bench.hear_bytes(&[0; 300], FROM_NOWHERE);
    assert!(matches!(end, End::Dropped(DropReason::NotARequest)));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// Whatever arrives: no panic, nothing left in flight, and an ACK with an address only if a
    /// committed lease is behind it (S2).
    #[test]
    fn engine_survives_any_sequence_of_packets(
        packets in proptest::collection::vec((
            0_u8..10, 0_u16..4, any::<bool>(), proptest::option::of(18_u8..30),
            proptest::option::of(18_u8..30), proptest::option::of(9_u8..13), any::<u8>(),
        ), 1..60),
    ) {
        let mut bench = Bench::alone();
        for (code, client, unicast, requested, ciaddr, server, noise) in packets {
            let mut builder = PacketBuilder::bare(mac(client)).option(53, &[code]);
            if let Some(host) = requested {
                builder = builder.requested(address(host));
            }
            if let Some(host) = server {
                builder = builder.server(address(host));
            }
            if let Some(host) = ciaddr {
                builder = builder.ciaddr(address(host));
            }
            let datagram = builder.xid(noise.into()).datagram();
            let source = ciaddr.map_or(Ipv4Addr::UNSPECIFIED, address);
            let arrival = if unicast { Arrival::unicast(source) } else { Arrival::broadcast(source) };
            if let End::Reply(Reply { body: Body::Ack(granted), .. }) =
                bench.hear_bytes(&datagram, arrival)
            {
                let state = bench.service.state();
                let subnet = state.subnets().get(&subnet_config().id).expect("configured");
                let lease = subnet.leases().get(granted.address).expect("a record");
                let is_bound = matches!(lease.state, LeaseState::Bound { .. });
                prop_assert!(is_bound);
                let holder = ClientKey::Hardware(HardwareAddress::ethernet(mac(client)));
                prop_assert_eq!(&lease.client, &holder);
            }
            prop_assert_eq!(bench.engine.in_flight(), 0);
            bench.pass(Duration::from_secs(1));
        }
    }

    #[test]
    fn engine_survives_arbitrary_bytes(datagram in proptest::collection::vec(any::<u8>(), 0..1600)) {
        Bench::alone().hear_bytes(&datagram, FROM_NOWHERE);
    }
}
