//! Whole exchanges through the engine and the state machine, without a socket or a clock.

use super::*;
use crate::codec::MessageType;
use crate::reply::{Body, Reply};
use crate::testing::{Fault, MemoryLeaseService, PacketBuilder, subnet_config};
use ipam::{Command, GrantLease, HardwareAddress, Outcome, RequestKind, Span};
use proptest::prelude::*;
use std::time::Duration;

const NODES: [(NodeId, Ipv4Addr); 3] = [
    (NodeId(1), Ipv4Addr::new(10, 15, 3, 10)),
    (NodeId(2), Ipv4Addr::new(10, 15, 3, 11)),
    (NodeId(3), Ipv4Addr::new(10, 15, 3, 12)),
];

/// A broadcast of a client that has no address.
const FROM_NOWHERE: Arrival = Arrival::broadcast(Ipv4Addr::UNSPECIFIED);

/// Where a request ends.
#[derive(Debug)]
enum End {
    Reply(Reply),
    Done,
    Silent(Silence),
    Dropped(DropReason),
}

/// One node's engine, a cluster in memory, a clock set by hand, and a link where these answer ARP.
struct Bench {
    engine: Engine,
    service: MemoryLeaseService,
    now: Moment,
    on_link: Vec<(Ipv4Addr, [u8; 6])>,
    probed: Vec<Ipv4Addr>,
    commit_takes: Duration,
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
            engine: Engine::new(identity, &RateLimits::default()),
            service,
            now: Moment(Duration::from_secs(1000)),
            on_link: Vec::new(),
            probed: Vec::new(),
            commit_takes: Duration::ZERO,
        }
    }

    /// By unicast, from the address that the client says it has.
    fn unicast(&mut self, builder: &PacketBuilder) -> End {
        self.unicast_from(builder.packet().ciaddr, builder)
    }

    fn unicast_from(&mut self, source: Ipv4Addr, builder: &PacketBuilder) -> End {
        self.hear_bytes(&builder.datagram(), Arrival::unicast(source))
    }

    fn hear_bytes(&mut self, datagram: &[u8], arrival: Arrival) -> End {
        match self
            .engine
            .receive(self.now, datagram, arrival, &self.service)
        {
            Received::Dropped(reason) => End::Dropped(reason),
            Received::Silent(_, silence) => End::Silent(silence),
            Received::Begun(mut transaction, mut next) => loop {
                let input = match next {
                    Next::Propose(command) => {
                        self.now = self.now + self.commit_takes;
                        Input::Proposed(self.service.propose_now(&command))
                    }
                    Next::Probe(address) => Input::Probed(address, self.probe(address)),
                    ended => {
                        self.engine.finish(&transaction);
                        return match ended {
                            Next::Reply(reply) => End::Reply(reply),
                            Next::Silent(silence) => End::Silent(silence),
                            _ => End::Done,
                        };
                    }
                };
                next = self.engine.resume(self.now, &mut transaction, input);
            },
        }
    }

    fn probe(&mut self, address: Ipv4Addr) -> Finding {
        self.probed.push(address);
        let found = self.on_link.iter().find(|(other, _)| *other == address);
        found.map_or(Finding::Clear, |(_, hardware)| Finding::InUse {
            hardware: *hardware,
        })
    }

    fn broadcast(&mut self, builder: &PacketBuilder) -> End {
        let source = builder.packet().ciaddr;
        self.hear_bytes(&builder.datagram(), Arrival::broadcast(source))
    }

    fn body(&mut self, builder: &PacketBuilder) -> Body {
        match self.broadcast(builder) {
            End::Reply(reply) => reply.body,
            other => panic!("no reply but {other:?}"),
        }
    }

    fn silence(&mut self, builder: &PacketBuilder) -> Silence {
        match self.broadcast(builder) {
            End::Silent(silence) => silence,
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
        };
        let outcome = self.service.apply(&Command::GrantLease(grant));
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
        let quarantine = |command: &&Command| matches!(command, Command::QuarantineAddress(_));
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

#[test]
fn discover_offer_request_ack() {
    let mut bench = Bench::alone();
    let given = bench.lease(mac(1));
    assert_eq!(given, address(20));
    assert_eq!(
        bench.probed,
        [given],
        "a new client's address is probed (L6)"
    );
    assert_eq!(bench.lease(mac(1)), given, "one client, one address (S3)");
    assert_eq!(bench.lease(mac(2)), address(21));
    assert_eq!(bench.engine.in_flight(), 0);
}

#[test]
fn renewing_rebinding_and_rebooting() {
    let mut bench = Bench::alone();
    let given = bench.lease(mac(1));
    let extend = PacketBuilder::request(mac(1)).ciaddr(given);
    let End::Reply(reply) = bench.unicast(&extend) else {
        panic!("no reply")
    };
    assert!(matches!(reply.body, Body::Ack(_)));
    assert_eq!(
        reply.destination,
        crate::addressing::Destination::Client(given)
    );
    assert!(
        matches!(bench.body(&extend.clone().xid(2)), Body::Ack(_)),
        "rebinding"
    );
    let reboot = PacketBuilder::request(mac(1)).requested(given);
    assert!(matches!(bench.body(&reboot), Body::Ack(_)));
    let elsewhere = PacketBuilder::request(mac(1)).requested(address(99));
    assert!(matches!(bench.body(&elsewhere), Body::Nak(_)));
}

#[test]
fn unknown_rebooting_clients_get_silence_or_a_committed_nak() {
    let mut bench = Bench::alone();
    let reboot = PacketBuilder::request(mac(1)).requested(address(50));
    assert_eq!(bench.silence(&reboot), Silence::UnknownClient);
    let foreign = PacketBuilder::request(mac(1))
        .requested(Ipv4Addr::new(192, 168, 1, 5))
        .xid(2);
    bench.service.take_proposed();
    assert!(matches!(bench.body(&foreign), Body::Nak(_)));
    assert_eq!(
        bench.service.take_proposed().len(),
        1,
        "a NAK is committed first (S6)"
    );
}

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
fn an_unknown_outcome_is_met_with_silence_though_it_was_committed() {
    let mut bench = Bench::alone();
    bench.service.set_fault(Fault::OutcomeLost);
    let discover = PacketBuilder::discover(mac(1));
    assert_eq!(bench.silence(&discover), Silence::UnknownOutcome);
    bench.service.set_fault(Fault::None);
    let given = bench.lease(mac(1));
    bench.service.set_fault(Fault::OutcomeLost);
    let request = bench.select(mac(1), given);
    assert_eq!(bench.silence(&request), Silence::UnknownOutcome);
}

#[test]
fn a_late_reply_is_dropped() {
    let mut bench = Bench::alone();
    bench.commit_takes = REPLY_DEADLINE;
    assert!(matches!(
        bench.body(&PacketBuilder::discover(mac(1))),
        Body::Offer { .. }
    ));
    let request = bench.select(mac(1), address(20));
    bench.commit_takes = REPLY_DEADLINE + Duration::from_millis(1);
    assert_eq!(bench.silence(&request), Silence::TooLate);
    bench.commit_takes = Duration::ZERO;
    assert!(matches!(bench.body(&request.xid(2)), Body::Ack(_)));
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

#[test]
fn an_offer_of_what_is_held_costs_no_commit() {
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
fn an_offer_never_taken_is_probed_again() {
    let mut bench = Bench::alone();
    bench.body(&PacketBuilder::discover(mac(1)));
    bench.now = bench.now + Duration::from_secs(61);
    bench.service.take_proposed();
    bench.body(&PacketBuilder::discover(mac(1)).xid(2));
    assert_eq!(bench.probed, [address(20), address(20)]);
}

#[test]
fn a_refused_client_is_offered_what_is_committed() {
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
fn a_client_moved_by_a_reservation_is_offered_the_reserved_address() {
    let mut bench = Bench::alone();
    let given = bench.lease(mac(1));
    let client = ClientKey::Hardware(HardwareAddress::ethernet(mac(1)));
    let subnet = subnet_config().id;
    let reserve = Command::AddReservation {
        subnet,
        client,
        address: address(200),
    };
    assert_eq!(bench.service.apply(&reserve), ipam::Outcome::Done);
    let Body::Offer {
        address: offered, ..
    } = bench.body(&PacketBuilder::discover(mac(1)).requested(given).xid(2))
    else {
        panic!("no offer")
    };
    assert_eq!(offered, address(200));
}

#[test]
fn an_address_in_use_is_quarantined_and_the_next_offered() {
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
fn conflicts_without_end_end() {
    let mut bench = Bench::alone();
    bench.on_link = (20..=254).map(|host| (address(host), [6; 6])).collect();
    let discover = PacketBuilder::discover(mac(1));
    assert_eq!(bench.silence(&discover), Silence::ConflictAfterConflict);
    let limit = usize::from(crate::limits::MAX_CONFLICTS_PER_OFFER);
    assert_eq!(bench.quarantines(), limit);
}

#[test]
fn who_answers_every_probe_does_not_take_the_pool_away_at_once() {
    let mut bench = Bench::alone();
    bench.on_link = (20..=254).map(|host| (address(host), [6; 6])).collect();
    for number in 0..100 {
        let discover = PacketBuilder::discover(mac(number));
        assert_eq!(bench.silence(&discover), Silence::ConflictAfterConflict);
    }
    let limit = usize::try_from(crate::limits::QUARANTINES_BURST).expect("fits");
    assert_eq!(bench.quarantines(), limit);
}

#[test]
fn the_client_itself_is_no_conflict() {
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

#[test]
fn what_was_probed_ahead_is_offered_without_a_wait() {
    let mut bench = Bench::alone();
    let ahead = bench.engine.to_probe(bench.now, &[]);
    assert!(ahead.is_empty());
    bench
        .engine
        .note_probe(bench.now, address(20), Finding::Clear);
    bench.body(&PacketBuilder::discover(mac(1)));
    assert!(bench.probed.is_empty());
}

#[test]
fn release_and_decline() {
    let mut bench = Bench::alone();
    let given = bench.lease(mac(1));
    let release = PacketBuilder::new(MessageType::Release, mac(1)).ciaddr(given);
    assert!(matches!(bench.unicast(&release), End::Done));
    assert!(matches!(
        bench.unicast(&release),
        End::Silent(Silence::NothingHeld)
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
fn only_from_its_own_address_does_a_client_release() {
    let mut bench = Bench::alone();
    let given = bench.lease(mac(1));
    let neighbour = bench.lease(mac(2));
    bench.service.take_proposed();
    let release = PacketBuilder::new(MessageType::Release, mac(1))
        .ciaddr(given)
        .server(NODES[0].1);
    let routed = Ipv4Addr::new(192, 0, 2, 1);
    let relayed = release.clone().giaddr(neighbour);
    for attempt in 0..2 * crate::limits::PER_CLIENT_BURST {
        let forged = if attempt % 2 == 0 { &release } else { &relayed };
        for source in [neighbour, routed, Ipv4Addr::UNSPECIFIED] {
            let datagram = forged.datagram();
            for arrival in [Arrival::unicast(source), Arrival::broadcast(source)] {
                let end = bench.hear_bytes(&datagram, arrival);
                assert!(matches!(end, End::Silent(Silence::ForgedSource)), "{end:?}");
            }
        }
    }
    assert!(bench.service.take_proposed().is_empty());
    assert!(
        matches!(bench.unicast(&release), End::Done),
        "the owner's budget is not spent by others"
    );
}

/// RFC 2131 §4.4.4: a release passes no relay, so it comes from the client whatever `giaddr` says.
#[test]
fn a_release_comes_from_the_client_even_behind_a_relay() {
    let mut bench = Bench::alone();
    let given = bench.lease(mac(1));
    let relay = address(5);
    let release = PacketBuilder::new(MessageType::Release, mac(1))
        .ciaddr(given)
        .giaddr(relay);
    assert!(matches!(
        bench.unicast_from(relay, &release),
        End::Silent(Silence::ForgedSource)
    ));
    assert!(matches!(bench.unicast(&release), End::Done));
}

#[test]
fn only_from_its_own_address_does_a_client_renew() {
    let mut bench = Bench::alone();
    let given = bench.lease(mac(1));
    let neighbour = bench.lease(mac(2));
    bench.service.take_proposed();
    let renew = PacketBuilder::request(mac(1)).ciaddr(given);
    // Nor may a host elsewhere have the client refused, by a wrong address in its name.
    let wrong = PacketBuilder::request(mac(1)).ciaddr(address(99));
    for builder in [&renew, &wrong] {
        assert!(matches!(
            bench.unicast_from(neighbour, builder),
            End::Silent(Silence::ForgedSource)
        ));
    }
    assert!(bench.service.take_proposed().is_empty());
    assert!(matches!(bench.unicast(&renew), End::Reply(_)));
}

/// A relay sends from its own address, and a client that rebinds may send from none (dhclient).
#[test]
fn a_rebinding_client_may_send_from_anywhere() {
    let mut bench = Bench::alone();
    let given = bench.lease(mac(1));
    let rebind = PacketBuilder::request(mac(1)).ciaddr(given);
    let end = bench.hear_bytes(&rebind.datagram(), FROM_NOWHERE);
    assert!(matches!(end, End::Reply(_)), "{end:?}");
    let relay = address(5);
    let end = bench.unicast_from(relay, &rebind.giaddr(relay).xid(2));
    let End::Reply(reply) = end else {
        panic!("no reply but {end:?}")
    };
    assert!(matches!(reply.body, Body::Ack(_)));
}

#[test]
fn a_release_that_names_a_server_of_before_ends_nothing() {
    let mut bench = Bench::with(&NODES, NODES[0].0);
    bench.service.set_nodes_in_service(&[NODES[0].0]);
    let given = bench.lease(mac(1));
    bench.renewed_by(NODES[1].0, mac(1), given);
    let late = PacketBuilder::new(MessageType::Release, mac(1))
        .ciaddr(given)
        .server(NODES[0].1);
    assert!(matches!(
        bench.unicast(&late),
        End::Silent(Silence::NothingHeld)
    ));
    assert_eq!(bench.lease(mac(1)), given);
}

#[test]
fn only_the_owner_gives_up() {
    let mut bench = Bench::alone();
    let given = bench.lease(mac(1));
    bench.lease(mac(2));
    for message_type in [MessageType::Release, MessageType::Decline] {
        let foreign = PacketBuilder::new(message_type, mac(2))
            .ciaddr(given)
            .requested(given)
            .server(NODES[0].1);
        assert_eq!(bench.silence(&foreign), Silence::NothingHeld);
    }
    assert_eq!(bench.lease(mac(1)), given);
}

#[test]
fn a_decline_to_a_node_out_of_service_is_taken_up_by_exactly_one_other() {
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

#[test]
fn an_inform_is_told_the_parameters_and_nothing_is_proposed() {
    let mut bench = Bench::alone();
    let inform = PacketBuilder::new(MessageType::Inform, mac(1)).ciaddr(address(5));
    assert_eq!(bench.body(&inform), Body::InformAck);
    assert!(bench.service.take_proposed().is_empty());
    let elsewhere =
        PacketBuilder::new(MessageType::Inform, mac(1)).ciaddr(Ipv4Addr::new(8, 8, 8, 8));
    assert_eq!(bench.silence(&elsewhere), Silence::ClientElsewhere);
}

#[test]
fn relays_and_claimed_addresses_off_this_link() {
    let mut bench = Bench::alone();
    let relayed = PacketBuilder::discover(mac(1)).giaddr(Ipv4Addr::new(192, 168, 0, 1));
    assert_eq!(bench.silence(&relayed), Silence::RelayElsewhere);
    let reflected = PacketBuilder::discover(mac(1)).ciaddr(Ipv4Addr::new(8, 8, 8, 8));
    assert_eq!(bench.silence(&reflected), Silence::ClientElsewhere);
    let moved = PacketBuilder::request(mac(1)).ciaddr(Ipv4Addr::new(192, 168, 0, 9));
    let End::Reply(nak) = bench.broadcast(&moved) else {
        panic!("no reply")
    };
    assert!(matches!(nak.body, Body::Nak(_)));
    assert_eq!(nak.destination, crate::addressing::Destination::Broadcast);
}

#[test]
fn a_copy_is_dropped_while_the_first_is_answered() {
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
        assert!(matches!(copy, Received::Silent(_, Silence::AnsweringACopy)));
    }
    bench.engine.finish(&first);
    let again = bench.broadcast(&PacketBuilder::discover(mac(1)));
    assert!(matches!(again, End::Reply(_)));
}

#[test]
fn a_full_pool_costs_few_commits() {
    let mut bench = Bench::alone();
    for number in 0..235 {
        bench.lease(mac(number));
    }
    bench.service.take_proposed();
    for number in 1000..1500 {
        let discover = PacketBuilder::discover(mac(number));
        assert_eq!(bench.silence(&discover), Silence::PoolExhausted);
    }
    assert!(bench.service.take_proposed().len() <= 4);
    assert!(matches!(
        bench.body(&PacketBuilder::discover(mac(1))),
        Body::Offer { .. }
    ));
}

#[test]
fn a_flood_from_one_client_costs_few_commits() {
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
fn a_flood_of_new_clients_does_not_keep_known_ones_from_renewing() {
    let mut bench = Bench::alone();
    let given = bench.lease(mac(1));
    let flood: Vec<Silence> = (100..3000)
        .filter_map(|number| {
            let reboot = PacketBuilder::request(mac(number)).requested(address(20));
            match bench.broadcast(&reboot) {
                End::Silent(silence) => Some(silence),
                _ => None,
            }
        })
        .collect();
    assert!(flood.contains(&Silence::TooManyNewClients));
    let renew = PacketBuilder::request(mac(1)).ciaddr(given);
    let End::Reply(reply) = bench.unicast(&renew) else {
        panic!("starved")
    };
    assert!(matches!(reply.body, Body::Ack(_)));
}

#[test]
fn malformed_packets_reach_nothing() {
    let mut bench = Bench::alone();
    let end = bench.hear_bytes(&[0; 300], FROM_NOWHERE);
    assert!(matches!(end, End::Dropped(DropReason::NotARequest)));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// Whatever arrives: no panic, nothing left in flight, and an ACK with an address only if a
    /// committed lease is behind it (S2).
    #[test]
    fn any_sequence_of_packets(
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
    fn arbitrary_bytes(datagram in proptest::collection::vec(any::<u8>(), 0..1600)) {
        Bench::alone().hear_bytes(&datagram, FROM_NOWHERE);
    }
}
