//! A node that starts from a snapshot must go on exactly as one that applied every entry (contract
//! S8): the restored state is equal, hidden indexes included, and stays equal.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use api::command::{decode_state, encode_state, state_digest};
use ipam::{
    AddressRange, Batch, Bootstrap, ClientIdentity, ClientKey, ClusterTime, Command, ConflictProbe,
    DeclineAddress, ForwardPolicy, GrantLease, GrantRef, HardwareAddress, IdentityPolicy,
    Ipv4Network, LeaseTimes, LogPosition, NodeId, OfferLease, ReleaseLease, RequestKind, SourceNat,
    Span, Stamp, State, SubnetConfig, SubnetId,
};
use proptest::collection::vec;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::net::Ipv4Addr;

const SUBNET: SubnetId = SubnetId(1);
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
        id: SUBNET,
        network: Ipv4Network::new(ip(0), 24).unwrap(),
        router: ip(1),
        pool: AddressRange::new(ip(10), ip(17)).unwrap(),
        excluded: Vec::new(),
        identity: IdentityPolicy::HardwareAddress,
        times,
        dns_servers: Vec::new(),
        domain_name: None,
        domain_search: Vec::new(),
        ntp_servers: Vec::new(),
        mtu: 1500,
        classless_routes: Vec::new(),
        extra_options: BTreeMap::new(),
        authoritative: false,
    };
    Command::Bootstrap(Bootstrap {
        cluster_id: [7; 16],
        subnet,
        source_nat: Some(SourceNat::Masquerade),
        forward_policy: ForwardPolicy::Drop,
    })
}

/// Few clients and few addresses, so that they meet.
fn command() -> impl Strategy<Value = Command> {
    let client = 0..12_u8;
    let address = (8..20_u8).prop_map(ip);
    let kind = prop_oneof![
        Just(RequestKind::Selecting),
        Just(RequestKind::InitReboot),
        Just(RequestKind::Renewing),
        Just(RequestKind::Rebinding),
    ];
    let probe = prop_oneof![
        Just(None),
        Just(Some(ConflictProbe::NotMade)),
        Just(Some(ConflictProbe::Clear))
    ];
    let subnet = SUBNET;
    prop_oneof![
        4 => (client.clone(), proptest::option::of(address.clone())).prop_map(move |(client, requested)| {
            let (client, hostname, node) = (identity(client), None, NODE);
            let avoid = requested.into_iter().filter(|address| address.octets()[3] % 2 == 0).collect();
            Command::OfferLease(OfferLease { subnet, client, requested, lease_time: None, hostname, node, avoid })
        }),
        4 => (client.clone(), address.clone(), kind, probe).prop_map(move |(client, address, kind, probe)| {
            let (client, hostname, node) = (identity(client), None, NODE);
            let lease_time = None;
            Command::GrantLease(GrantLease { subnet, client, address, kind, lease_time, hostname, node, probe })
        }),
        2 => (client.clone(), address.clone(), any::<u32>()).prop_map(move |(client, address, xid)| {
            let xid = Some(xid % 4);
            Command::ReleaseLease(ReleaseLease { subnet, client: identity(client), address, grant: GrantRef::default(), xid })
        }),
        1 => (client.clone(), address.clone()).prop_map(move |(client, address)| {
            Command::DeclineAddress(DeclineAddress { subnet, client: identity(client), address, grant: GrantRef::default(), bounded: true })
        }),
        1 => (client.clone(), address.clone()).prop_map(move |(client, address)| {
            let client = ClientKey::Hardware(hardware(client));
            Command::AddReservation { subnet, client, address }
        }),
        1 => client.prop_map(move |client| {
            let client = ClientKey::Hardware(hardware(client));
            Command::RemoveReservation { subnet, client }
        }),
        2 => address.prop_map(move |address| Command::RevokeLease { subnet, address, keep_record: true }),
        1 => Just(Command::Tick),
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
