//! What the frozen fixtures are made of. Never change it: what comes later, a new command or a new kind of
//! object, goes into `mod.rs`, or into a fixture of its own.

use ipam::{
    AddressRange, AnyObject, Batch, Bootstrap, Change, ClientIdentifier, ClientIdentity, ClientKey,
    ClusterCommand, ClusterTime, Command, ConflictProbe, DeclineAddress, Forward, ForwardKey,
    ForwardPolicy, ForwardTarget, GrantLease, GrantRef, HardwareAddress, Hostname, IdentityPolicy,
    Ipv4Network, Lease, LeaseState, LeaseTimes, LiftQuarantine, Listener, MemberKey, NodeId,
    NodeRegistration, Object, ObjectCommand, OfferLease, Operator, PastGrant, Profile,
    ProfileSetting, Protocol, QuarantineAddress, ReleaseLease, RemovedMembers, RequestId,
    RequestKind, Reservation, Revision, SnatPool, SourceNat, SourceNatRule, Span, Stamp, State,
    StateParts, Stored, SubnetConfig, SubnetId, SubnetLeases,
};
use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, Ipv6Addr};

/// The term of the stamp.
pub const TERM: u64 = 5;
/// Not the subnet of the objects' own samples.
const SUBNET: SubnetId = SubnetId(7);
const NODE: NodeId = NodeId(3);
const CLUSTER_ID: [u8; 16] = *b"0123456789abcdef";

fn ip(last: u8) -> Ipv4Addr {
    Ipv4Addr::new(192, 0, 2, last)
}

fn public(last: u8) -> Ipv4Addr {
    Ipv4Addr::new(203, 0, 113, last)
}

fn mac(last: u8) -> HardwareAddress {
    HardwareAddress::ethernet([2, 0, 0, 0, 0, last])
}

fn identifier(bytes: &[u8]) -> ClientIdentifier {
    ClientIdentifier::new(bytes).unwrap()
}

fn identity(last: u8) -> ClientIdentity {
    ClientIdentity {
        hardware: mac(last),
        identifier: Some(identifier(&[255, last])),
    }
}

fn network(a: u8, b: u8, c: u8) -> Ipv4Network {
    Ipv4Network::new(Ipv4Addr::new(a, b, c, 0), 24).unwrap()
}

fn range(first: u8, last: u8) -> AddressRange {
    AddressRange::new(ip(first), ip(last)).unwrap()
}

fn config() -> SubnetConfig {
    SubnetConfig {
        id: SUBNET,
        network: network(192, 0, 2),
        router: ip(1),
        pool: range(10, 99),
        excluded: vec![range(20, 21)],
        identity: IdentityPolicy::ClientIdentifier,
        times: LeaseTimes {
            default: Span(3_600_000),
            minimum: Span(60_000),
            maximum: Span(86_400_000),
            offer: Span(60_000),
            quarantine: Span(600_000),
        },
        dns_servers: vec![ip(1), Ipv4Addr::new(9, 9, 9, 9)],
        domain_name: Some("example.test".into()),
        domain_search: vec!["a.example.test".into(), "b.example.test".into()],
        ntp_servers: vec![ip(2)],
        mtu: 1450,
        classless_routes: vec![(network(198, 51, 100), ip(2))],
        extra_options: BTreeMap::from([(66, b"boot".to_vec()), (67, vec![0, 255])]),
        authoritative: true,
    }
}

fn reservations() -> [Reservation; 2] {
    let reserved = |client, last| Reservation {
        subnet: SUBNET,
        client,
        address: ip(last),
    };
    [
        reserved(ClientKey::Hardware(mac(200)), 200),
        reserved(ClientKey::Identifier(identifier(&[1, 201])), 201),
    ]
}

fn rule(source_nat: SourceNat) -> SourceNatRule {
    SourceNatRule {
        subnet: SUBNET,
        source_nat,
    }
}

fn pool() -> SourceNat {
    SourceNat::SnatPool(SnatPool::new(&[public(5), public(6)]).unwrap())
}

fn forward_key(protocol: Protocol, port: u16) -> ForwardKey {
    ForwardKey { protocol, port }
}

fn forwards() -> [Forward; 2] {
    [
        Forward {
            key: forward_key(Protocol::Tcp, 443),
            target: ForwardTarget::Address(ip(11)),
            target_port: 8443,
        },
        Forward {
            key: forward_key(Protocol::Udp, 53),
            target: ForwardTarget::Client {
                subnet: SUBNET,
                client: ClientKey::Hardware(mac(200)),
            },
            target_port: 5353,
        },
    ]
}

/// One of every command that there is in format 2, and of every kind of object.
pub fn batch() -> Batch {
    Batch {
        stamp: Some(Stamp {
            term: TERM,
            time: ClusterTime(123_456),
        }),
        commands: [cluster_commands(), lease_commands(), object_commands()]
            .concat()
            .into_iter()
            .map(|command| command.of(RequestId(0)))
            .collect(),
    }
}

/// Commands of three requests, two of one of them.
pub fn requests() -> Batch {
    let ids = [0x0123_4567_89ab_cdef, u64::MAX, u64::MAX, 1];
    Batch {
        commands: ids.map(|id| Command::TICK.of(RequestId(id))).into(),
        ..batch()
    }
}

fn operator() -> Operator {
    Operator {
        node: NODE,
        from: "root at 192.0.2.77".into(),
    }
}

fn cluster_commands() -> Vec<Command> {
    let commands = vec![
        ClusterCommand::Bootstrap(Box::new(Bootstrap {
            cluster_id: CLUSTER_ID,
            subnet: config(),
            source_nat: Some(SourceNat::Snat(public(5))),
            forward_policy: ForwardPolicy::Accept,
        })),
        ClusterCommand::RegisterNode(registration()),
        ClusterCommand::RemoveNode(NodeId(9)),
        ClusterCommand::RevokeLease {
            operator: operator(),
            subnet: SUBNET,
            address: ip(54),
        },
        ClusterCommand::SetForwardPolicy {
            operator: operator(),
            policy: ForwardPolicy::Drop,
        },
        ClusterCommand::SetProfile {
            operator: operator(),
            profile: Profile::Wan,
        },
        ClusterCommand::Tick,
    ];
    commands.into_iter().map(Command::Cluster).collect()
}

fn lease_commands() -> Vec<Command> {
    let grant_ref = GrantRef {
        granted: ClusterTime(100_000),
        node: NODE,
    };
    vec![
        OfferLease {
            subnet: SUBNET,
            client: identity(1),
            requested: Some(ip(50)),
            lease_time: Some(Span(7_200_000)),
            hostname: Some(Hostname::new(b"vm-1").unwrap()),
            node: NODE,
            avoid: vec![ip(60), ip(61)],
        }
        .into(),
        grant(RequestKind::Selecting, ConflictProbe::Clear),
        grant(RequestKind::InitReboot, ConflictProbe::InUse),
        grant(RequestKind::Renewing, ConflictProbe::NotMade),
        grant(RequestKind::Rebinding, ConflictProbe::NotMade),
        ReleaseLease {
            subnet: SUBNET,
            client: identity(2),
            address: ip(51),
            grant: grant_ref,
            xid: 0x0102_0304,
        }
        .into(),
        DeclineAddress {
            subnet: SUBNET,
            client: identity(3),
            address: ip(52),
            grant: GrantRef::default(),
        }
        .into(),
        QuarantineAddress {
            subnet: SUBNET,
            address: ip(53),
            node: NODE,
        }
        .into(),
        LiftQuarantine {
            subnet: SUBNET,
            address: ip(53),
            node: NODE,
            until: ClusterTime(700_000),
        }
        .into(),
    ]
}

fn grant(kind: RequestKind, probe: ConflictProbe) -> Command {
    let client = ClientIdentity {
        hardware: mac(4),
        identifier: None,
    };
    Command::from(GrantLease {
        subnet: SUBNET,
        client,
        address: ip(50),
        kind,
        lease_time: Some(Span(7_200_000)),
        hostname: None,
        node: NODE,
        probe,
    })
}

fn object_commands() -> Vec<Command> {
    let [by_hardware, by_identifier] = reservations();
    let [to_address, to_client] = forwards();
    let created = [
        config().into(),
        by_hardware.clone().into(),
        by_identifier.into(),
        rule(SourceNat::Snat(public(5))).into(),
        to_address.clone().into(),
        to_client.into(),
    ];
    let mut changes: Vec<Change> = created.map(Change::Create).into();
    for (object, expected) in [
        (rule(SourceNat::Masquerade), None),
        (rule(pool()), Some(41)),
    ] {
        let object = object.into();
        changes.push(Change::Replace { object, expected });
    }
    let removed: [AnyObject; 4] = [
        to_address.into(),
        rule(SourceNat::Masquerade).into(),
        by_hardware.into(),
        config().into(),
    ];
    for (object, expected) in removed.into_iter().zip([None, Some(42), None, Some(2)]) {
        let key = object.key();
        changes.push(Change::Delete { key, expected });
    }
    let command = |change: Change| {
        let force = matches!(change, Change::Create(AnyObject::Forward(_)));
        Command::Object(ObjectCommand {
            operator: operator(),
            change,
            force,
        })
    };
    changes.into_iter().map(command).collect()
}

fn registration() -> NodeRegistration {
    NodeRegistration {
        node: NODE,
        listen: BTreeMap::from([(SUBNET, ip(3))]),
        peer_address: "gw3.example.test:7000".into(),
        listeners: BTreeMap::from([
            (forward_key(Protocol::Tcp, 25), Listener::Other),
            (forward_key(Protocol::Tcp, 7000), Listener::Peer),
            (forward_key(Protocol::Tcp, 7067), Listener::Admin),
        ]),
        addresses: BTreeSet::from([ip(3).into(), Ipv6Addr::LOCALHOST.into()]),
    }
}

/// A record of every kind that there is in format 2.
pub fn state() -> State {
    State::from_parts(StateParts {
        clock: ClusterTime(950_000),
        cluster_id: Some(CLUSTER_ID),
        nodes: vec![registration()],
        objects: objects(),
        leases: vec![leases()],
        forward_policy: ForwardPolicy::Accept,
        profile: ProfileSetting {
            profile: Profile::Metro,
            revision: 3,
        },
        removed: RemovedMembers::new(vec![
            MemberKey {
                node: NodeId(8),
                key: None,
            },
            MemberKey {
                node: NodeId(9),
                key: Some([9; 32]),
            },
        ]),
    })
    .unwrap()
}

fn objects() -> Vec<Stored<AnyObject>> {
    let mut objects = vec![stored(config(), 2, 4)];
    objects.extend(reservations().map(|reservation| stored(reservation, 5, 5)));
    objects.push(stored(rule(pool()), 2, 43));
    objects.extend(forwards().map(|forward| stored(forward, 6, 7)));
    objects
}

fn stored<T: Object + Into<AnyObject>>(object: T, created: u64, changed: u64) -> Stored<AnyObject> {
    Stored {
        object: object.into(),
        revision: Revision { created, changed },
    }
}

fn leases() -> SubnetLeases {
    let (at, until) = (ClusterTime(940_000), ClusterTime(1_000_000));
    let bound = LeaseState::Bound {
        granted: ClusterTime(900_000),
        duration: Span(3_600_000),
        reclaim: ClusterTime(4_536_000),
    };
    let offered = |returning| LeaseState::Offered { until, returning };
    let past = PastGrant {
        client: ClientKey::Hardware(mac(12)),
        until: ClusterTime(4_000_000),
        releases: vec![0x0102_0304, 0x0506_0708],
    };
    SubnetLeases {
        subnet: SUBNET,
        leases: vec![
            lease(10, offered(false)),
            lease(11, bound),
            lease(12, LeaseState::Released { at }),
            lease(13, LeaseState::Expired { at }),
            lease(14, LeaseState::Quarantined { until }),
            lease(15, bound),
            lease(16, offered(true)),
        ],
        past_grants: vec![(ip(12), vec![past])],
    }
}

fn lease(last: u8, state: LeaseState) -> (Ipv4Addr, Lease) {
    let client = match last % 2 {
        0 => ClientKey::Hardware(mac(last)),
        _ => ClientKey::Identifier(identifier(&[1, last])),
    };
    let lease = Lease {
        client,
        hardware: mac(last),
        hostname: (last > 11).then(|| Hostname::new(b"host").unwrap()),
        node: NODE,
        state,
    };
    (ip(last), lease)
}
