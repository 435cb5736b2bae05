//! Any sequence of commands, judged by clients that count on their own clocks (S1, S3–S5, S7, S8).
#![allow(missing_docs, clippy::unwrap_used)]

mod support;

use ipam::*;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;
use support::*;

const CLIENTS: u8 = 8;
const POOL: (u8, u8) = (20, 25);

#[derive(Clone, Debug)]
enum Step {
    Discover(u8, Option<u8>),
    Request(u8, u8, RequestKind, Option<u64>),
    Release(u8, u8),
    LateRelease(u8, u8),
    Decline(u8, u8),
    Reserve(u8, u8),
    MoveReservation(u8, u8, Option<u64>),
    Unreserve(u8),
    Forward(u16, u8),
    MoveForward(u16, u8, Option<u64>),
    RemoveForward(u16, Option<u64>),
    Register(u64, u8),
    Quarantine(u8),
    Wait(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let client = 0..CLIENTS;
    let address = 18..28u8;
    let port = 8080..8084u16;
    // Whatever it is, or one that an early entry may have given it.
    let revision = prop_oneof![3 => Just(None), 2 => (1..30u64).prop_map(Some)];
    let kind = prop_oneof![
        Just(RequestKind::Selecting),
        Just(RequestKind::InitReboot),
        Just(RequestKind::Renewing),
        Just(RequestKind::Rebinding)
    ];
    prop_oneof![
        6 => (client.clone(), prop::option::of(address.clone())).prop_map(|(c, a)| Step::Discover(c, a)),
        9 => (client.clone(), address.clone(), kind, prop::option::of(30u64..9000))
            .prop_map(|(c, a, k, t)| Step::Request(c, a, k, t)),
        2 => (client.clone(), address.clone()).prop_map(|(c, a)| Step::Release(c, a)),
        2 => (client.clone(), address.clone()).prop_map(|(c, a)| Step::LateRelease(c, a)),
        1 => (client.clone(), address.clone()).prop_map(|(c, a)| Step::Decline(c, a)),
        1 => (client.clone(), address.clone()).prop_map(|(c, a)| Step::Reserve(c, a)),
        1 => (client.clone(), address.clone(), revision.clone())
            .prop_map(|(c, a, r)| Step::MoveReservation(c, a, r)),
        1 => client.prop_map(Step::Unreserve),
        1 => (port.clone(), address.clone()).prop_map(|(p, a)| Step::Forward(p, a)),
        1 => (port.clone(), address.clone(), revision.clone())
            .prop_map(|(p, a, r)| Step::MoveForward(p, a, r)),
        1 => (port, revision).prop_map(|(p, r)| Step::RemoveForward(p, r)),
        1 => (1..4u64, address.clone()).prop_map(|(n, a)| Step::Register(n, a)),
        1 => address.prop_map(Step::Quarantine),
        4 => (0..3000u64).prop_map(Step::Wait),
    ]
}

/// What the clients believe: who holds what, until when, by real time in milliseconds.
#[derive(Default)]
struct Clients {
    held: BTreeMap<Ipv4Addr, BTreeMap<u8, u64>>,
    /// The first grant of each address to each client: what a RELEASE that took its time names.
    first: BTreeMap<(u8, Ipv4Addr), GrantRef>,
    /// Clients that an operator may have moved (S3).
    moved: BTreeSet<u8>,
}

impl Clients {
    fn granted(&mut self, client: u8, granted: Granted, now: u64) {
        self.held
            .entry(granted.address)
            .or_default()
            .insert(client, now + granted.lease_time.0);
    }

    /// S3: one client, one address, unless an operator moved it.
    fn check_one_address(&self, client: u8, address: Ipv4Addr, now: u64) {
        let holds = |holders: &BTreeMap<u8, u64>| holders.get(&client).is_some_and(|t| *t > now);
        let mut others = self.held.iter().filter(|(other, _)| **other != address);
        let other = others.find(|(_, holders)| holds(holders));
        let moved = self.moved.contains(&client);
        assert!(
            moved || other.is_none(),
            "S3: {client} got {address} and holds {other:?}"
        );
    }

    fn gave_up(&mut self, client: u8, address: Ipv4Addr) {
        self.held.entry(address).or_default().remove(&client);
    }

    /// S1: at no instant do two clients hold the same address.
    fn check_exclusive(&self, now: u64) {
        for (address, holders) in &self.held {
            let current: Vec<_> = holders.iter().filter(|(_, until)| **until > now).collect();
            assert!(current.len() < 2, "S1: {address} is held by {current:?}");
        }
    }

    fn check_bounds(&self, state: &State, address: Ipv4Addr, client: u8) {
        let subnet = &state.subnets()[&SUBNET];
        let reserved = subnet.reservations().client_of(address);
        assert!(
            reserved.is_none_or(|owner| *owner == key(client)),
            "S4: reserved for another"
        );
        let dynamic = subnet.config().is_dynamic(address);
        assert!(
            dynamic || reserved.is_some(),
            "S4: {address} is not in the pool"
        );
        assert!(
            state.node_at(address).is_none(),
            "S4: {address} is a node's"
        );
    }
}

/// Whose, the last octet of which address, in what state, for how long.
type Wish = (u8, u8, RequestKind, Option<u64>);

fn grant(driver: &mut Driver, wish: Wish) -> Outcome {
    let (number, last, kind, seconds) = wish;
    driver.run(Command::from(GrantLease {
        subnet: SUBNET,
        client: client(number),
        address: ip(last),
        kind,
        lease_time: seconds.map(Span::from_secs),
        hostname: None,
        node: NODE,
        probe: ConflictProbe::Clear,
    }))
}

/// What is refused changes no object, and no object is older than its last change.
fn change_object(driver: &mut Driver, command: Command) {
    let before = driver.state.objects().clone();
    if let Outcome::Refused(_) = driver.run(command) {
        assert_eq!(driver.state.objects(), &before);
    }
    for stored in driver.state.objects().iter() {
        let Revision { created, changed } = stored.revision;
        assert!(0 < created && created <= changed && changed <= driver.index);
    }
}

/// S9: what the reservations among the objects say is what the subnet keeps addresses for.
fn check_reservations(state: &State) {
    let kept = state.subnets()[&SUBNET].reservations();
    let objects = &state.objects().reservations;
    assert_eq!(kept.len(), objects.len());
    for Stored { object, .. } in objects.values() {
        assert_eq!(kept.address_of(&object.client), Some(object.address));
        assert_eq!(kept.client_of(object.address), Some(&object.client));
    }
}

fn request(driver: &mut Driver, clients: &mut Clients, wish: Wish) {
    let (number, sent) = (wish.0, driver.now);
    if let Outcome::Granted(granted) = grant(driver, wish) {
        clients.check_bounds(&driver.state, granted.address, number);
        clients.check_one_address(number, granted.address, driver.now);
        clients.granted(number, granted, sent);
        let grant = driver.grant_of(granted.address);
        let first = clients.first.entry((number, granted.address));
        first.or_insert(grant);
    }
}

/// A RELEASE that names the first grant of the address to the client.
fn late_release(driver: &mut Driver, clients: &mut Clients, number: u8, last: u8) {
    let first = clients.first.get(&(number, ip(last)));
    let first = first.copied().unwrap_or_default();
    let newest = first == driver.grant_of(ip(last));
    let outcome = driver.release_grant(number, ip(last), first);
    if outcome == Outcome::Done && newest {
        clients.gave_up(number, ip(last));
    }
}

fn take(driver: &mut Driver, clients: &mut Clients, step: Step) {
    match step {
        Step::Discover(number, last) => {
            driver.discover(number, last.map(ip));
        }
        Step::Request(number, last, kind, seconds) => {
            request(driver, clients, (number, last, kind, seconds));
        }
        Step::Release(number, last) => {
            if driver.release(number, ip(last)) == Outcome::Done {
                clients.gave_up(number, ip(last));
            }
        }
        Step::LateRelease(number, last) => late_release(driver, clients, number, last),
        Step::Decline(number, last) => {
            if driver.decline(number, ip(last)) == Outcome::Done {
                clients.gave_up(number, ip(last));
            }
        }
        Step::Reserve(number, last) => {
            clients.moved.insert(number);
            change_object(driver, create(reservation(key(number), ip(last))));
        }
        Step::MoveReservation(number, last, expected) => {
            clients.moved.insert(number);
            let moved = reservation(key(number), ip(last));
            change_object(driver, replace(moved, expected));
        }
        Step::Unreserve(number) => {
            clients.moved.insert(number);
            change_object(driver, delete(reservation_key(number), None));
        }
        Step::Forward(port, last) => {
            change_object(driver, create(forward_to(tcp(port), last)));
        }
        Step::MoveForward(port, last, expected) => {
            change_object(driver, replace(forward_to(tcp(port), last), expected));
        }
        Step::RemoveForward(port, expected) => {
            change_object(driver, delete(AnyKey::Forward(tcp(port)), expected));
        }
        Step::Register(node, last) => {
            driver.register(node, ip(last));
        }
        Step::Quarantine(last) => {
            let address = ip(last);
            driver.run(Command::from(QuarantineAddress {
                subnet: SUBNET,
                address,
                node: NODE,
            }));
        }
        Step::Wait(seconds) => driver.wait(seconds),
    }
    clients.check_exclusive(driver.now);
    check_reservations(&driver.state);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_the_contract_holds(steps in prop::collection::vec(step(), 1..120)) {
        let mut driver = Driver::new(POOL);
        let mut clients = Clients::default();
        for step in steps {
            take(&mut driver, &mut clients, step);
        }
    }

    /// S8: a node that installs a snapshot is where the others are, and stays there.
    #[test]
    fn s8_a_restored_state_is_equal_and_stays_equal(
        before in prop::collection::vec(step(), 1..60),
        after in prop::collection::vec(step(), 1..60),
    ) {
        let mut original = Driver::new(POOL);
        let mut clients = Clients::default();
        for step in before {
            take(&mut original, &mut clients, step);
        }
        let restored = State::from_parts(original.state.to_parts()).unwrap();
        prop_assert_eq!(&restored, &original.state);
        let mut copy = original.on(restored);
        for step in after {
            take(&mut original, &mut Clients::default(), step.clone());
            take(&mut copy, &mut Clients::default(), step);
            prop_assert_eq!(&copy.state, &original.state);
        }
    }
}
