//! Strategies for everything that is encoded.

use ipam::{
    AddressRange, Batch, Bootstrap, ClientIdentifier, ClientIdentity, ClientKey, ClusterTime,
    Command, ConflictProbe, DeclineAddress, Forward, ForwardKey, ForwardPolicy, ForwardTarget,
    GrantLease, GrantRef, Granted, HardwareAddress, Hostname, IdentityPolicy, InvalidSubnet,
    Ipv4Network, LeaseTimes, Listener, NodeId, NodeRegistration, OfferLease, Offered, Outcome,
    PortUse, Profile, Protocol, QuarantineAddress, Refusal, ReleaseLease, RequestKind, SourceNat,
    Span, Stamp, SubnetConfig, SubnetId,
};
use proptest::collection::{btree_map, btree_set, vec};
use proptest::option;
use proptest::prelude::*;
use std::net::Ipv4Addr;

fn bytes(max: usize) -> impl Strategy<Value = Vec<u8>> {
    vec(any::<u8>(), 1..=max)
}

fn hardware() -> impl Strategy<Value = HardwareAddress> {
    (any::<u8>(), bytes(HardwareAddress::MAX_BYTES))
        .prop_map(|(htype, bytes)| HardwareAddress::new(htype, &bytes).unwrap())
}

fn identifier() -> impl Strategy<Value = ClientIdentifier> {
    bytes(ClientIdentifier::MAX_BYTES).prop_map(|bytes| ClientIdentifier::new(&bytes).unwrap())
}

fn hostname() -> impl Strategy<Value = Option<Hostname>> {
    option::of(bytes(Hostname::MAX_BYTES).prop_map(|bytes| Hostname::new(&bytes).unwrap()))
}

fn client() -> impl Strategy<Value = ClientIdentity> {
    (hardware(), option::of(identifier())).prop_map(|(hardware, identifier)| ClientIdentity {
        hardware,
        identifier,
    })
}

fn client_key() -> impl Strategy<Value = ClientKey> {
    prop_oneof![
        hardware().prop_map(ClientKey::Hardware),
        identifier().prop_map(ClientKey::Identifier),
    ]
}

fn subnet_id() -> impl Strategy<Value = SubnetId> {
    any::<u32>().prop_map(SubnetId)
}

fn grant_ref() -> impl Strategy<Value = GrantRef> {
    (any::<u64>(), node_id()).prop_map(|(granted, node)| GrantRef {
        granted: ClusterTime(granted),
        node,
    })
}

fn node_id() -> impl Strategy<Value = NodeId> {
    any::<u64>().prop_map(NodeId)
}

fn span() -> impl Strategy<Value = Span> {
    any::<u64>().prop_map(Span)
}

fn address() -> impl Strategy<Value = Ipv4Addr> {
    any::<u32>().prop_map(Ipv4Addr::from_bits)
}

fn network() -> impl Strategy<Value = Ipv4Network> {
    (any::<u32>(), 0..=32_u8).prop_map(|(bits, prefix)| {
        let mask = u32::MAX.checked_shl(32 - u32::from(prefix)).unwrap_or(0);
        Ipv4Network::new(Ipv4Addr::from_bits(bits & mask), prefix).unwrap()
    })
}

fn range() -> impl Strategy<Value = AddressRange> {
    (address(), address()).prop_map(|(a, b)| AddressRange::new(a.min(b), a.max(b)).unwrap())
}

fn times() -> impl Strategy<Value = LeaseTimes> {
    (span(), span(), span(), span(), span()).prop_map(
        |(default, minimum, maximum, offer, quarantine)| LeaseTimes {
            default,
            minimum,
            maximum,
            offer,
            quarantine,
        },
    )
}

pub fn subnet() -> impl Strategy<Value = SubnetConfig> {
    let identity = prop_oneof![
        Just(IdentityPolicy::HardwareAddress),
        Just(IdentityPolicy::ClientIdentifier)
    ];
    let first = (
        subnet_id(),
        network(),
        address(),
        range(),
        vec(range(), 0..3),
        identity,
        times(),
    );
    let second = (
        vec(address(), 0..3),
        option::of(".{0,20}"),
        vec(".{0,20}", 0..3),
        vec(address(), 0..3),
        any::<u16>(),
        vec((network(), address()), 0..3),
        btree_map(any::<u8>(), vec(any::<u8>(), 0..20), 0..4),
        any::<bool>(),
    );
    (first, second).prop_map(|(first, second)| {
        let (id, network, router, pool, excluded, identity, times) = first;
        let (
            dns_servers,
            domain_name,
            domain_search,
            ntp_servers,
            mtu,
            routes,
            options,
            authoritative,
        ) = second;
        SubnetConfig {
            id,
            network,
            router,
            pool,
            excluded,
            identity,
            times,
            dns_servers,
            domain_name,
            domain_search,
            ntp_servers,
            mtu,
            classless_routes: routes,
            extra_options: options,
            authoritative,
        }
    })
}

fn source_nat() -> impl Strategy<Value = SourceNat> {
    prop_oneof![
        Just(SourceNat::Masquerade),
        address().prop_map(SourceNat::Snat),
        vec(address(), 1..=ipam::MAX_SNAT_ADDRESSES).prop_map(|addresses| {
            SourceNat::SnatPool(ipam::SnatPool::new(&addresses).expect("as many as a pool has"))
        }),
    ]
}

fn forward_policy() -> impl Strategy<Value = ForwardPolicy> {
    prop_oneof![Just(ForwardPolicy::Drop), Just(ForwardPolicy::Accept)]
}

fn forward_key() -> impl Strategy<Value = ForwardKey> {
    let protocol = prop_oneof![Just(Protocol::Tcp), Just(Protocol::Udp)];
    (protocol, any::<u16>()).prop_map(|(protocol, port)| ForwardKey { protocol, port })
}

fn forward() -> impl Strategy<Value = Forward> {
    let target = prop_oneof![
        address().prop_map(ForwardTarget::Address),
        (subnet_id(), client_key())
            .prop_map(|(subnet, client)| ForwardTarget::Client { subnet, client }),
    ];
    (target, any::<u16>()).prop_map(|(target, target_port)| Forward {
        target,
        target_port,
    })
}

fn registration() -> impl Strategy<Value = NodeRegistration> {
    let listener = prop_oneof![
        Just(Listener::Peer),
        Just(Listener::Admin),
        Just(Listener::Other)
    ];
    let listeners = btree_map(forward_key(), listener, 0..4);
    let addresses = btree_set(any::<std::net::IpAddr>(), 0..4);
    (node_id(), address(), ".{0,30}", listeners, addresses).prop_map(
        |(node, listen_ip, peer_address, listeners, addresses)| NodeRegistration {
            node,
            listen_ip,
            peer_address,
            listeners,
            addresses,
        },
    )
}

fn bootstrap() -> impl Strategy<Value = Bootstrap> {
    let parts = (
        any::<[u8; 16]>(),
        subnet(),
        option::of(source_nat()),
        forward_policy(),
    );
    parts.prop_map(
        |(cluster_id, subnet, source_nat, forward_policy)| Bootstrap {
            cluster_id,
            subnet,
            source_nat,
            forward_policy,
        },
    )
}

fn request() -> impl Strategy<Value = Command> {
    let kind = prop_oneof![
        Just(RequestKind::Selecting),
        Just(RequestKind::InitReboot),
        Just(RequestKind::Renewing),
        Just(RequestKind::Rebinding),
    ];
    let probe = prop_oneof![
        Just(ConflictProbe::NotMade),
        Just(ConflictProbe::Clear),
        Just(ConflictProbe::InUse),
    ];
    let offer = (
        subnet_id(),
        client(),
        option::of(address()),
        option::of(span()),
        hostname(),
        node_id(),
    );
    let grant = (
        subnet_id(),
        client(),
        address(),
        kind,
        option::of(span()),
        hostname(),
        node_id(),
        option::of(probe),
    );
    prop_oneof![
        offer.prop_map(|(subnet, client, requested, lease_time, hostname, node)| {
            Command::OfferLease(OfferLease {
                subnet,
                client,
                requested,
                hostname,
                node,
                lease_time,
                avoid: requested.into_iter().collect(),
            })
        }),
        grant.prop_map(
            |(subnet, client, address, kind, lease_time, hostname, node, probe)| {
                Command::GrantLease(GrantLease {
                    subnet,
                    client,
                    address,
                    kind,
                    lease_time,
                    hostname,
                    node,
                    probe,
                })
            }
        ),
        (
            subnet_id(),
            client(),
            address(),
            grant_ref(),
            option::of(any::<u32>())
        )
            .prop_map(|(subnet, client, address, grant, xid)| {
                Command::ReleaseLease(ReleaseLease {
                    subnet,
                    client,
                    address,
                    grant,
                    xid,
                })
            }),
        (subnet_id(), client(), address(), grant_ref(), any::<bool>()).prop_map(
            |(subnet, client, address, grant, bounded)| {
                Command::DeclineAddress(DeclineAddress {
                    subnet,
                    client,
                    address,
                    grant,
                    bounded,
                })
            }
        ),
        (subnet_id(), address(), node_id(), any::<bool>()).prop_map(
            |(subnet, address, node, bounded)| {
                Command::QuarantineAddress(QuarantineAddress {
                    subnet,
                    address,
                    node,
                    bounded,
                })
            }
        ),
        (subnet_id(), address(), node_id(), any::<u64>()).prop_map(
            |(subnet, address, node, until)| {
                Command::LiftQuarantine(ipam::LiftQuarantine {
                    subnet,
                    address,
                    node,
                    until: ipam::ClusterTime(until),
                })
            }
        ),
    ]
}

fn operator() -> impl Strategy<Value = Command> {
    prop_oneof![
        bootstrap().prop_map(Command::Bootstrap),
        registration().prop_map(Command::RegisterNode),
        node_id().prop_map(Command::RemoveNode),
        subnet().prop_map(Command::PutSubnet),
        (subnet_id(), address(), any::<bool>()).prop_map(|(subnet, address, keep_record)| {
            Command::RevokeLease {
                subnet,
                address,
                keep_record,
            }
        }),
        (subnet_id(), client_key(), address()).prop_map(|(subnet, client, address)| {
            Command::AddReservation {
                subnet,
                client,
                address,
            }
        }),
        (subnet_id(), client_key())
            .prop_map(|(subnet, client)| Command::RemoveReservation { subnet, client }),
        (forward_key(), forward(), any::<bool>()).prop_map(|(key, forward, force)| {
            Command::AddForward {
                key,
                forward,
                force,
            }
        }),
        forward_key().prop_map(Command::RemoveForward),
        (subnet_id(), option::of(source_nat()))
            .prop_map(|(subnet, source_nat)| Command::SetSourceNat { subnet, source_nat }),
        forward_policy().prop_map(Command::SetForwardPolicy),
        proptest::sample::select(Profile::ALL.as_slice()).prop_map(Command::SetProfile),
    ]
}

pub fn command() -> impl Strategy<Value = Command> {
    prop_oneof![5 => request(), 5 => operator(), 1 => Just(Command::Tick)]
}

pub fn batch() -> impl Strategy<Value = Batch> {
    let stamp = (any::<u64>(), any::<u64>()).prop_map(|(term, time)| Stamp {
        term,
        time: ClusterTime(time),
    });
    (option::of(stamp), vec(command(), 0..8))
        .prop_map(|(stamp, commands)| Batch { stamp, commands })
}

fn invalid_subnet() -> impl Strategy<Value = InvalidSubnet> {
    prop_oneof![
        network().prop_map(InvalidSubnet::TooSmall),
        (address(), network())
            .prop_map(|(router, network)| InvalidSubnet::Router { router, network }),
        (range(), network()).prop_map(|(pool, network)| InvalidSubnet::Pool { pool, network }),
        (range(), any::<u64>()).prop_map(|(pool, size)| InvalidSubnet::PoolTooLarge { pool, size }),
        any::<(u64, u64, u64)>().prop_map(|(minimum, default, maximum)| InvalidSubnet::Times {
            minimum,
            default,
            maximum
        }),
        any::<u16>().prop_map(InvalidSubnet::Mtu),
        any::<u8>().prop_map(InvalidSubnet::ExtraOption),
    ]
}

fn port_use() -> impl Strategy<Value = PortUse> {
    prop_oneof![
        node_id().prop_map(PortUse::Peer),
        node_id().prop_map(PortUse::Admin),
        node_id().prop_map(PortUse::Program),
        Just(PortUse::Dhcp),
        Just(PortUse::DhcpClient),
        Just(PortUse::Overlay),
        Just(PortUse::Ssh),
    ]
}

fn refusal() -> impl Strategy<Value = Refusal> {
    let addressed = address().prop_flat_map(|address| {
        prop_oneof![
            Just(Refusal::NotInSubnet(address)),
            Just(Refusal::NotAvailable(address)),
            Just(Refusal::Quarantined(address)),
            Just(Refusal::HasOtherAddress(address)),
            Just(Refusal::NotTheHolder(address)),
            Just(Refusal::AlreadyReserved(address)),
            Just(Refusal::NotProbed(address)),
            Just(Refusal::InUse(address)),
            Just(Refusal::ReleasedBefore(address)),
            client_key().prop_map(move |holder| Refusal::HeldByAnother { address, holder }),
            client_key().prop_map(move |client| Refusal::ReservedForAnother { address, client }),
            node_id().prop_map(move |node| Refusal::NodeAddress { address, node }),
            Just(Refusal::RouterAddress(address)),
            client_key().prop_map(move |holder| Refusal::TargetLeased { address, holder }),
        ]
    });
    prop_oneof![
        3 => addressed,
        1 => subnet_id().prop_map(Refusal::UnknownSubnet),
        1 => subnet_id().prop_map(Refusal::Overlap),
        1 => subnet_id().prop_map(Refusal::SubnetInUse),
        1 => subnet_id().prop_map(Refusal::IdentifierNotUsed),
        1 => Just(Refusal::AlreadyBootstrapped),
        1 => Just(Refusal::PoolExhausted),
        1 => Just(Refusal::UnknownClient),
        1 => Just(Refusal::PortTaken),
        1 => Just(Refusal::PortZero),
        1 => Just(Refusal::Unstamped),
        1 => (forward_key(), port_use()).prop_map(|(key, used)| Refusal::PortInUse { key, used }),
        1 => prop_oneof![Just("reservation"), Just("port forward"), Just("node"), Just("lease")]
            .prop_map(Refusal::NotFound),
        2 => invalid_subnet().prop_map(Refusal::InvalidSubnet),
        1 => (prop_oneof![Just("nodes"), Just("subnets"), Just("reservations"), Just("port forwards")],
            any::<usize>()).prop_map(|(what, limit)| Refusal::TooMany { what, limit }),
        1 => (prop_oneof![Just("peer address"), Just("domain name"), Just("command"), Just("batch")],
            any::<usize>(), any::<usize>())
            .prop_map(|(what, bytes, limit)| Refusal::TooLarge { what, bytes, limit }),
    ]
}

pub fn outcome() -> impl Strategy<Value = Outcome> {
    prop_oneof![
        Just(Outcome::Done),
        (address(), span(), any::<bool>()).prop_map(|(address, lease_time, returning)| {
            Outcome::Offered(Offered {
                address,
                lease_time,
                returning,
            })
        }),
        (address(), span()).prop_map(|(address, lease_time)| {
            Outcome::Granted(Granted {
                address,
                lease_time,
            })
        }),
        refusal().prop_map(Outcome::Refused),
    ]
}
