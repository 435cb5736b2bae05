//! A node that starts from a snapshot must go on exactly as one that applied every entry (contract
//! S8): the restored state is equal, hidden indexes included, and stays equal.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use api::log::{decode_state, encode_state, state_digest};
use ipam::{
    AddressRange, AnyObject, Batch, Bootstrap, Change, ClientIdentity, ClientKey, ClusterCommand,
    ClusterTime, Command, ConflictProbe, DeclineAddress, Forward, ForwardKey, ForwardPolicy,
    ForwardTarget, GrantLease, GrantRef, HardwareAddress, Ipv4Network, LeaseCommand, LeaseTimes,
    LogPosition, NodeId, NodeRegistration, ObjectCommand, OfferLease, Operator, Profile, Protocol,
    ReleaseLease, RequestId, RequestKind, Reservation, SourceNat, SourceNatRule, Span, Stamp,
    State, SubnetConfig, SubnetId,
};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;

/// Not the subnet of the objects' samples, which comes and goes.
const SUBNET: SubnetId = SubnetId(3);
const NODE: NodeId = NodeId(1);

fn ip(last: u8) -> Ipv4Addr {
    Ipv4Addr::new(10, 0, 0, last)
}

fn hardware(client: u8) -> HardwareAddress {
    HardwareAddress::ethernet([2, 0, 0, 0, 0, client])
}

fn identity(client: u8) -> ClientIdentity {
    ClientIdentity {
        hardware: hardware(client),
        identifier: None,
    }
}

fn bootstrap() -> Command {
    let times = LeaseTimes {
        default: Span::from_secs(100),
        minimum: Span::from_secs(10),
        maximum: Span::from_secs(1000),
        offer: Span::from_secs(5),
        quarantine: Span::from_secs(50),
    };
    let subnet = SubnetConfig {
        times,
        mtu: 1500,
        ..SubnetConfig::new(
            SUBNET,
            Ipv4Network::new(ip(0), 24).unwrap(),
            ip(1),
            AddressRange::new(ip(10), ip(17)).unwrap(),
        )
    };
    Command::from(Bootstrap {
        cluster_id: [7; 16],
        subnet,
        source_nat: Some(SourceNat::Masquerade),
        forward_policy: ForwardPolicy::Drop,
    })
}

/// Few clients and few addresses, so that they meet.
fn lease_command() -> impl Strategy<Value = LeaseCommand> {
    let client = (0..12_u8).prop_map(identity);
    let address = (8..20_u8).prop_map(ip);
    let kind = select(vec![
        RequestKind::Selecting,
        RequestKind::InitReboot,
        RequestKind::Renewing,
        RequestKind::Rebinding,
    ]);
    let probe = select(vec![ConflictProbe::NotMade, ConflictProbe::Clear]);
    let (subnet, lease_time, node) = (SUBNET, None, NODE);
    let grant_ref = GrantRef::default();
    let requested = proptest::option::of(address.clone());
    let offer = (client.clone(), requested).prop_map(move |(client, requested)| OfferLease {
        subnet,
        client,
        requested,
        lease_time,
        hostname: None,
        node,
        avoid: requested
            .into_iter()
            .filter(|address| address.octets()[3] % 2 == 0)
            .collect(),
    });
    let grant = (client.clone(), address.clone(), kind, probe);
    let grant = grant.prop_map(move |(client, address, kind, probe)| GrantLease {
        subnet,
        client,
        address,
        kind,
        lease_time,
        hostname: None,
        node,
        probe,
    });
    let release = (client.clone(), address.clone(), 0..4_u32);
    let release = release.prop_map(move |(client, address, xid)| ReleaseLease {
        subnet,
        client,
        address,
        grant: grant_ref,
        xid,
    });
    let decline = (client, address).prop_map(move |(client, address)| DeclineAddress {
        subnet,
        client,
        address,
        grant: grant_ref,
    });
    prop_oneof![
        4 => offer.prop_map(LeaseCommand::Offer),
        4 => grant.prop_map(LeaseCommand::Grant),
        2 => release.prop_map(LeaseCommand::Release),
        1 => decline.prop_map(LeaseCommand::Decline),
    ]
}

/// Objects of the subnet in which the clients are, and the samples of every kind.
fn object() -> impl Strategy<Value = AnyObject> {
    let client = || (0..12_u8).prop_map(|client| ClientKey::Hardware(hardware(client)));
    let address = || (8..20_u8).prop_map(ip);
    let subnet = SUBNET;
    let reservation = (client(), address()).prop_map(move |(client, address)| Reservation {
        subnet,
        client,
        address,
    });
    let target = prop_oneof![
        address().prop_map(ForwardTarget::Address),
        client().prop_map(move |client| ForwardTarget::Client { subnet, client }),
    ];
    let forward = (8000..8003_u16, target).prop_map(|(port, target)| Forward {
        key: ForwardKey {
            protocol: Protocol::Tcp,
            port,
        },
        target,
        target_port: 80,
    });
    let source_nat = select(vec![SourceNat::Masquerade, SourceNat::Snat(ip(1))]);
    let rule = source_nat.prop_map(move |source_nat| SourceNatRule { subnet, source_nat });
    prop_oneof![
        3 => reservation.prop_map(AnyObject::from),
        1 => forward.prop_map(AnyObject::from),
        1 => rule.prop_map(AnyObject::from),
        2 => select(AnyObject::samples()),
    ]
}

fn object_command() -> impl Strategy<Value = ObjectCommand> {
    let expected = None;
    let change = prop_oneof![
        2 => object().prop_map(Change::Create),
        1 => object().prop_map(move |object| Change::Replace { object, expected }),
        1 => object().prop_map(move |object| Change::Delete { key: object.key(), expected }),
    ];
    (change, any::<bool>()).prop_map(|(change, force)| ObjectCommand {
        operator: Operator::default(),
        change,
        force,
    })
}

fn cluster_command() -> impl Strategy<Value = ClusterCommand> {
    let registration = |last: Option<u8>| NodeRegistration {
        node: NODE,
        listen: last.map(|last| (SUBNET, ip(last))).into_iter().collect(),
        peer_address: "192.0.2.1:7000".into(),
        listeners: BTreeMap::new(),
        addresses: BTreeSet::new(),
    };
    let listen_ip = proptest::option::of(8..20_u8);
    prop_oneof![
        4 => (8..20_u8).prop_map(|last| ClusterCommand::RevokeLease {
            operator: Operator::default(),
            subnet: SUBNET,
            address: ip(last),
        }),
        1 => listen_ip.prop_map(move |last| ClusterCommand::RegisterNode(registration(last))),
        1 => Just(ClusterCommand::RemoveNode(NODE)),
        1 => select(Profile::ALL.as_slice()).prop_map(|profile| ClusterCommand::SetProfile {
            operator: Operator::default(),
            profile,
        }),
        2 => Just(ClusterCommand::Tick),
    ]
}

fn command() -> impl Strategy<Value = Command> {
    prop_oneof![
        11 => lease_command().prop_map(Command::Lease),
        4 => object_command().prop_map(Command::Object),
        3 => cluster_command().prop_map(Command::Cluster),
    ]
}

fn apply(
    state: &mut State,
    index: u64,
    elapsed: u64,
    commands: Vec<Command>,
) -> Vec<ipam::Outcome> {
    let time = ClusterTime(state.clock().0 + elapsed);
    let stamp = Some(Stamp { term: 1, time });
    let commands = commands
        .into_iter()
        .map(|command| command.of(RequestId(index)));
    let commands = commands.collect();
    let batch = Batch { stamp, commands };
    state.apply(LogPosition { term: 1, index }, &batch).outcomes
}

proptest! {
    #[test]
    fn a_restored_state_goes_on_like_the_original(
        before in vec((vec(command(), 1..6), 0..30_000_u64), 0..25),
        after in vec((vec(command(), 1..6), 0..30_000_u64), 1..25),
    ) {
        let mut original = State::default();
        apply(&mut original, 0, 0, vec![bootstrap()]);
        let mut index = 0;
        for (commands, elapsed) in before {
            index += 1;
            apply(&mut original, index, elapsed, commands);
        }
        let mut restored = decode_state(&encode_state(&original)).unwrap();
        prop_assert_eq!(&restored, &original);
        for (commands, elapsed) in after {
            index += 1;
            let one = apply(&mut original, index, elapsed, commands.clone());
            let other = apply(&mut restored, index, elapsed, commands);
            prop_assert_eq!(one, other);
            prop_assert_eq!(&restored, &original);
            prop_assert_eq!(state_digest(&restored), state_digest(&original));
        }
    }
}
