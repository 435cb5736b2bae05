//! What decodes large is refused before, and the shortest records that a node can write are not (S12).

use super::*;
use api::proto::{log as wire, objects};
use api::shape::Misshapen;
use prost::Message;

const LOG: &str = include_str!("../../../../proto/log.proto");

fn check(state: wire::State) -> Result<(), Misshapen> {
    let snapshot = api::proto::storage::Snapshot {
        meta: None,
        state: Some(state),
    };
    SNAPSHOT.check(&snapshot.encode_to_vec())
}

fn leases(leases: wire::SubnetLeases) -> Result<(), Misshapen> {
    check(wire::State {
        leases: vec![leases],
        ..Default::default()
    })
}

fn object(kind: objects::object::Kind) -> objects::StoredObject {
    objects::StoredObject {
        object: Some(objects::Object { kind: Some(kind) }),
        created: 1,
        changed: 1,
    }
}

fn client() -> Option<objects::ClientKey> {
    let key = Some(objects::client_key::Key::Identifier(vec![0]));
    Some(objects::ClientKey { key })
}

fn hardware() -> objects::HardwareAddress {
    objects::HardwareAddress {
        htype: 0,
        address: vec![0],
    }
}

fn shortest() -> wire::SubnetLeases {
    let lease = wire::LeaseRecord {
        address: 1,
        client: client(),
        hardware: Some(hardware()),
        state: Some(wire::lease_record::State::Expired(
            wire::lease_record::Expired { at_ms: 0 },
        )),
        ..Default::default()
    };
    let grant = wire::PastGrant {
        client: client(),
        ..Default::default()
    };
    wire::SubnetLeases {
        subnet: 0,
        leases: vec![lease],
        past_grants: vec![wire::PastGrantsRecord {
            address: 1,
            grants: vec![grant],
        }],
    }
}

#[test]
fn the_shortest_records_of_a_node_pass_and_shorter_ones_do_not() {
    assert_eq!(leases(shortest()), Ok(()));
    let mut lease = shortest();
    lease.leases[0].address = 0;
    let mut past = shortest();
    past.past_grants[0].grants[0].client = None;
    let empty = wire::SubnetLeases {
        past_grants: vec![wire::PastGrantsRecord::default()],
        ..Default::default()
    };
    for (number, state) in [(2, lease), (2, past), (3, empty)] {
        let refused = leases(state);
        let is_right =
            matches!(refused, Err(Misshapen::TooSmall { number: of, .. }) if of == number);
        assert!(is_right, "{refused:?}");
    }
}

#[test]
fn the_shortest_object_of_each_kind_passes_and_an_empty_one_does_not() {
    for sample in ipam::AnyObject::samples() {
        let stored = objects::StoredObject {
            object: Some((&sample).into()),
            ..Default::default()
        };
        let state = wire::State {
            objects: vec![stored],
            ..Default::default()
        };
        assert_eq!(check(state), Ok(()), "{sample:?}");
    }
    let rule = objects::SourceNatRule {
        subnet: 0,
        source_nat: Some(objects::SourceNat {
            kind: Some(objects::source_nat::Kind::Masquerade(
                objects::Masquerade {},
            )),
        }),
    };
    let shortest = object(objects::object::Kind::SourceNatRule(rule));
    for (stored, passes) in [(shortest, true), (Default::default(), false)] {
        let state = wire::State {
            objects: vec![stored],
            ..Default::default()
        };
        assert_eq!(check(state).is_ok(), passes);
    }
}

#[test]
fn what_has_a_budget_is_counted() {
    let nodes = wire::State {
        nodes: vec![wire::NodeRegistration::default(); 2 * MAX_NODES + 1],
        ..Default::default()
    };
    let subnets = wire::State {
        leases: vec![wire::SubnetLeases::default(); MAX_SUBNETS + 1],
        ..Default::default()
    };
    let forward = object(objects::object::Kind::Forward(objects::Forward {
        key: Some(objects::ForwardKey::default()),
        ..Default::default()
    }));
    let objects = wire::State {
        objects: vec![forward; ipam::Kind::LIMIT_OF_ALL + 1],
        ..Default::default()
    };
    let removed = wire::State {
        removed: vec![wire::RemovedMember::default(); MAX_PARTS + 1],
        ..Default::default()
    };
    for (kind, state) in [
        (Kind::Members, nodes),
        (Kind::Subnets, subnets),
        (Kind::Objects, objects),
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
        listen: vec![wire::ListenAddress::default(); MAX_SUBNETS],
        listeners: vec![wire::Listener::default(); MAX_LISTENERS],
        addresses: vec![vec![0; 16]; MAX_HOST_ADDRESSES],
        ..Default::default()
    };
    let config = objects::SubnetConfig {
        excluded: vec![objects::AddressRange::default(); MAX_EXCLUDED_RANGES],
        domain_search: vec![String::new(); MAX_SEARCH_DOMAINS],
        classless_routes: vec![objects::ClasslessRoute::default(); MAX_CLASSLESS_ROUTES],
        extra_options: vec![objects::ExtraOption::default(); MAX_OPTIONS],
        ..Default::default()
    };
    let subnets = vec![object(objects::object::Kind::SubnetConfig(config)); MAX_SUBNETS];
    let forward = objects::object::Kind::Forward(objects::Forward {
        key: Some(objects::ForwardKey::default()),
        ..Default::default()
    });
    let others = vec![object(forward); ipam::Kind::LIMIT_OF_ALL - MAX_SUBNETS];
    let largest = wire::State {
        nodes: vec![node; MAX_NODES],
        objects: [subnets, others].concat(),
        leases: vec![shortest(); MAX_SUBNETS],
        removed: vec![wire::RemovedMember::default(); MAX_REMOVED],
        ..Default::default()
    };
    assert_eq!(check(largest), Ok(()));
}

/// A list that is added to the state is to be looked at, too.
#[test]
fn every_list_of_the_state_is_known_here() {
    let state = LOG.split_once("// The whole state").map(|(_, state)| state);
    let state = state.and_then(|state| state.split_once("// Outcomes"));
    let lines = state.map(|(state, _)| state).unwrap_or_default().lines();
    let lists = lines.filter_map(|line| line.trim().strip_prefix("repeated "));
    let known = [
        "NodeRegistration nodes = 3;",
        "gatewayd.objects.v1.StoredObject objects = 4;",
        "SubnetLeases leases = 5;",
        "RemovedMember removed = 8;",
        "LeaseRecord leases = 2;",
        "PastGrantsRecord past_grants = 3;",
        "PastGrant grants = 2;",
        "fixed32 releases = 3;",
    ];
    assert_eq!(lists.collect::<Vec<_>>(), known);
}
