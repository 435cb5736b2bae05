//! Any bytes as DHCP packets: decoded, decided upon, committed, answered, on a link with three nodes.
//!
//! The first byte sets the scene (see [`Scene`]). Then packets follow, each with a byte that says how
//! it comes (see [`heard`]) and its length in two; what is left after the last whole one is one more. Every
//! packet is heard by every node, twice: the second time the client may have an offer or a lease.
//!
//! A reply must be of a length that fits. An ACK with an address must have the client's bound lease
//! behind it (S2), a NAK a committed refusal (S6), and a node out of service says nothing (L2). The state
//! keeps every invariant.
#![no_main]

use dhcpd::decide::Arrival;
use dhcpd::probe::ProbeResult;
use dhcpd::reply::{Body, Reply};
use dhcpd::testing::{Fault, MemoryLeaseService, PacketBuilder, subnet_config};
use dhcpd::{
    Engine, Input, MonotonicTime, Next, RateLimits, Received, ServerIdentity, Transaction,
};
use ipam::{
    Change, ClientKey, Command, ConflictProbe, GrantLease, HardwareAddress, IdentityPolicy,
    LeaseState, NodeId, ObjectCommand, Operator, RequestKind, Reservation, Span, SubnetConfig,
    invariant,
};
use libfuzzer_sys::fuzz_target;
use std::net::Ipv4Addr;
use std::time::Duration;

const NODES: [(NodeId, Ipv4Addr); 3] = [
    (NodeId(1), Ipv4Addr::new(10, 15, 3, 10)),
    (NodeId(2), Ipv4Addr::new(10, 15, 3, 11)),
    (NodeId(3), Ipv4Addr::new(10, 15, 3, 12)),
];
const STRANGER: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
/// The client of the seeds: the scene may give it a lease or a reservation.
const CLIENT: [u8; 6] = [2, 0, 0, 0, 0, 1];
const ITS_ADDRESS: Ipv4Addr = Ipv4Addr::new(10, 15, 3, 20);
const RESERVED: Ipv4Addr = Ipv4Addr::new(10, 15, 3, 200);
/// More than a copy made by the network, less than a retry is waited for.
const RETRY: Duration = Duration::from_secs(4);

fuzz_target!(|data: &[u8]| {
    let Some((scene, rest)) = data.split_first() else {
        return;
    };
    let mut link = Scene(*scene).link();
    for (flags, datagram) in Packets(rest) {
        link.hear(flags, datagram);
        link.now = link.now + RETRY;
        link.service.pass(Span::from_secs(4));
        link.hear(flags, datagram);
    }
    invariant::check(&link.service.state()).expect("whatever is heard");
});

/// Bits 0 and 1: what the client of the seeds has (nothing, a lease, a reservation, a lease and a reservation elsewhere).
/// Bit 2: option 61 names clients. Bit 3: the pool is two addresses. Bits 4 and 5: the
/// cluster (whole, whole, no quorum, outcomes lost). Bit 6: only node 1 is in service. Bit 7: somebody
/// is on every address that is probed.
struct Scene(u8);

/// What hears the packets.
struct Link {
    service: MemoryLeaseService,
    engines: Vec<Engine>,
    config: SubnetConfig,
    now: MonotonicTime,
    fault: Fault,
    result: ProbeResult,
}

/// The packets in an input, with their flags.
struct Packets<'a>(&'a [u8]);

impl<'a> Iterator for Packets<'a> {
    type Item = (u8, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let (&[flags, high, low], rest) = self.0.split_first_chunk::<3>()?;
        let length = usize::from(u16::from_be_bytes([high, low])).min(rest.len());
        let (datagram, rest) = rest.split_at(length);
        self.0 = rest;
        Some((flags, datagram))
    }
}

impl Scene {
    fn has(&self, bit: u8) -> bool {
        self.0 >> bit & 1 == 1
    }

    fn link(&self) -> Link {
        let mut config = subnet_config();
        if self.has(2) {
            config.identity = IdentityPolicy::ClientIdentifier;
        }
        if self.has(3) {
            let last = Ipv4Addr::new(10, 15, 3, 21);
            config.pool = ipam::AddressRange::new(ITS_ADDRESS, last).expect("two addresses");
        }
        let service = MemoryLeaseService::new(&config, &NODES);
        if self.has(0) {
            service.apply(&grant(&config));
        }
        if self.has(1) {
            service.apply(&reserve(&config));
        }
        let fault = match self.0 >> 4 & 3 {
            2 => Fault::NoQuorum,
            3 => Fault::OutcomeLost,
            _ => Fault::None,
        };
        service.set_fault(fault.clone());
        if self.has(6) {
            service.set_nodes_in_service(&[NODES[0].0]);
        }
        let hardware = [2, 9, 9, 9, 9, 9];
        Link {
            engines: NODES.map(|node| engine(node, &config)).into(),
            service,
            config,
            now: MonotonicTime::default(),
            fault,
            result: if self.has(7) {
                ProbeResult::InUse { hardware }
            } else {
                ProbeResult::Clear
            },
        }
    }
}

fn engine((node, server_identifier): (NodeId, Ipv4Addr), config: &SubnetConfig) -> Engine {
    let identity = ServerIdentity {
        node,
        subnet: config.id,
        server_identifier,
    };
    Engine::new(identity, &RateLimits::default())
}

fn grant(config: &SubnetConfig) -> Command {
    Command::from(GrantLease {
        subnet: config.id,
        client: PacketBuilder::discover(CLIENT).packet().identity(),
        address: ITS_ADDRESS,
        kind: RequestKind::Selecting,
        lease_time: None,
        hostname: None,
        node: NODES[0].0,
        probe: ConflictProbe::Clear,
    })
}

fn reserve(config: &SubnetConfig) -> Command {
    let reservation = Reservation {
        subnet: config.id,
        client: ClientKey::Hardware(HardwareAddress::ethernet(CLIENT)),
        address: RESERVED,
    };
    Command::Object(ObjectCommand {
        operator: Operator::default(),
        change: Change::Create(reservation.into()),
        force: false,
    })
}

impl Link {
    /// A broadcast reaches all, a unicast the first.
    fn hear(&mut self, flags: u8, datagram: &[u8]) {
        let arrival = heard(flags, datagram);
        let hearers = if flags & 1 == 0 { NODES.len() } else { 1 };
        for node in 0..hearers {
            self.service.take_proposed();
            if let Some((reply, transaction)) = self.answer(node, datagram, arrival) {
                self.check(&reply, &transaction);
            }
            assert_eq!(self.engines[node].in_flight(), 0);
        }
    }

    fn answer(
        &mut self,
        node: usize,
        datagram: &[u8],
        arrival: Arrival,
    ) -> Option<(Reply, Box<Transaction>)> {
        let engine = &mut self.engines[node];
        let received = engine.receive(self.now, datagram, arrival, &self.service);
        let Received::Begun(mut transaction, mut next) = received else {
            return None;
        };
        let reply = loop {
            let input = match next {
                Next::Propose(command) => Input::Proposed(self.service.propose_now(&command)),
                Next::Probe(address) => Input::Probed(address, self.result),
                Next::Reply(reply) => break Some(reply),
                Next::Done | Next::NoReply(_) => break None,
            };
            next = engine.resume(self.now, &mut transaction, input, &self.service);
        };
        engine.finish(&transaction);
        reply.map(|reply| (reply, transaction))
    }

    fn check(&self, reply: &Reply, transaction: &Transaction) {
        assert!((300..=1472).contains(&reply.bytes.len()));
        assert_ne!(self.fault, Fault::NoQuorum, "out of service is silent (L2)");
        match &reply.body {
            Body::Ack(granted) => {
                assert_eq!(self.fault, Fault::None, "nobody learnt of a grant (S2)");
                let state = self.service.state();
                let subnet = state.subnets().get(&self.config.id).expect("configured");
                let lease = subnet.leases().get(granted.address).expect("a record");
                assert!(matches!(lease.state, LeaseState::Bound { .. }));
                assert_eq!(&lease.client, transaction.client());
            }
            Body::Nak(_) => {
                assert_eq!(self.fault, Fault::None, "nobody learnt of a refusal (S6)");
                assert!(!self.service.take_proposed().is_empty());
            }
            Body::Offer { address, .. } => {
                let taken = NODES.iter().any(|(_, node)| node == address);
                assert!(
                    !taken && self.config.is_host_address(*address),
                    "S4: {address}"
                );
            }
            Body::InformAck => {}
        }
    }
}

/// Bit 0: by unicast. Bits 1 and 2: from the address that it claims, a stranger's, nobody's, or the seeds' client's.
/// Bit 3: a broadcast in a stranger's frame.
fn heard(flags: u8, datagram: &[u8]) -> Arrival {
    let source = match flags >> 1 & 3 {
        0 => ciaddr(datagram),
        1 => STRANGER,
        2 => Ipv4Addr::UNSPECIFIED,
        _ => ITS_ADDRESS,
    };
    let sender = if flags & 8 == 0 { 28.. } else { 4.. };
    let hardware = datagram.get(sender).and_then(|rest| rest.first_chunk());
    if flags & 1 == 0 {
        Arrival::broadcast(source).in_frame_of(hardware.copied().unwrap_or_default())
    } else {
        Arrival::unicast(source)
    }
}

/// Where a client that tells the truth sends from.
fn ciaddr(datagram: &[u8]) -> Ipv4Addr {
    let field = datagram.get(12..).and_then(|rest| rest.first_chunk::<4>());
    field.map_or(Ipv4Addr::UNSPECIFIED, |bytes| Ipv4Addr::from(*bytes))
}
