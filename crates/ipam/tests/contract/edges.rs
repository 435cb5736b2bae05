//! Each side of a bound, and each half of a rule, by itself: what a mutated condition would let pass.

use crate::support::*;
use ipam::budget::{MAX_NODES, MAX_SUBNETS, OverBudget};
use ipam::*;
use std::collections::BTreeMap;

fn listeners(count: u16) -> BTreeMap<ForwardKey, Listener> {
    let listener = |port| (tcp(port), Listener::Other);
    (1..=count).map(listener).collect()
}

#[test]
fn s12_as_many_listening_ports_as_the_limit_are_taken_and_one_more_is_not() {
    let mut cluster = Driver::new((20, 254));
    let limit = u16::try_from(MAX_LISTENERS).unwrap();
    assert_eq!(
        cluster.register_with(1, ip(10), listeners(limit)),
        Outcome::Done
    );
    assert!(matches!(
        cluster.register_with(1, ip(10), listeners(limit + 1)),
        Outcome::Refused(Refusal::Cluster(ClusterRefusal::OverBudget(
            OverBudget::TooMany { .. }
        )))
    ));
}

#[test]
fn s12_as_many_addresses_of_a_host_as_the_limit_are_taken_and_one_more_is_not() {
    let mut cluster = Driver::new((20, 254));
    let mut register = |count: u8| {
        cluster.run(Command::from(NodeRegistration {
            node: NodeId(1),
            listen: [(SUBNET, ip(10))].into(),
            peer_address: "172.31.0.1:7066".to_owned(),
            listeners: BTreeMap::new(),
            addresses: (0..count).map(|host| [192, 0, 2, host].into()).collect(),
        }))
    };
    let limit = u8::try_from(MAX_HOST_ADDRESSES).unwrap();
    assert_eq!(register(limit), Outcome::Done);
    assert!(matches!(
        register(limit + 1),
        Outcome::Refused(Refusal::Cluster(ClusterRefusal::OverBudget(
            OverBudget::TooMany { .. }
        )))
    ));
}

/// What clients are kept from: its own ports, at every address that is known of its host.
#[test]
fn s12_gateway_view_has_the_ports_and_addresses_of_a_node() {
    let mut cluster = Driver::new((20, 254));
    let mut listeners = listeners(300_u16.min(MAX_LISTENERS as u16 - 2));
    listeners.insert(tcp(443), Listener::Admin);
    for port in [7066, 8000, 9000] {
        listeners.insert(tcp(port), Listener::Peer);
    }
    listeners.retain(|key, _| key.port > 100);
    let registration = NodeRegistration {
        node: NodeId(1),
        listen: [(SUBNET, ip(10))].into(),
        peer_address: "[2001:db8::1]:7400".to_owned(),
        listeners,
        addresses: [[192, 0, 2, 7].into()].into(),
    };
    let gateway = Gateway::from(&registration);
    let ports: Vec<u16> = gateway.ports.into_iter().collect();
    assert_eq!(
        ports,
        [443, 7066, 7400],
        "one of each, not what a liar states"
    );
    let addresses: Vec<_> = gateway.addresses.iter().map(ToString::to_string).collect();
    assert_eq!(addresses, ["10.15.3.10", "192.0.2.7", "2001:db8::1"]);
    assert_eq!(cluster.run(Command::from(registration)), Outcome::Done);
}

#[test]
fn s12_a_full_cluster_takes_its_own_nodes_and_no_other() {
    let mut cluster = Driver::new((100, 254));
    for node in 1..=u8::try_from(MAX_NODES).unwrap() {
        assert_eq!(cluster.register(node.into(), ip(1 + node)), Outcome::Done);
    }
    assert!(matches!(
        cluster.register(99, ip(99)),
        Outcome::Refused(Refusal::Cluster(ClusterRefusal::OverBudget(
            OverBudget::TooMany { .. }
        )))
    ));
    assert_eq!(cluster.register(1, ip(98)), Outcome::Done, "it moves");
}

#[test]
fn s12_a_full_cluster_takes_changes_of_its_subnets_and_no_other() {
    let mut cluster = Driver::new((20, 254));
    for number in 1..u16::try_from(MAX_SUBNETS).unwrap() {
        assert_eq!(cluster.put_subnet(other_subnet(number)), Outcome::Done);
    }
    assert!(matches!(
        cluster.put_subnet(other_subnet(999)),
        Outcome::Refused(Refusal::Object(ObjectRefusal::OverBudget(
            OverBudget::TooMany { .. }
        )))
    ));
    let changed = SubnetConfig {
        mtu: 1400,
        ..other_subnet(1)
    };
    assert_eq!(cluster.put_subnet(changed), Outcome::Done);
}

#[test]
fn s4_neither_the_router_nor_the_networks_own_addresses_are_a_nodes_or_a_reservation() {
    let excluded = AddressRange::new(ip(40), ip(41)).unwrap();
    for address in [ip(0), ip(1), ip(255)] {
        let mut cluster = Driver::new((20, 254));
        assert!(
            matches!(cluster.register(1, address), Outcome::Refused(_)),
            "{address}"
        );
        assert!(
            matches!(cluster.reserve(1, address), Outcome::Refused(_)),
            "{address}"
        );
    }
    let mut cluster = Driver::new((20, 254));
    let config = SubnetConfig {
        excluded: vec![excluded],
        ..config((20, 254))
    };
    assert_eq!(cluster.put_subnet(config), Outcome::Done);
    assert_eq!(
        cluster.reserve(1, ip(40)),
        object_address_refused(AddressRefusal::NotAvailable(ip(40)))
    );
}

#[test]
fn s9_neither_port_of_a_forward_is_zero() {
    let mut cluster = Driver::new((20, 254));
    for (port, target_port) in [(0, 80), (80, 0)] {
        let forward = Forward {
            key: tcp(port),
            target: ForwardTarget::Address(ip(30)),
            target_port,
        };
        let outcome = cluster.add_forward(forward, false);
        assert_eq!(outcome, Outcome::refused(ObjectRefusal::PortZero));
    }
}

#[test]
fn each_setting_of_the_profile_is_newer_than_the_one_before() {
    let mut cluster = Driver::new((20, 254));
    for expected in 1..=3 {
        let (operator, profile) = (operator(), Profile::Wan);
        cluster.run(ClusterCommand::SetProfile { operator, profile }.into());
        assert_eq!(cluster.state.profile().revision, expected);
    }
}

/// What another one gave back is nothing that this client remembers.
#[test]
fn s6_who_asks_for_an_address_that_another_gave_back_is_not_known() {
    let mut cluster = Driver::new((20, 20));
    let address = cluster.obtain(1).unwrap();
    assert_eq!(cluster.release(1, address), Outcome::Done);
    assert_eq!(
        cluster.request(2, address, RequestKind::InitReboot),
        Outcome::refused(LeaseRefusal::UnknownClient)
    );
    assert_eq!(
        cluster.request(1, address, RequestKind::InitReboot),
        granted(address)
    );
}

/// An id is a label: nodes that were told different ones agree all the same (S8).
#[test]
fn s8_request_ids_change_neither_outcomes_nor_the_state() {
    let run = |ids: [u64; 2]| {
        let mut cluster = Driver::new((20, 40));
        let commands = [Driver::offer_of(1, &[]), Driver::offer_of(2, &[])];
        let commands = commands.map(Command::from).into_iter().zip(ids);
        let commands = commands.map(|(command, id)| command.of(RequestId(id)));
        let effects = cluster.requested(commands.collect());
        (effects, cluster.state)
    };
    let (effects, state) = run([1, 2]);
    assert!(matches!(
        effects.outcomes[..],
        [Outcome::Offered(_), Outcome::Offered(_)]
    ));
    for ids in [[2, 1], [0, 0], [u64::MAX, 1]] {
        assert!(run(ids) == (effects.clone(), state.clone()), "{ids:?}");
    }
}
