//! Forwards that would harm the hosts, or lead to whom nobody meant, are refused (S9).

use crate::support::*;
use ipam::budget::OverBudget;
use ipam::*;
use std::collections::BTreeMap;
use std::net::Ipv4Addr;

/// Two nodes, .10 and .11. On the second's host something listens on TCP 8006.
fn cluster() -> Driver {
    let mut cluster = Driver::new((20, 254));
    let own = [(tcp(7066), Listener::Peer), (tcp(7067), Listener::Admin)];
    let mut listeners = BTreeMap::from(own);
    assert_eq!(
        cluster.register_with(1, ip(10), listeners.clone()),
        Outcome::Done
    );
    listeners.insert(tcp(8006), Listener::Other);
    assert_eq!(cluster.register_with(2, ip(11), listeners), Outcome::Done);
    cluster
}

fn add(cluster: &mut Driver, key: ForwardKey, to: Ipv4Addr, force: bool) -> Outcome {
    let target = ForwardTarget::Address(to);
    let forward = Forward {
        key,
        target,
        target_port: 80,
    };
    cluster.add_forward(forward, force)
}

#[track_caller]
fn assert_in_use(cluster: &mut Driver, key: ForwardKey, used: PortUse) {
    let refused = Outcome::refused(ObjectRefusal::PortInUse { key, used });
    assert_eq!(add(cluster, key, ip(15), false), refused);
    let forced = add(cluster, key, ip(15), true);
    if used.can_be_forced() {
        assert_eq!(forced, Outcome::Done);
    } else {
        assert_eq!(forced, refused);
    }
}

#[test]
fn s9_forward_of_what_ends_the_cluster_refused_even_by_force() {
    let mut cluster = cluster();
    assert_in_use(&mut cluster, tcp(7066), PortUse::Peer(NodeId(1)));
    assert_in_use(&mut cluster, tcp(7067), PortUse::Admin(NodeId(1)));
    assert_in_use(&mut cluster, udp(67), PortUse::Dhcp);
    for overlay in [4789, 8472, 6081] {
        assert_in_use(&mut cluster, udp(overlay), PortUse::Overlay);
    }
    assert!(cluster.state.objects().forwards.is_empty());
}

#[test]
fn s9_forward_of_a_hosts_port_refused_unless_forced() {
    let mut cluster = cluster();
    assert_in_use(&mut cluster, tcp(22), PortUse::Ssh);
    assert_in_use(&mut cluster, udp(68), PortUse::DhcpClient);
    assert_in_use(&mut cluster, tcp(8006), PortUse::Program(NodeId(2)));
    // The other protocol's port of that number is free.
    for free in [udp(8006), udp(22), tcp(67), tcp(4789), tcp(2222)] {
        assert_eq!(add(&mut cluster, free, ip(15), false), Outcome::Done);
    }
}

/// A node of an older release reports no ports.
#[test]
fn s9_forward_of_a_peer_port_refused_by_the_peer_address_alone() {
    let mut cluster = Driver::new((20, 254));
    cluster.register(1, ip(10));
    assert_in_use(&mut cluster, tcp(7066), PortUse::Peer(NodeId(1)));
}

#[test]
fn a_port_that_the_host_left_can_be_forwarded() {
    let mut cluster = cluster();
    let listeners = BTreeMap::from([(tcp(7066), Listener::Peer)]);
    cluster.register_with(2, ip(11), listeners);
    assert_eq!(add(&mut cluster, tcp(8006), ip(15), false), Outcome::Done);
}

#[test]
fn s9_forward_to_the_hosts_refused_even_by_force() {
    let mut cluster = cluster();
    for force in [false, true] {
        assert_eq!(
            add(&mut cluster, tcp(2222), ip(1), force),
            object_address_refused(AddressRefusal::Router(ip(1)))
        );
        assert_eq!(
            add(&mut cluster, tcp(2222), ip(11), force),
            object_address_refused(AddressRefusal::OfNode {
                address: ip(11),
                node: NodeId(2)
            })
        );
    }
}

#[test]
fn a_forward_to_what_became_a_nodes_address_leads_nowhere() {
    let mut cluster = cluster();
    assert_eq!(add(&mut cluster, tcp(2222), ip(12), false), Outcome::Done);
    assert_eq!(cluster.state.nat_view().forwards.len(), 1);
    cluster.register(3, ip(12));
    assert_eq!(cluster.state.nat_view().forwards, vec![]);
}

#[test]
fn s9_forward_to_a_dynamic_lease_refused_unless_forced_or_reserved() {
    let mut cluster = cluster();
    let leased = cluster.obtain(1).unwrap();
    let refused = Outcome::refused(ObjectRefusal::TargetLeased {
        address: leased,
        holder: key(1),
    });
    assert_eq!(add(&mut cluster, tcp(2222), leased, false), refused);
    let Outcome::Refused(refusal) = refused else {
        unreachable!("it was made one")
    };
    let said = refusal.to_string();
    assert!(said.contains("--to-client 02:aa:00:00:00:01"), "{said}");
    assert_eq!(add(&mut cluster, tcp(2223), leased, true), Outcome::Done);
    cluster.reserve(1, leased);
    assert_eq!(add(&mut cluster, tcp(2222), leased, false), Outcome::Done);
}

/// Clients are known by their identifiers, and the address is kept for the machine.
#[test]
fn s9_forward_to_what_is_reserved_by_hardware_address_is_no_forward_to_a_dynamic_lease() {
    let mut cluster = cluster();
    let config = SubnetConfig {
        identity: IdentityPolicy::ClientIdentifier,
        ..config((20, 254))
    };
    assert_eq!(cluster.put_subnet(config), Outcome::Done);
    cluster.reserve(1, ip(50));
    let granted = cluster.run(Command::from(GrantLease {
        subnet: SUBNET,
        client: ClientIdentity {
            identifier: Some(ClientIdentifier::new(b"vm-1").unwrap()),
            ..client(1)
        },
        address: ip(50),
        kind: RequestKind::Selecting,
        lease_time: None,
        hostname: None,
        node: NODE,
        probe: ConflictProbe::Clear,
    }));
    assert!(matches!(granted, Outcome::Granted(_)), "{granted:?}");
    assert_eq!(add(&mut cluster, tcp(2222), ip(50), false), Outcome::Done);
}

/// It would lead nowhere for ever.
#[test]
fn a_forward_to_a_client_that_is_named_as_none_is_known_is_refused() {
    let mut cluster = cluster();
    let mut to = |client| {
        let subnet = SUBNET;
        let forward = Forward {
            key: tcp(2222),
            target: ForwardTarget::Client { subnet, client },
            target_port: 80,
        };
        cluster.add_forward(forward, false)
    };
    let named = ClientKey::Identifier(ClientIdentifier::new(b"vm-1").unwrap());
    let refused = Outcome::refused(ObjectRefusal::IdentifierNotUsed(SUBNET));
    assert_eq!(to(named), refused);
    assert_eq!(to(key(1)), Outcome::Done);
}

/// A host has several addresses on the clients' network; the node listens on one of them.
#[test]
fn s9_forward_to_another_address_of_a_host_refused_unless_forced() {
    let mut cluster = cluster();
    let registration = NodeRegistration {
        addresses: [ip(11).into(), ip(12).into()].into(),
        ..cluster.state.nodes()[&NodeId(2)].clone()
    };
    assert_eq!(cluster.run(Command::from(registration)), Outcome::Done);
    let refused = object_address_refused(AddressRefusal::OfNode {
        address: ip(12),
        node: NodeId(2),
    });
    assert_eq!(add(&mut cluster, tcp(2222), ip(12), false), refused);
    assert_eq!(add(&mut cluster, tcp(2222), ip(12), true), Outcome::Done);
}

#[test]
fn an_offered_address_is_leased() {
    let mut cluster = cluster();
    let Outcome::Offered(offered) = cluster.discover(1, None) else {
        panic!("an offer")
    };
    assert!(matches!(
        add(&mut cluster, tcp(2222), offered.address, false),
        Outcome::Refused(Refusal::Object(ObjectRefusal::TargetLeased { .. }))
    ));
}

#[test]
fn too_many_listening_ports_are_refused() {
    let mut cluster = cluster();
    let listeners = (1..=300).map(|number| (tcp(number), Listener::Other));
    assert!(matches!(
        cluster.register_with(2, ip(11), listeners.collect()),
        Outcome::Refused(Refusal::Cluster(ClusterRefusal::OverBudget(
            OverBudget::TooMany { limit: 256, .. }
        )))
    ));
}
