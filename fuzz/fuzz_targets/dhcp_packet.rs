//! Any bytes as a DHCP packet: decoded, decided upon, committed, answered.
//!
//! The first byte picks the socket that hears them (bit 0) and whether they come from the address
//! they claim (bit 1: not); the rest is the datagram. A reply must be of a length that fits, and an ACK with an address must have a bound lease behind it (S2).
#![no_main]

use dhcpd::decide::Arrival;
use dhcpd::probe::Finding;
use dhcpd::reply::{Body, Reply};
use dhcpd::testing::{MemoryLeaseService, subnet_config};
use dhcpd::{Engine, Input, Moment, Next, RateLimits, Received, ServerIdentity};
use ipam::{LeaseState, NodeId};
use libfuzzer_sys::fuzz_target;
use std::net::Ipv4Addr;

const NODE: NodeId = NodeId(1);
const LISTEN_IP: Ipv4Addr = Ipv4Addr::new(10, 15, 3, 10);
const STRANGER: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);

fuzz_target!(|data: &[u8]| {
    let Some((first, datagram)) = data.split_first() else {
        return;
    };
    let source = if first & 2 == 0 {
        ciaddr(datagram)
    } else {
        STRANGER
    };
    let arrival = if first & 1 == 0 {
        Arrival::broadcast(source)
    } else {
        Arrival::unicast(source)
    };
    let config = subnet_config();
    let service = MemoryLeaseService::new(&config, &[(NODE, LISTEN_IP)]);
    let identity = ServerIdentity {
        node: NODE,
        subnet: config.id,
        server_identifier: LISTEN_IP,
    };
    let mut engine = Engine::new(identity, &RateLimits::default());
    // Twice: the second time the client may have an offer or a lease.
    for _ in 0..2 {
        if let Some(reply) = answer(&mut engine, &service, datagram, arrival) {
            check(&reply, &service);
        }
        assert_eq!(engine.in_flight(), 0);
    }
});

/// Where a client that tells the truth sends from.
fn ciaddr(datagram: &[u8]) -> Ipv4Addr {
    let field = datagram.get(12..).and_then(|rest| rest.first_chunk::<4>());
    field.map_or(Ipv4Addr::UNSPECIFIED, |bytes| Ipv4Addr::from(*bytes))
}

fn answer(
    engine: &mut Engine,
    service: &MemoryLeaseService,
    datagram: &[u8],
    arrival: Arrival,
) -> Option<Reply> {
    let now = Moment::default();
    let Received::Begun(mut transaction, mut next) =
        engine.receive(now, datagram, arrival, service)
    else {
        return None;
    };
    let reply = loop {
        let input = match next {
            Next::Propose(command) => Input::Proposed(service.propose_now(&command)),
            Next::Probe(address) => Input::Probed(address, Finding::Clear),
            Next::Reply(reply) => break Some(reply),
            Next::Done | Next::Silent(_) => break None,
        };
        next = engine.resume(now, &mut transaction, input);
    };
    engine.finish(&transaction);
    reply
}

fn check(reply: &Reply, service: &MemoryLeaseService) {
    assert!((300..=1472).contains(&reply.bytes.len()));
    if let Body::Ack(granted) = &reply.body {
        let state = service.state();
        let subnet = state
            .subnets()
            .get(&subnet_config().id)
            .expect("configured");
        let lease = subnet.leases().get(granted.address).expect("a record");
        assert!(matches!(lease.state, LeaseState::Bound { .. }));
    }
}
