//! The samples and the strategies leave nothing out: neither a command, nor a refusal, nor a record.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;
mod sample;

use api::proto::log as wire;
use common::oneof::{drawn, number, numbers};
use common::{cluster_commands, lease_commands, objects, refusals};
use ipam::budget::OverBudget;
use ipam::{
    AnyObject, ClientKey, Command, ForwardKey, Kind, LeaseState, ObjectRefusal, PortUse, Protocol,
    RequestId, State, invariant,
};
use sample::frozen;
use std::collections::BTreeSet;
use wire::object_refusal::{PortInUse, Reason};

#[test]
fn samples_have_every_command() {
    let commands = sample::batch().commands;
    let leases = commands
        .iter()
        .filter_map(|requested| match &requested.command {
            Command::Lease(command) => Some(number(&wire::LeaseCommand::from(command))),
            _ => None,
        });
    assert_eq!(leases.collect::<BTreeSet<_>>(), numbers("LeaseCommand"));
    let cluster = commands
        .iter()
        .filter_map(|requested| match &requested.command {
            Command::Cluster(command) => Some(number(&wire::ClusterCommand::from(command))),
            _ => None,
        });
    assert_eq!(cluster.collect::<BTreeSet<_>>(), numbers("ClusterCommand"));
    let changes = commands
        .iter()
        .filter_map(|requested| match &requested.command {
            Command::Object(command) => Some((change(command), command.change.key().kind())),
            _ => None,
        });
    let every = numbers("ObjectCommand");
    let every = every
        .iter()
        .flat_map(|change| Kind::ALL.iter().map(|kind| (*change, *kind)));
    assert_eq!(changes.collect::<BTreeSet<_>>(), every.collect());
}

/// Create, replace or delete.
fn change(command: &ipam::ObjectCommand) -> u32 {
    number(&wire::ObjectCommand {
        operator: None,
        force: false,
        ..wire::ObjectCommand::from(command)
    })
}

#[test]
fn strategies_make_every_command() {
    let command = drawn(common::command(), |command| {
        number(&wire::Command::from(&command.clone().of(RequestId(0))))
    });
    assert_eq!(command, numbers("Command"));
    let lease = drawn(lease_commands::lease_command(), |command| {
        number(&wire::LeaseCommand::from(command))
    });
    assert_eq!(lease, numbers("LeaseCommand"));
    let object = drawn(objects::object_command(), change);
    assert_eq!(object, numbers("ObjectCommand"));
    let cluster = drawn(cluster_commands::cluster_command(), |command| {
        number(&wire::ClusterCommand::from(command))
    });
    assert_eq!(cluster, numbers("ClusterCommand"));
}

#[test]
fn strategies_make_every_refusal() {
    let class = drawn(refusals::refusal(), |refusal| {
        number(&wire::Refusal::from(refusal))
    });
    assert_eq!(class, numbers("Refusal"));
    let address = drawn(refusals::address_refusal(), |refusal| {
        number(&wire::AddressRefusal::from(refusal))
    });
    assert_eq!(address, numbers("AddressRefusal"));
    let lease = drawn(refusals::lease_refusal(), |refusal| {
        number(&wire::LeaseRefusal::from(refusal))
    });
    assert_eq!(lease, numbers("LeaseRefusal"));
    let object = drawn(refusals::object_refusal(), |refusal| {
        number(&wire::ObjectRefusal::from(refusal))
    });
    assert_eq!(object, numbers("ObjectRefusal"));
    let cluster = drawn(refusals::cluster_refusal(), |refusal| {
        number(&wire::ClusterRefusal::from(refusal))
    });
    assert_eq!(cluster, numbers("ClusterRefusal"));
    let subnet = drawn(refusals::invalid_subnet(), |invalid| {
        number(&wire::InvalidSubnet::from(invalid))
    });
    assert_eq!(subnet, numbers("InvalidSubnet"));
    let used = drawn(refusals::port_use(), |used| used_by(*used));
    assert_eq!(used, numbers("PortInUse"));
}

/// By whom a port is used.
fn used_by(used: PortUse) -> u32 {
    let (protocol, port) = (Protocol::Tcp, 1);
    let key = ForwardKey { protocol, port };
    let refusal = wire::ObjectRefusal::from(&ObjectRefusal::PortInUse { key, used });
    match refusal.reason {
        Some(Reason::PortInUse(message)) => number(&PortInUse {
            key: None,
            ..message
        }),
        other => panic!("the port is in use, and not {other:?}"),
    }
}

#[test]
fn every_item_that_has_a_budget_comes_back() {
    let decoded = (1..).map_while(|item| {
        let message = wire::OverBudget {
            item,
            kind: Kind::SubnetConfig as u32,
            bytes: None,
            limit: 7,
        };
        // The first number that is no item ends it.
        wire::over_budget::Item::try_from(item).ok()?;
        let over = OverBudget::try_from(message).unwrap();
        assert_eq!(wire::OverBudget::from(&over).item, item);
        let OverBudget::TooMany { what, .. } = over else {
            panic!("no length is no length");
        };
        Some(what)
    });
    let decoded: Vec<_> = decoded.collect();
    let objects = ipam::budget::Item::Objects(Kind::SubnetConfig);
    let missing = decoded
        .iter()
        .find(|item| **item != objects && !refusals::ITEMS.contains(item));
    assert_eq!(missing, None);
    assert_eq!(decoded.len(), refusals::ITEMS.len() + 1);
    for kind in Kind::ALL {
        let what = ipam::budget::Item::Objects(*kind);
        let over = OverBudget::TooMany { what, limit: 7 };
        let message = wire::OverBudget::from(&over);
        assert_eq!(OverBudget::try_from(message).unwrap(), over);
    }
}

/// Else the frozen bytes would prove little.
#[test]
fn the_frozen_state_has_every_record() {
    let state = frozen::state();
    let leases: Vec<_> = state
        .subnets()
        .values()
        .flat_map(|subnet| subnet.leases().iter())
        .collect();
    let has = |wanted: fn(&LeaseState) -> bool| leases.iter().any(|(_, l)| wanted(&l.state));
    assert!(has(|s| matches!(
        s,
        LeaseState::Offered {
            returning: false,
            ..
        }
    )));
    assert!(has(|s| matches!(
        s,
        LeaseState::Offered {
            returning: true,
            ..
        }
    )));
    assert!(has(|s| matches!(s, LeaseState::Bound { .. })));
    assert!(has(|s| matches!(s, LeaseState::Released { .. })));
    assert!(has(|s| matches!(s, LeaseState::Quarantined { .. })));
    assert!(has(|s| matches!(s, LeaseState::Expired { .. })));
    assert!(
        leases
            .iter()
            .any(|(_, lease)| matches!(lease.client, ClientKey::Identifier(_)))
    );
    assert!(leases.iter().any(|(_, lease)| lease.hostname.is_some()));
    let has_past_grants = |subnet: &ipam::Subnet| subnet.past_grants().iter().next().is_some();
    assert!(state.subnets().values().any(has_past_grants));
    assert!(!state.nodes().is_empty() && state.cluster_id().is_some());
    assert!(!state.removed().as_slice().is_empty() && state.profile().revision > 0);
}

#[test]
fn samples_are_states_with_every_kind_of_object() {
    for state in [frozen::state(), sample::state()] {
        assert_eq!(invariant::check(&state), Ok(()));
    }
    let state = sample::state();
    for kind in Kind::ALL {
        let samples = AnyObject::samples();
        let mut samples = samples.iter().filter(|sample| sample.key().kind() == *kind);
        assert!(
            samples.any(|sample| has(&state, sample)),
            "no sample of {} is in the state",
            kind.plural()
        );
    }
}

fn has(state: &State, sample: &AnyObject) -> bool {
    let stored = state.objects().get(&sample.key());
    stored.is_some_and(|stored| stored.object == *sample)
}
