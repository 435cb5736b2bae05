//! A flood of fake clients, and whether real ones are served (ADR 0014).

use super::*;
use crate::codec::MessageType;
use crate::testing::{MemoryLeaseService, PacketBuilder, subnet_config};
use ipam::Span;
use std::time::Duration;

const NODE: (NodeId, Ipv4Addr) = (NodeId(1), Ipv4Addr::new(10, 15, 3, 10));
const NEWCOMER: [u8; 6] = [2, 0xbb, 0, 0, 0, 1];
/// A broadcast of a client that has no address.
const FROM_NOWHERE: Arrival = Arrival::broadcast(Ipv4Addr::UNSPECIFIED);
const FLOOD_A_MILLISECOND: u32 = 5;

/// One node, and a clock that moves the cluster's too.
struct Link {
    engine: Engine,
    service: MemoryLeaseService,
    millis: u64,
    flooded: u32,
}

impl Link {
    fn new() -> Self {
        let config = subnet_config();
        let identity = ServerIdentity {
            node: NODE.0,
            subnet: config.id,
            server_identifier: NODE.1,
        };
        let link = Self {
            engine: Engine::new(identity, &RateLimits::default()),
            service: MemoryLeaseService::new(&config, &[NODE]),
            millis: 0,
            flooded: 0,
        };
        link.service.take_proposed();
        link
    }

    fn deliver(&mut self, packet: &PacketBuilder, arrival: Arrival) -> Option<Body> {
        let now = MonotonicTime(Duration::from_millis(self.millis));
        let datagram = packet.datagram();
        let Received::Begun(mut transaction, mut next) =
            self.engine.receive(now, &datagram, arrival, &self.service)
        else {
            return None;
        };
        let body = loop {
            let input = match next {
                Next::Propose(command) => Input::Proposed(self.service.propose_now(&command)),
                Next::Probe(address) => Input::Probed(address, ProbeResult::Clear),
                Next::Reply(reply) => break Some(reply.body),
                Next::Done | Next::NoReply(_) => break None,
            };
            let view = &self.service;
            next = self.engine.resume(now, &mut transaction, input, view);
        };
        self.engine.finish(&transaction);
        body
    }

    fn broadcast(&mut self, packet: &PacketBuilder) -> Option<Body> {
        self.deliver(packet, FROM_NOWHERE)
    }

    /// Fake clients, which do not come back, until `millis`.
    fn flood_until(&mut self, millis: u64) {
        while self.millis < millis {
            self.millis += 1;
            if self.millis.is_multiple_of(100) {
                self.service.pass(Span(100));
            }
            for _ in 0..FLOOD_A_MILLISECOND {
                self.flooded += 1;
                let [a, b, c, d] = self.flooded.to_be_bytes();
                self.broadcast(&PacketBuilder::discover([6, 0, a, b, c, d]));
            }
        }
    }

    fn commands(&self) -> usize {
        let proposed = self.service.take_proposed();
        let is_tick = |command: &&ipam::Command| **command == ipam::Command::TICK;
        proposed.len() - proposed.iter().filter(is_tick).count()
    }
}

/// udhcpc's times: three DISCOVERs, 3 s apart.
#[test]
fn retrying_client_is_served_during_a_flood() {
    let mut link = Link::new();
    link.flood_until(2500);
    let mut offered = None;
    for attempt in 0..3 {
        offered = link.broadcast(&PacketBuilder::discover(NEWCOMER));
        assert!(
            attempt > 0 || offered.is_none(),
            "the pool is on offer to the flood"
        );
        if offered.is_some() {
            break;
        }
        link.flood_until(link.millis + 3000);
    }
    let Some(Body::Offer { address, .. }) = offered else {
        panic!("no offer: {offered:?}");
    };
    let request = PacketBuilder::request(NEWCOMER)
        .requested(address)
        .server(NODE.1);
    assert!(matches!(link.broadcast(&request), Some(Body::Ack(_))));
}

#[test]
fn flood_costs_one_commit_per_address() {
    let mut link = Link::new();
    let pool = usize::try_from(subnet_config().pool.size()).expect("fits");
    link.flood_until(20_000);
    let commands = link.commands();
    assert!((pool..pool + 10).contains(&commands), "{commands}");
}

#[test]
fn decline_by_unicast_ignored() {
    let mut link = Link::new();
    let Some(Body::Offer { address, .. }) = link.broadcast(&PacketBuilder::discover(NEWCOMER))
    else {
        panic!("no offer");
    };
    let named = |message_type| {
        PacketBuilder::new(message_type, NEWCOMER)
            .requested(address)
            .server(NODE.1)
    };
    link.broadcast(&named(MessageType::Request));
    link.commands();
    let decline = named(MessageType::Decline);
    link.deliver(&decline, Arrival::unicast(address));
    assert_eq!(link.commands(), 0);
    link.deliver(&decline, FROM_NOWHERE.in_frame_of(NEWCOMER));
    assert_eq!(link.commands(), 1);
}
