//! One batch and one state with something of everything. The frozen fixtures are made of them:
//! never change what is here; add another sample beside it.
#![allow(dead_code, reason = "each test uses its part")]

use ipam::{
    AddressRange, Batch, Bootstrap, ClientIdentifier, ClientIdentity, ClientKey, ClusterTime,
    Command, DeclineAddress, Forward, ForwardKey, ForwardPolicy, ForwardTarget, GrantLease,
    GrantRef, HardwareAddress, Hostname, IdentityPolicy, Ipv4Network, Lease, LeaseState,
    LeaseTimes, NatIntent, NodeId, NodeRegistration, OfferLease, Protocol, QuarantineAddress,
    ReleaseLease, RequestKind, SourceNat, Span, Stamp, State, StateParts, SubnetConfig, SubnetId,
    SubnetParts,
};
use std::collections::BTreeMap;
use std::net::Ipv4Addr;

const SUBNET: SubnetId = SubnetId(1);
const NODE: NodeId = NodeId(3);

fn ip(last: u8) -> Ipv4Addr {
    Ipv4Addr::new(192, 0, 2, last)
}

fn mac(last: u8) -> HardwareAddress {
    HardwareAddress::ethernet([2, 0, 0, 0, 0, last])
}

fn identity(last: u8) -> ClientIdentity {
    ClientIdentity {
        hardware: mac(last),
        identifier: Some(ClientIdentifier::new(&[255, last]).unwrap()),
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
        authoritative: false,
    }
}

fn forward_key(protocol: Protocol, port: u16) -> ForwardKey {
    ForwardKey { protocol, port }
}

fn forward_to(target: ForwardTarget) -> Forward {
    Forward {
        target,
        target_port: 8080,
    }
}

/// One of every command.
pub fn batch() -> Batch {
    Batch {
        stamp: Some(Stamp {
            term: 5,
            time: ClusterTime(123_456),
        }),
        commands: [cluster_commands(), lease_commands(), operator_commands()].concat(),
    }
}

fn cluster_commands() -> Vec<Command> {
    vec![
        Command::Bootstrap(Bootstrap {
            cluster_id: *b"0123456789abcdef",
            subnet: config(),
            source_nat: Some(SourceNat::Snat(Ipv4Addr::new(203, 0, 113, 5))),
            forward_policy: ForwardPolicy::Accept,
        }),
        Command::RegisterNode(registration()),
        Command::RemoveNode(NodeId(9)),
        Command::PutSubnet(config()),
        Command::Tick,
    ]
}

fn lease_commands() -> Vec<Command> {
    vec![
        Command::OfferLease(OfferLease {
            subnet: SUBNET,
            client: identity(1),
            requested: Some(ip(50)),
            avoid: Vec::new(),
            hostname: Some(Hostname::new(b"vm-1").unwrap()),
            node: NODE,
            lease_time: None,
        }),
        grant(RequestKind::Selecting),
        grant(RequestKind::InitReboot),
        grant(RequestKind::Renewing),
        grant(RequestKind::Rebinding),
        Command::ReleaseLease(ReleaseLease {
            subnet: SUBNET,
            client: identity(2),
            address: ip(51),
            grant: GrantRef::default(),
            xid: None,
        }),
        Command::DeclineAddress(DeclineAddress {
            subnet: SUBNET,
            client: identity(3),
            address: ip(52),
            grant: GrantRef::default(),
            bounded: false,
        }),
        Command::QuarantineAddress(QuarantineAddress {
            subnet: SUBNET,
            address: ip(53),
            node: NODE,
            bounded: false,
        }),
    ]
}

fn operator_commands() -> Vec<Command> {
    let (subnet, client) = (SUBNET, ClientKey::Hardware(mac(7)));
    vec![
        Command::RevokeLease {
            subnet,
            address: ip(54),
            keep_record: false,
        },
        Command::AddReservation {
            subnet,
            client: client.clone(),
            address: ip(55),
        },
        Command::RemoveReservation {
            subnet,
            client: client.clone(),
        },
        Command::AddForward {
            key: forward_key(Protocol::Tcp, 443),
            forward: forward_to(ForwardTarget::Address(ip(56))),
            force: false,
        },
        Command::AddForward {
            key: forward_key(Protocol::Udp, 53),
            forward: forward_to(ForwardTarget::Client { subnet, client }),
            force: false,
        },
        Command::RemoveForward(forward_key(Protocol::Tcp, 443)),
        Command::SetSourceNat {
            subnet,
            source_nat: Some(SourceNat::Masquerade),
        },
        Command::SetSourceNat {
            subnet,
            source_nat: None,
        },
        Command::SetForwardPolicy(ForwardPolicy::Drop),
    ]
}

fn grant(kind: RequestKind) -> Command {
    Command::GrantLease(GrantLease {
        subnet: SUBNET,
        client: ClientIdentity {
            hardware: mac(4),
            identifier: None,
        },
        address: ip(50),
        kind,
        lease_time: Some(Span(7_200_000)),
        hostname: None,
        node: NODE,
        probe: None,
    })
}

fn registration() -> NodeRegistration {
    NodeRegistration {
        node: NODE,
        listen_ip: ip(3),
        peer_address: "gw3.example.test:7000".into(),
        listeners: BTreeMap::new(),
        addresses: Default::default(),
    }
}

fn lease(last: u8, state: LeaseState) -> (Ipv4Addr, Lease) {
    let client = match last % 2 {
        0 => ClientKey::Hardware(mac(last)),
        _ => ClientKey::Identifier(ClientIdentifier::new(&[1, last]).unwrap()),
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

/// A record of every kind.
pub fn state() -> State {
    let at = ClusterTime(1_000_000);
    let bound = LeaseState::Bound {
        granted: ClusterTime(900_000),
        duration: Span(3_600_000),
        reclaim: ClusterTime(4_536_000),
    };
    let subnet = SubnetParts {
        config: config(),
        leases: vec![
            lease(
                10,
                LeaseState::Offered {
                    until: at,
                    returning: false,
                },
            ),
            lease(11, bound),
            lease(12, LeaseState::Released { at }),
            lease(13, LeaseState::Expired { at }),
            lease(14, LeaseState::Quarantined { until: at }),
            lease(15, bound),
        ],
        reservations: vec![(ClientKey::Hardware(mac(200)), ip(200))],
        past_grants: vec![],
    };
    State::from_parts(StateParts {
        clock: ClusterTime(950_000),
        cluster_id: Some(*b"0123456789abcdef"),
        nodes: vec![registration()],
        subnets: vec![subnet],
        nat: nat(),
        ..StateParts::default()
    })
    .unwrap()
}

fn nat() -> NatIntent {
    let to_client = ForwardTarget::Client {
        subnet: SUBNET,
        client: ClientKey::Hardware(mac(200)),
    };
    let to_address = ForwardTarget::Address(ip(11));
    NatIntent {
        source_nat: BTreeMap::from([(SUBNET, SourceNat::Masquerade)]),
        forwards: BTreeMap::from([
            (forward_key(Protocol::Tcp, 443), forward_to(to_address)),
            (forward_key(Protocol::Udp, 53), forward_to(to_client)),
        ]),
        forward_policy: ForwardPolicy::Accept,
    }
}
