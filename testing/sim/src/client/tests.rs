//! A client beside a server that answers by the book, one message at a time.

use super::*;
use dhcpd::codec::decode;
use dhcpd::reply::{Body, build};
use fastrand::Rng;
use ipam::{
    AddressRange, Granted, IdentityPolicy, Ipv4Network, LeaseRefusal, Span, SubnetConfig, SubnetId,
};
use std::net::Ipv4Addr;
use std::time::Duration;

const SERVER: Ipv4Addr = Ipv4Addr::new(10, 15, 3, 11);
const A: Ipv4Addr = Ipv4Addr::new(10, 15, 3, 20);
const LEASE: Duration = Duration::from_secs(600);

/// One client, and everything that it did.
struct Bench {
    client: Client,
    now: TrueTime,
    sent: Vec<Outgoing>,
    told: Vec<What>,
    probes: Vec<Ipv4Addr>,
}

fn config() -> SubnetConfig {
    let address = |host| Ipv4Addr::new(10, 15, 3, host);
    SubnetConfig::new(
        SubnetId(1),
        Ipv4Network::new(address(0), 24).expect("a network"),
        address(1),
        AddressRange::new(address(20), address(40)).expect("a range"),
    )
}

fn new_client(habits: Habits, ppm: i32, seed: u64) -> Client {
    let policy = IdentityPolicy::HardwareAddress;
    let clock = RateClock::new(ppm);
    Client::new(
        ClientNumber(7),
        policy,
        habits,
        clock,
        seed,
        TrueTime::default(),
    )
}

impl Bench {
    fn new(habits: Habits, ppm: i32) -> Self {
        Self {
            client: new_client(habits, ppm, 1),
            now: TrueTime::default(),
            sent: Vec::new(),
            told: Vec::new(),
            probes: Vec::new(),
        }
    }

    /// A client that holds `A`.
    fn bound(habits: Habits) -> Self {
        let mut bench = Self::new(habits, 0);
        bench.wake();
        bench.answer(&offer());
        bench.answer(&ack());
        assert_eq!(bench.client.uses(), Some(A));
        bench
    }

    fn take(&mut self, actions: Vec<Action>) {
        for action in actions {
            match action {
                Action::Send(outgoing) => self.sent.push(outgoing),
                Action::Probe(address) => self.probes.push(address),
                Action::Tell(event) => self.told.push(event.what),
                Action::Move(_) => {}
            }
        }
    }

    /// Its next alarm rings.
    fn wake(&mut self) {
        self.now = self.now.max(self.client.next_wake());
        let actions = self.client.wake(self.now);
        self.take(actions);
    }

    /// Alarms ring until it has sent something.
    fn wake_until_it_sends(&mut self) -> Request {
        let sent = self.sent.len();
        while self.sent.len() == sent {
            self.wake();
        }
        self.last()
    }

    fn last(&self) -> Request {
        let outgoing = self.sent.last().expect("something was sent");
        read_request(&outgoing.datagram).expect("well formed")
    }

    /// The server answers the last message.
    fn answer(&mut self, body: &Body) {
        let outgoing = self.sent.last().expect("something was sent");
        let packet = decode(&outgoing.datagram).expect("the server understands it");
        let reply = build(&packet, body, &config(), SERVER, 1500).expect("encodable");
        self.now = self.now + Duration::from_millis(5);
        let actions = self.client.hear(self.now, &reply.bytes);
        self.take(actions);
    }
}

fn offer() -> Body {
    Body::Offer {
        address: A,
        lease_time: Span::from_secs(LEASE.as_secs()),
    }
}

fn ack() -> Body {
    Body::Ack(Granted {
        address: A,
        lease_time: Span::from_secs(LEASE.as_secs()),
    })
}

#[test]
fn figure_5_from_init_to_bound() {
    let mut bench = Bench::new(Habits::plain(), 0);
    bench.wake();
    assert_eq!(bench.last().kind, MessageKind::Discover);
    bench.answer(&offer());
    let request = bench.last();
    let asked = (request.kind, request.address, request.server);
    assert_eq!(asked, (MessageKind::Request, Some(A), Some(SERVER)));
    assert_eq!(bench.client.uses(), None);
    bench.answer(&ack());
    assert_eq!(bench.client.uses(), Some(A));
}

#[test]
fn it_counts_by_its_own_clock_from_when_it_asked() {
    for ppm in [-2000, 0, 2000] {
        let mut bench = Bench::new(Habits::plain(), ppm);
        bench.wake();
        bench.answer(&offer());
        let asked = bench.now;
        bench.answer(&ack());
        let Some(What::Bound { until, .. }) = bench.told.last() else {
            panic!("not bound: {:?}", bench.told)
        };
        let millis = i64::try_from(until.since(asked).as_millis()).expect("fits");
        let expected = 600_000 - 600 * i64::from(ppm) / 1000;
        assert!((millis - expected).abs() <= 3, "{ppm}: {millis}");
    }
}

#[test]
fn retransmissions_double_and_end() {
    let mut bench = Bench::new(Habits::plain(), 0);
    let mut sent = Vec::new();
    while !bench.told.contains(&What::GaveUp) {
        let before = bench.sent.len();
        bench.wake();
        sent.extend((bench.sent.len() > before).then_some(bench.now));
    }
    let pauses = sent.windows(2).map(|pair| pair[1].since(pair[0]).as_secs());
    let pauses: Vec<_> = pauses.collect();
    assert_eq!(pauses.len(), 4);
    for (pause, expected) in pauses.iter().zip([4, 8, 16, 32]) {
        assert!(pause.abs_diff(expected) <= 1, "{pauses:?}");
    }
    let secs = decode(&bench.sent[4].datagram).expect("well formed").secs;
    assert!(secs >= 56, "it says how long it has waited: {secs}");
}

#[test]
fn renewing_by_unicast_then_rebinding_by_broadcast_then_expired() {
    let mut bench = Bench::bound(Habits::plain());
    let began = bench.now;
    let renewal = bench.wake_until_it_sends();
    assert_eq!((renewal.server, renewal.address), (None, Some(A)));
    let outgoing = bench.sent.last().expect("sent").clone();
    assert_eq!((outgoing.source, outgoing.destination), (A, SERVER));
    let after = bench.now.since(began).as_secs();
    assert!((295..=300).contains(&after), "T1: {after}");
    while bench.sent.last().expect("sent").destination == SERVER {
        bench.wake_until_it_sends();
    }
    let rebinding = bench.sent.last().expect("sent").clone();
    assert_eq!(rebinding.destination, Ipv4Addr::BROADCAST);
    assert_eq!(rebinding.source, A);
    while !bench.told.contains(&What::Expired(A)) {
        bench.wake();
    }
    let after = bench.now.since(began).as_secs();
    assert!((599..=600).contains(&after), "{after}");
    assert_eq!(bench.client.uses(), None);
}

#[test]
fn a_renewal_that_is_answered_goes_on() {
    let mut bench = Bench::bound(Habits::plain());
    bench.wake_until_it_sends();
    bench.answer(&ack());
    let bound = bench.told.iter();
    let bound = bound.filter(|what| matches!(what, What::Bound { .. }));
    assert_eq!(bound.count(), 2);
    assert_eq!(bench.client.uses(), Some(A));
}

#[test]
fn a_nak_ends_it_all() {
    let mut bench = Bench::bound(Habits::plain());
    bench.wake_until_it_sends();
    bench.answer(&Body::Nak(LeaseRefusal::NotAvailable(A)));
    assert_eq!(bench.client.uses(), None);
    let request = bench.wake_until_it_sends();
    let asked = (request.kind, request.address);
    assert_eq!(asked, (MessageKind::Discover, None));
}

#[test]
fn an_answer_to_somebody_else_or_of_another_transaction_is_none() {
    let mut bench = Bench::new(Habits::plain(), 0);
    bench.wake();
    let mut datagram = bench.sent[0].datagram.clone();
    datagram[7] ^= 1;
    let packet = decode(&datagram).expect("well formed");
    let reply = build(&packet, &offer(), &config(), SERVER, 1500).expect("encodable");
    assert_eq!(bench.client.hear(bench.now, &reply.bytes), []);
    let mut packet = decode(&bench.sent[0].datagram).expect("well formed");
    packet.hardware = ipam::HardwareAddress::ethernet([2, 0, 0, 0, 0, 9]);
    let reply = build(&packet, &offer(), &config(), SERVER, 1500).expect("encodable");
    assert_eq!(bench.client.hear(bench.now, &reply.bytes), []);
}

#[test]
fn an_address_in_use_is_declined() {
    let habits = Habits {
        checks_by_arp: true,
        ..Habits::plain()
    };
    let mut bench = Bench::new(habits, 0);
    bench.wake();
    bench.answer(&offer());
    bench.answer(&ack());
    assert_eq!(bench.probes, [A]);
    assert_eq!(bench.client.uses(), None, "not before it has checked");
    let actions = bench.client.probed(bench.now, A, true);
    bench.take(actions);
    let request = bench.last();
    let told = (request.kind, request.address, request.server);
    assert_eq!(told, (MessageKind::Decline, Some(A), Some(SERVER)));
    assert!(bench.told.contains(&What::Declined(A)));
}

#[test]
fn a_churning_client_gives_back_and_a_sleeper_comes_back_to_its_address() {
    let with = |temper| {
        Bench::bound(Habits {
            temper,
            ..Habits::plain()
        })
    };
    let mut bench = with(Temper::Churning);
    let release = bench.wake_until_it_sends();
    assert_eq!(
        (release.kind, release.address),
        (MessageKind::Release, Some(A))
    );
    assert!(bench.told.contains(&What::Released(A)));

    let mut bench = with(Temper::Sleeper);
    while !bench.told.contains(&What::SwitchedOff) {
        bench.wake_until_it_sends_or_sleeps();
    }
    let reboot = bench.wake_until_it_sends();
    let asked = (reboot.kind, reboot.address, reboot.server);
    assert_eq!(asked, (MessageKind::Request, Some(A), None));
    assert_eq!(
        bench.sent.last().expect("sent").source,
        Ipv4Addr::UNSPECIFIED
    );
}

impl Bench {
    /// Its next alarm rings, and whatever it asks is granted.
    fn wake_until_it_sends_or_sleeps(&mut self) {
        let sent = self.sent.len();
        self.wake();
        if self.sent.len() > sent && self.last().kind == MessageKind::Request {
            self.answer(&ack());
        }
    }
}

/// What a client does in an hour of answered requests, whatever its habits.
fn hour(seed: u64) -> (Vec<Outgoing>, Vec<What>) {
    let habits = Habits::draw(&mut Rng::with_seed(seed), b"\xffclone");
    let mut bench = Bench::new(habits, 100);
    bench.client = new_client(bench.client.habits.clone(), 100, seed);
    while bench.now < TrueTime(Duration::from_secs(3600)) {
        let sent = bench.sent.len();
        bench.wake();
        if bench.sent.len() > sent {
            match bench.last().kind {
                MessageKind::Discover => bench.answer(&offer()),
                MessageKind::Request => bench.answer(&ack()),
                _ => {}
            }
        }
        if bench.sent.len() > sent && bench.last().kind == MessageKind::Request {
            bench.answer(&ack());
        }
    }
    (bench.sent, bench.told)
}

#[test]
fn the_same_seed_does_the_same() {
    for seed in 0..50 {
        assert_eq!(hour(seed), hour(seed));
    }
    assert_ne!(hour(1), hour(2));
}

/// Its own world never gives it cause to stand still, or to hurry without end.
#[test]
fn every_temper_lives_on() {
    for seed in 0..200 {
        let (sent, told) = hour(seed);
        assert!((2..5000).contains(&sent.len()), "{seed}: {}", sent.len());
        assert!(told.iter().any(|what| matches!(what, What::Bound { .. })));
    }
}

#[test]
fn a_hostile_neighbour_says_nothing_from_anothers_address() {
    let mut neighbour = Hostile::new(1, vec![SERVER], 3, TrueTime::default());
    let mut victim = Bench::new(Habits::plain(), 0);
    victim.wake();
    victim.answer(&offer());
    neighbour.overhear(&victim.sent[1].datagram);
    let mut kinds = std::collections::BTreeSet::new();
    for _ in 0..2000 {
        for action in neighbour.wake(neighbour.next_wake()) {
            let Action::Send(outgoing) = action else {
                panic!("it only sends")
            };
            assert_eq!(outgoing.source, Ipv4Addr::UNSPECIFIED);
            let Some(request) = read_request(&outgoing.datagram) else {
                continue;
            };
            let in_anothers_name = request.hardware == victim.client.hardware();
            kinds.insert((request.kind, in_anothers_name));
            assert!(!in_anothers_name || request.kind == MessageKind::Release);
        }
    }
    assert!(kinds.contains(&(MessageKind::Release, true)));
    assert!(kinds.contains(&(MessageKind::Request, false)));
    assert!(kinds.contains(&(MessageKind::Decline, false)));
}
