//! Planted violations, which must be seen, beside clean histories, which must not.

mod clusters;
mod holding;
mod kernels;
mod liveness;
mod replies;
mod rules;
mod states;
mod status;
mod time;

use super::{End, Judge, Replied};
use crate::client::{ClientNumber, Event, MessageKind, TrueTime, What};
use ipam::{
    AddressRange, AnyObject, Change, ClientKey, ClusterTime, Command, Forward, ForwardKey,
    ForwardTarget, HardwareAddress, Ipv4Network, Lease, LeaseState, LeaseTimes, LogPosition,
    NodeId, NodeRegistration, ObjectCommand, Operator, Protocol, Revision, Span, State, StateParts,
    Stored, SubnetConfig, SubnetId, SubnetLeases,
};
use natd::{InterfaceName, NodeContext};
use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;
use std::time::Duration;

const TERM: u64 = 1;
const LEASE: Duration = Duration::from_secs(300);

/// A judge, and a cluster's state that a test sets as it likes.
struct Bench {
    judge: Judge,
    parts: StateParts,
    position: LogPosition,
    at: TrueTime,
}

fn address(host: u8) -> Ipv4Addr {
    Ipv4Addr::new(10, 15, 3, host)
}

fn mac(number: u8) -> [u8; 6] {
    [2, 0xc1, 0, 0, 0, number]
}

fn key(number: u8) -> ClientKey {
    ClientKey::Hardware(HardwareAddress::ethernet(mac(number)))
}

fn node(number: u64) -> NodeRegistration {
    let last = u8::try_from(number).expect("small");
    NodeRegistration {
        node: NodeId(number),
        listen: BTreeMap::from([(SubnetId(1), address(10 + last))]),
        peer_address: format!("node{number}:7400"),
        listeners: BTreeMap::new(),
        addresses: Default::default(),
    }
}

fn context() -> NodeContext {
    NodeContext {
        lan_interface: InterfaceName::new("lan0").expect("a name"),
        uplink_interface: Some(InterfaceName::new("up0").expect("a name")),
        listen_ip: address(11),
        router: address(1),
        guard: natd::Guard::default(),
        networks: Vec::new(),
        addresses: BTreeSet::new(),
    }
}

fn config() -> SubnetConfig {
    SubnetConfig {
        excluded: vec![AddressRange::new(address(30), address(31)).expect("a range")],
        ..SubnetConfig::new(
            SubnetId(1),
            Ipv4Network::new(address(0), 24).expect("a network"),
            address(1),
            AddressRange::new(address(20), address(40)).expect("a range"),
        )
    }
}

impl Bench {
    fn new() -> Self {
        let leases = SubnetLeases {
            subnet: SubnetId(1),
            leases: Vec::new(),
            past_grants: vec![],
        };
        let parts = StateParts {
            clock: ClusterTime(1000),
            cluster_id: Some([1; 16]),
            nodes: vec![node(1), node(2)],
            leases: vec![leases],
            ..StateParts::default()
        };
        let mut bench = Self {
            judge: Judge::new(),
            parts,
            position: LogPosition {
                term: TERM,
                index: 0,
            },
            at: TrueTime(Duration::from_secs(10)),
        };
        bench.put_object(config());
        bench.commit();
        bench
    }

    fn state(&self) -> State {
        State::from_parts(self.parts.clone()).expect("a state")
    }

    /// The state as it is now is that after the next entry, and node 1 has applied it.
    fn commit(&mut self) {
        self.position.index += 1;
        let (at, position) = (self.at, self.position);
        self.judge.applied(at, NodeId(1), position, &self.state());
    }

    /// Time passes, for the cluster's clock too.
    fn pass(&mut self, duration: Duration) {
        self.at = self.at + duration;
        self.parts.clock =
            self.parts.clock + Span(u64::try_from(duration.as_millis()).expect("fits"));
    }

    fn put(&mut self, host: u8, client: u8, state: LeaseState) {
        self.remove(host);
        let lease = Lease {
            client: key(client),
            hardware: HardwareAddress::ethernet(mac(client)),
            hostname: None,
            node: NodeId(1),
            state,
        };
        self.parts.leases[0].leases.push((address(host), lease));
    }

    fn remove(&mut self, host: u8) {
        let leases = &mut self.parts.leases[0].leases;
        leases.retain(|(other, _)| *other != address(host));
    }

    /// The next entry makes this object, or changes it.
    fn put_object(&mut self, object: impl Into<AnyObject>) {
        let object = object.into();
        let objects = &mut self.parts.objects;
        objects.retain(|stored| stored.object.key() != object.key());
        let (created, changed) = (self.position.index + 1, self.position.index + 1);
        let revision = Revision { created, changed };
        objects.push(Stored { object, revision });
    }

    /// An operator asks for this.
    fn ask(&mut self, change: Change) {
        let operator = Operator::default();
        let command = ObjectCommand {
            operator,
            change,
            force: false,
        };
        self.judge.operator(self.at, &Command::from(command));
    }

    fn bound(&self) -> LeaseState {
        let duration = Span::from_secs(LEASE.as_secs());
        LeaseState::Bound {
            granted: self.parts.clock,
            duration,
            reclaim: self.parts.clock + duration + Span::from_secs(10),
        }
    }

    /// The cluster grants, and the client hears of it.
    fn grant(&mut self, host: u8, client: u8) {
        self.put(host, client, self.bound());
        self.commit();
        self.tell(client, self.ack(host));
    }

    fn ack(&self, host: u8) -> What {
        What::Bound {
            address: address(host),
            server: address(11),
            requested: self.at,
            lease_time: LEASE,
            until: self.at + LEASE,
        }
    }

    fn tell(&mut self, client: u8, what: What) {
        let event = Event {
            at: self.at,
            number: ClientNumber(client.into()),
            hardware: mac(client),
            client: key(client),
            what,
        };
        self.judge.client(&event);
    }

    /// The client sends a DHCPREQUEST, which node 1 hears.
    fn request(&mut self, client: u8, host: u8, server: Option<Ipv4Addr>) -> u32 {
        let xid = 0x100 + u32::from(client);
        let what = What::Sent {
            kind: MessageKind::Request,
            xid,
            address: Some(address(host)),
            server,
            copies: 0,
        };
        self.tell(client, what);
        let message = crate::client::request_bytes(mac(client), xid, address(host), server);
        self.judge.heard(self.at, NodeId(1), &message);
        xid
    }

    fn reply(&mut self, bytes: &[u8], without_quorum_since: Option<TrueTime>) {
        let state = self.state();
        self.judge.replied(&Replied {
            at: self.at,
            node: NodeId(1),
            listen_ip: address(11),
            bytes,
            state: &state,
            without_quorum_since,
        });
    }

    fn finish(&mut self) {
        let state = self.state();
        let plan = natd::plan(&state.nat_view(), &context()).expect("a plan");
        let desired = natd::reconcile::DesiredState::new(&plan, natd::ReplicaStatus::CaughtUp, 0);
        let end = End {
            node: NodeId(1),
            position: self.position,
            state: &state,
            ruleset: Some(&desired.table),
            context: &context(),
        };
        self.judge.finish(self.at, &[end]);
    }

    fn broken(&self) -> Vec<&'static str> {
        let violations = self.judge.violations().iter();
        violations.map(|violation| violation.promise).collect()
    }
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn forward(host: u8) -> Forward {
    Forward {
        key: port(),
        target: ForwardTarget::Address(address(host)),
        target_port: 80,
    }
}

fn port() -> ForwardKey {
    ForwardKey {
        protocol: Protocol::Tcp,
        port: 8080,
    }
}

/// Grants, a renewal, a release, an expiry, another client after it: nothing to say.
#[test]
fn a_clean_history_has_no_verdict() {
    let mut bench = Bench::new();
    bench.grant(20, 1);
    bench.grant(21, 2);
    bench.pass(seconds(150));
    bench.grant(20, 1);
    bench.tell(2, What::Released(address(21)));
    let at = bench.parts.clock;
    bench.put(21, 2, LeaseState::Released { at });
    bench.commit();
    bench.grant(21, 3);
    bench.pass(LEASE);
    bench.tell(1, What::Expired(address(20)));
    bench.tell(3, What::Expired(address(21)));
    bench.pass(seconds(10));
    let at = bench.parts.clock;
    bench.put(20, 1, LeaseState::Expired { at });
    bench.put(21, 3, LeaseState::Expired { at });
    bench.commit();
    bench.grant(20, 4);
    bench.finish();
    assert_eq!(bench.judge.violations(), []);
}

#[test]
fn a_verdict_names_the_promise_the_time_and_both_facts() {
    let mut bench = Bench::new();
    bench.grant(20, 1);
    bench.tell(2, bench.ack(20));
    let verdict = bench.judge.violations()[0].to_string();
    for part in [
        "S1",
        "10.000000s",
        "10.15.3.20",
        "02:c1:00:00:00:02",
        "until",
    ] {
        assert!(verdict.contains(part), "{verdict}");
    }
}
