//! What decodes large is refused before, and the shortest records that a node can write are not (S12).

use super::*;
use api::proto::command as wire;
use api::shape::Misshapen;
use prost::Message;

const COMMANDS: &str = include_str!("../../../../proto/command.proto");

fn check(state: wire::State) -> Result<(), Misshapen> {
    let snapshot = api::proto::raft::Snapshot {
        meta: None,
        state: Some(state),
    };
    SNAPSHOT.check(&snapshot.encode_to_vec())
}

fn subnet(subnet: wire::SubnetState) -> Result<(), Misshapen> {
    check(wire::State {
        subnets: vec![subnet],
        ..Default::default()
    })
}

fn client() -> Option<wire::ClientKey> {
    let key = Some(wire::client_key::Key::Identifier(vec![0]));
    Some(wire::ClientKey { key })
}

fn hardware() -> wire::HardwareAddress {
    wire::HardwareAddress {
        htype: 0,
        address: vec![0],
    }
}

fn shortest() -> wire::SubnetState {
    let lease = wire::LeaseRecord {
        address: 1,
        client: client(),
        hardware: Some(hardware()),
        state: Some(wire::lease_record::State::Expired(
            wire::lease_record::Expired { at_ms: 0 },
        )),
        ..Default::default()
    };
    let reservation = wire::ReservationRecord {
        client: client(),
        address: 1,
    };
    let by_hardware = Some(wire::client_key::Key::Hardware(hardware()));
    let grant = wire::PastGrant {
        client: client(),
        ..Default::default()
    };
    wire::SubnetState {
        config: None,
        leases: vec![lease],
        reservations: vec![
            reservation,
            wire::ReservationRecord {
                client: Some(wire::ClientKey { key: by_hardware }),
                address: 1,
            },
        ],
        past_grants: vec![wire::PastGrantsRecord {
            address: 1,
            grants: vec![grant],
        }],
    }
}

#[test]
fn the_shortest_records_of_a_node_pass_and_shorter_ones_do_not() {
    assert_eq!(subnet(shortest()), Ok(()));
    let mut leases = shortest();
    leases.leases[0].address = 0;
    let mut reservations = shortest();
    reservations.reservations[0].client = None;
    let mut past = shortest();
    past.past_grants[0].grants[0].client = None;
    let empty = wire::SubnetState {
        past_grants: vec![wire::PastGrantsRecord::default()],
        ..Default::default()
    };
    for (number, state) in [(2, leases), (3, reservations), (2, past), (4, empty)] {
        let refused = subnet(state);
        let is_right =
            matches!(refused, Err(Misshapen::TooSmall { number: of, .. }) if of == number);
        assert!(is_right, "{refused:?}");
    }
}

#[test]
fn what_has_a_budget_is_counted() {
    let nodes = wire::State {
        nodes: vec![wire::NodeRegistration::default(); 2 * MAX_NODES + 1],
        ..Default::default()
    };
    let subnets = wire::State {
        subnets: vec![wire::SubnetState::default(); MAX_SUBNETS + 1],
        ..Default::default()
    };
    let forwards = wire::State {
        nat: Some(wire::NatIntent {
            forwards: vec![wire::ForwardEntry::default(); MAX_FORWARDS + 1],
            ..Default::default()
        }),
        ..Default::default()
    };
    let removed = wire::State {
        removed: vec![wire::RemovedMember::default(); MAX_PARTS + 1],
        ..Default::default()
    };
    for (kind, state) in [
        (Kind::Members, nodes),
        (Kind::Subnets, subnets),
        (Kind::Forwards, forwards),
        (Kind::Parts, removed),
    ] {
        let refused = check(state);
        let is_right = matches!(refused, Err(Misshapen::TooMany { kind: of, .. }) if of == kind);
        assert!(is_right, "{refused:?}");
    }
}

#[test]
fn the_largest_state_of_a_cluster_passes() {
    let node = wire::NodeRegistration {
        listeners: vec![wire::Listener::default(); MAX_LISTENERS],
        addresses: vec![vec![0; 16]; MAX_HOST_ADDRESSES],
        ..Default::default()
    };
    let config = wire::SubnetConfig {
        excluded: vec![wire::AddressRange::default(); MAX_EXCLUDED_RANGES],
        domain_search: vec![String::new(); MAX_SEARCH_DOMAINS],
        classless_routes: vec![wire::ClasslessRoute::default(); MAX_CLASSLESS_ROUTES],
        extra_options: vec![wire::ExtraOption::default(); MAX_OPTIONS],
        ..Default::default()
    };
    let subnet = wire::SubnetState {
        config: Some(config),
        ..shortest()
    };
    let largest = wire::State {
        nodes: vec![node; MAX_NODES],
        subnets: vec![subnet; MAX_SUBNETS],
        nat: Some(wire::NatIntent {
            source_nat: vec![wire::SubnetSourceNat::default(); MAX_SUBNETS],
            forwards: vec![wire::ForwardEntry::default(); MAX_FORWARDS],
            ..Default::default()
        }),
        removed: vec![wire::RemovedMember::default(); MAX_REMOVED],
        ..Default::default()
    };
    assert_eq!(check(largest), Ok(()));
}

/// A list that is added to the state is to be looked at, too.
#[test]
fn every_list_of_the_state_is_known_here() {
    let state = COMMANDS
        .split_once("// The whole state")
        .map(|(_, state)| state);
    let state = state.and_then(|state| state.split_once("// Outcomes"));
    let lines = state.map(|(state, _)| state).unwrap_or_default().lines();
    let lists = lines.filter_map(|line| line.trim().strip_prefix("repeated "));
    let known = [
        "NodeRegistration nodes = 3;",
        "SubnetState subnets = 4;",
        "RemovedMember removed = 30;",
        "LeaseRecord leases = 2;",
        "ReservationRecord reservations = 3;",
        "PastGrantsRecord past_grants = 4;",
        "PastGrant grants = 2;",
        "fixed32 releases = 3;",
    ];
    assert_eq!(lists.collect::<Vec<_>>(), known);
}
