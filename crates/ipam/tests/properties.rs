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
    Unreserve(u8),
    Register(u64, u8),
    Quarantine(u8),
    Wait(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let client = 0..CLIENTS;
    let address = 18..28u8;
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
        1 => client.prop_map(Step::Unreserve),
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

fn grant(driver: &mut Driver, step: (u8, u8, RequestKind, Option<u64>)) -> Outcome {
    let (number, last, kind, seconds) = step;
    driver.run(Command::GrantLease(GrantLease {
        subnet: SUBNET,
        client: client(number),
        address: ip(last),
        kind,
        lease_time: seconds.map(Span::from_secs),
        hostname: None,
        node: NODE,
        probe: Some(ConflictProbe::Clear),
    }))
}

fn take(driver: &mut Driver, clients: &mut Clients, step: Step) {
    match step {
        Step::Discover(number, last) => {
            driver.discover(number, last.map(ip));
        }
        Step::Request(number, last, kind, seconds) => {
            let sent = driver.now;
            if let Outcome::Granted(granted) = grant(driver, (number, last, kind, seconds)) {
                clients.check_bounds(&driver.state, granted.address, number);
                clients.check_one_address(number, granted.address, driver.now);
                clients.granted(number, granted, sent);
                let grant = driver.grant_of(granted.address);
                clients
                    .first
                    .entry((number, granted.address))
                    .or_insert(grant);
            }
        }
        Step::Release(number, last) => {
            if driver.release(number, ip(last)) == Outcome::Done {
                clients.gave_up(number, ip(last));
            }
        }
        Step::LateRelease(number, last) => {
            let first = clients
                .first
                .get(&(number, ip(last)))
                .copied()
                .unwrap_or_default();
            let newest = first == driver.grant_of(ip(last));
            let outcome = driver.release_grant(number, ip(last), first);
            if outcome == Outcome::Done && newest {
                clients.gave_up(number, ip(last));
            }
        }
        Step::Decline(number, last) => {
            if driver.decline(number, ip(last)) == Outcome::Done {
                clients.gave_up(number, ip(last));
            }
        }
        Step::Reserve(number, last) => {
            clients.moved.insert(number);
            driver.reserve(number, ip(last));
        }
        Step::Unreserve(number) => {
            clients.moved.insert(number);
            driver.run(Command::RemoveReservation {
                subnet: SUBNET,
                client: key(number),
            });
        }
        Step::Register(node, last) => {
            driver.register(node, ip(last));
        }
        Step::Quarantine(last) => {
            let address = ip(last);
            driver.run(Command::QuarantineAddress(QuarantineAddress {
                subnet: SUBNET,
                address,
                node: NODE,
                bounded: true,
            }));
        }
        Step::Wait(seconds) => driver.wait(seconds),
    }
    clients.check_exclusive(driver.now);
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
        let mut copy = Driver::new(POOL);
        (copy.state, copy.now, copy.xid) = (restored, original.now, original.xid);
        for step in after {
            take(&mut original, &mut Clients::default(), step.clone());
            take(&mut copy, &mut Clients::default(), step);
            prop_assert_eq!(&copy.state, &original.state);
        }
    }
}
