//! Whole exchanges through the engine and the state machine, without a socket or a clock.

mod exchanges;
mod floods;
mod giving_up;
mod offers;
mod requests;
mod responders;

use super::*;
use crate::codec::MessageType;
use crate::decide::Ingress;
use crate::reply::{Body, Reply};
use crate::testing::{Fault, MemoryLeaseService, PacketBuilder, subnet_config};
use ipam::{
    Change, Command, ConflictProbe, GrantLease, HardwareAddress, LeaseCommand, LeaseRefusal,
    Outcome, RequestKind, Reservation, Span,
};
use std::time::Duration;

const NODES: [(NodeId, Ipv4Addr); 3] = [
    (NodeId(1), Ipv4Addr::new(10, 15, 3, 10)),
    (NodeId(2), Ipv4Addr::new(10, 15, 3, 11)),
    (NodeId(3), Ipv4Addr::new(10, 15, 3, 12)),
];

/// A relay that the operator has named.
const RELAY: Ipv4Addr = Ipv4Addr::new(10, 15, 3, 5);

/// A broadcast of a client that has no address.
const FROM_NOWHERE: Arrival = Arrival::broadcast(Ipv4Addr::UNSPECIFIED);

/// Where a request ends.
#[derive(Debug)]
enum End {
    Reply(Reply),
    Done,
    NoReply(NoReplyReason),
    Dropped(DropReason),
}

/// One node's engine, a cluster in memory, a clock set by hand, and a link where these answer ARP.
struct Bench {
    engine: Engine,
    service: MemoryLeaseService,
    now: MonotonicTime,
    on_link: Vec<(Ipv4Addr, [u8; 6])>,
    probed: Vec<Ipv4Addr>,
    commit_takes: Duration,
    /// What an operator takes back as soon as anything is committed.
    revoked_at_once: Option<Ipv4Addr>,
}

impl Bench {
    /// A cluster of one node: it answers everybody.
    fn alone() -> Self {
        Self::with(&NODES[..1], NODES[0].0)
    }

    fn with(nodes: &[(NodeId, Ipv4Addr)], node: NodeId) -> Self {
        let service = MemoryLeaseService::new(&subnet_config(), nodes);
        let (_, server_identifier) = *nodes
            .iter()
            .find(|(other, _)| *other == node)
            .expect("one of the nodes");
        let identity = ServerIdentity {
            node,
            subnet: subnet_config().id,
            server_identifier,
        };
        Self {
            engine: Engine::new(identity, &RateLimits::default()).with_relays(&[RELAY]),
            service,
            now: MonotonicTime(Duration::from_secs(1000)),
            on_link: Vec::new(),
            probed: Vec::new(),
            commit_takes: Duration::ZERO,
            revoked_at_once: None,
        }
    }

    /// By unicast, from the address that the client says it has.
    fn unicast(&mut self, builder: &PacketBuilder) -> End {
        self.unicast_from(builder.packet().ciaddr, builder)
    }

    fn unicast_from(&mut self, source: Ipv4Addr, builder: &PacketBuilder) -> End {
        self.hear_bytes(&builder.datagram(), Arrival::unicast(source))
    }

    /// By the relay, from its side.
    fn relayed(&mut self, builder: &PacketBuilder) -> End {
        let arrival = Arrival::unicast(RELAY).by(Ingress::RELAYS_WAY);
        self.hear_bytes(&builder.clone().giaddr(RELAY).datagram(), arrival)
    }

    fn relayed_body(&mut self, builder: &PacketBuilder) -> Body {
        match self.relayed(builder) {
            End::Reply(reply) => reply.body,
            other => panic!("no reply but {other:?}"),
        }
    }

    fn hear_bytes(&mut self, datagram: &[u8], arrival: Arrival) -> End {
        match self
            .engine
            .receive(self.now, datagram, arrival, &self.service)
        {
            Received::Dropped(reason) => End::Dropped(reason),
            Received::NoReply(_, reason) => End::NoReply(reason),
            Received::Begun(mut transaction, mut next) => loop {
                let input = match next {
                    Next::Propose(command) => {
                        self.now = self.now + self.commit_takes;
                        let outcome = self.service.propose_now(&command);
                        if let Some(revoked) = self.revoked_at_once {
                            let revoked = self.service.revoke(subnet_config().id, revoked);
                            assert_eq!(revoked, Outcome::Done);
                        }
                        Input::Proposed(outcome)
                    }
                    Next::Probe(address) => {
                        let found = match self.probe(address) {
                            ProbeResult::InUse { .. } if transaction.probes_by_echo() => {
                                ProbeResult::Answered
                            }
                            found => found,
                        };
                        Input::Probed(address, found)
                    }
                    ended => {
                        self.engine.finish(&transaction);
                        return match ended {
                            Next::Reply(reply) => End::Reply(reply),
                            Next::NoReply(reason) => End::NoReply(reason),
                            _ => End::Done,
                        };
                    }
                };
                let view = &self.service;
                next = self.engine.resume(self.now, &mut transaction, input, view);
            },
        }
    }

    fn probe(&mut self, address: Ipv4Addr) -> ProbeResult {
        self.probed.push(address);
        let found = self.on_link.iter().find(|(other, _)| *other == address);
        found.map_or(ProbeResult::Clear, |(_, hardware)| ProbeResult::InUse {
            hardware: *hardware,
        })
    }

    /// By broadcast, in the client's own frame.
    fn broadcast(&mut self, builder: &PacketBuilder) -> End {
        let packet = builder.packet();
        let hardware = packet.hardware.bytes().first_chunk().copied();
        let arrival = Arrival::broadcast(packet.ciaddr).in_frame_of(hardware.unwrap_or_default());
        self.hear_bytes(&builder.datagram(), arrival)
    }

    fn body(&mut self, builder: &PacketBuilder) -> Body {
        match self.broadcast(builder) {
            End::Reply(reply) => reply.body,
            other => panic!("no reply but {other:?}"),
        }
    }

    fn no_reply(&mut self, builder: &PacketBuilder) -> NoReplyReason {
        match self.broadcast(builder) {
            End::NoReply(reason) => reason,
            other => panic!("not silent but {other:?}"),
        }
    }

    /// DISCOVER, OFFER, REQUEST, ACK: the address.
    fn lease(&mut self, hardware: [u8; 6]) -> Ipv4Addr {
        let Body::Offer { address, .. } = self.body(&PacketBuilder::discover(hardware)) else {
            panic!("no offer")
        };
        let request = self.select(hardware, address);
        match self.body(&request) {
            Body::Ack(granted) => granted.address,
            other => panic!("no ACK but {other:?}"),
        }
    }

    /// Another node extends the lease: it is the server that the client knows now.
    fn renewed_by(&self, node: NodeId, hardware: [u8; 6], address: Ipv4Addr) {
        let grant = GrantLease {
            subnet: self.engine.identity.subnet,
            client: PacketBuilder::discover(hardware).packet().identity(),
            address,
            kind: RequestKind::Rebinding,
            lease_time: None,
            hostname: None,
            node,
            probe: ConflictProbe::NotMade,
        };
        let outcome = self.service.apply(&Command::from(grant));
        assert!(matches!(outcome, Outcome::Granted(_)), "{outcome:?}");
    }

    fn select(&self, hardware: [u8; 6], address: Ipv4Addr) -> PacketBuilder {
        let server = self.engine.identity.server_identifier;
        PacketBuilder::request(hardware)
            .requested(address)
            .server(server)
    }

    /// Quarantines proposed since this was last asked.
    fn quarantines(&self) -> usize {
        let proposed = self.service.take_proposed();
        let quarantine =
            |command: &&Command| matches!(command, Command::Lease(LeaseCommand::Quarantine(_)));
        proposed.iter().filter(quarantine).count()
    }

    fn pass(&mut self, duration: Duration) {
        self.now = self.now + duration;
        self.service
            .pass(Span(u64::try_from(duration.as_millis()).expect("fits")));
    }
}

fn mac(number: u16) -> [u8; 6] {
    let [a, b] = number.to_be_bytes();
    [2, 0xaa, 0, 0, a, b]
}

fn address(host: u8) -> Ipv4Addr {
    Ipv4Addr::new(10, 15, 3, host)
}
