//! Subnets come and go, and nodes listen on several of them (S4).

use crate::support::*;
use ipam::*;
use std::net::Ipv4Addr;

fn second() -> AnyKey {
    AnyKey::SubnetConfig(second_subnet().id)
}

fn in_second(last: u8) -> Ipv4Addr {
    Ipv4Addr::new(10, 16, 0, last)
}

/// Two subnets, of which nothing uses the second.
fn cluster() -> Driver {
    let mut cluster = Driver::new((20, 254));
    assert_eq!(cluster.put(second_subnet()), Outcome::Done);
    cluster
}

fn is_allocatable(cluster: &Driver, subnet: SubnetId, address: Ipv4Addr) -> bool {
    let leases = cluster.state.subnets()[&subnet].leases();
    leases.is_allocatable(address)
}

#[test]
fn delete_of_an_unused_subnet_leaves_nothing_of_it() {
    let mut cluster = cluster();
    assert_eq!(cluster.run(delete(second(), None)), Outcome::Done);
    let id = second_subnet().id;
    assert!(!cluster.state.subnets().contains_key(&id));
    assert!(!cluster.state.objects().subnets.contains_key(&id));
    let in_its_place = SubnetConfig {
        id: SubnetId(3),
        ..second_subnet()
    };
    let created = cluster.run(create(in_its_place));
    assert_eq!(created, Outcome::Done, "its network is free");
}

#[test]
fn delete_of_a_subnet_in_use_refused() {
    let id = second_subnet().id;
    let named = ClientKey::Identifier(ClientIdentifier::new(b"vm-1").unwrap());
    let uses: [Command; 6] = [
        create(Reservation {
            subnet: id,
            client: named.clone(),
            address: in_second(9),
        }),
        create(SourceNatRule {
            subnet: id,
            source_nat: SourceNat::Masquerade,
        }),
        create(Forward {
            key: tcp(8080),
            target: ForwardTarget::Client {
                subnet: id,
                client: named,
            },
            target_port: 80,
        }),
        create(Forward {
            key: ForwardKey {
                protocol: Protocol::Tcp,
                port: 8081,
            },
            target: ForwardTarget::Address(in_second(40)),
            target_port: 80,
        }),
        registration(1, [(id, in_second(10))].into()).into(),
        Command::from(OfferLease {
            subnet: id,
            ..Driver::offer_of(1, &[])
        }),
    ];
    for used in uses {
        let mut cluster = cluster();
        let outcome = cluster.run(used.clone());
        assert!(!matches!(outcome, Outcome::Refused(_)), "{outcome:?}");
        let before = (
            cluster.state.objects().clone(),
            cluster.state.subnets().clone(),
        );
        let effects = cluster.effects(vec![delete(second(), None)]);
        let in_use = Outcome::refused(ObjectRefusal::SubnetNotEmpty(id));
        assert_eq!(effects.outcomes, [in_use], "{used:?}");
        assert_eq!(effects.events, []);
        assert_eq!(cluster.state.objects(), &before.0);
        assert_eq!(cluster.state.subnets(), &before.1);
    }
}

#[test]
fn delete_of_a_subnet_done_once_its_last_use_is_gone() {
    let mut cluster = cluster();
    let rule = SourceNatRule {
        subnet: second_subnet().id,
        source_nat: SourceNat::Masquerade,
    };
    cluster.put(rule);
    let listening = [(second_subnet().id, in_second(10))].into();
    cluster.run(registration(1, listening).into());
    cluster.run(delete(AnyKey::SourceNatRule(second_subnet().id), None));
    assert_ne!(cluster.run(delete(second(), None)), Outcome::Done);
    cluster.run(ClusterCommand::RemoveNode(NodeId(1)).into());
    assert_eq!(cluster.run(delete(second(), None)), Outcome::Done);
}

#[test]
fn s4_a_node_on_two_subnets_takes_an_address_out_of_both() {
    let mut cluster = cluster();
    let id = second_subnet().id;
    let (one, two) = ((SUBNET, ip(30)), (id, in_second(30)));
    let is_free = |cluster: &Driver| {
        [one, two].map(|(subnet, address)| is_allocatable(cluster, subnet, address))
    };
    assert_eq!(is_free(&cluster), [true, true]);
    let both = registration(1, [one, two].into());
    assert_eq!(cluster.run(both.into()), Outcome::Done);
    assert_eq!(is_free(&cluster), [false, false]);
    let node = &cluster.state.nodes()[&NodeId(1)];
    assert_eq!(node.listen_ip(id), Some(in_second(30)));
    assert_eq!(cluster.state.node_at(in_second(30)), Some(NodeId(1)));
    let taken = AddressRefusal::OfNode {
        address: in_second(30),
        node: NodeId(1),
    };
    let other = registration(2, [two].into());
    assert_eq!(cluster.run(other.into()), listen_ip_refused(taken));

    cluster.run(registration(1, [one].into()).into());
    assert_eq!(is_free(&cluster), [false, true], "it left the second");
    cluster.run(registration(1, [one, two].into()).into());
    cluster.run(ClusterCommand::RemoveNode(NodeId(1)).into());
    assert_eq!(is_free(&cluster), [true, true], "it left the cluster");
}

#[test]
fn s4_a_listen_ip_in_another_subnet_than_the_one_named_refused() {
    let mut cluster = cluster();
    let id = second_subnet().id;
    for (subnet, address) in [(SUBNET, in_second(30)), (id, ip(30)), (SubnetId(9), ip(30))] {
        let wrong = registration(1, [(subnet, address)].into());
        let refusal = ClusterRefusal::OtherSubnet { address, subnet };
        assert_eq!(cluster.run(wrong.into()), Outcome::refused(refusal));
    }
    // One that is right does not help one that is wrong.
    let half = registration(1, [(SUBNET, ip(30)), (id, ip(31))].into());
    assert!(matches!(
        cluster.run(half.into()),
        Outcome::Refused(Refusal::Cluster(ClusterRefusal::OtherSubnet { .. }))
    ));
    let nowhere = Ipv4Addr::new(192, 0, 2, 7);
    assert_eq!(
        cluster.run(registration(1, [(SUBNET, nowhere)].into()).into()),
        listen_ip_refused(AddressRefusal::NotInSubnet(nowhere))
    );
    assert!(cluster.state.nodes().is_empty());
    assert!(is_allocatable(&cluster, SUBNET, ip(30)));
}

/// A restored state would give the address to a client, and one that went on would not (S8).
#[test]
fn s8_a_network_does_not_move_under_its_nodes_and_forwards() {
    let mut cluster = Driver::new((20, 254));
    cluster.register(1, ip(10));
    let moved = SubnetConfig {
        id: SUBNET,
        ..second_subnet()
    };
    let in_use = Outcome::refused(ObjectRefusal::SubnetInUse(SUBNET));
    assert_eq!(cluster.put_subnet(moved.clone()), in_use);
    cluster.run(ClusterCommand::RemoveNode(NodeId(1)).into());
    let forward = Forward {
        key: ForwardKey {
            protocol: Protocol::Tcp,
            port: 8080,
        },
        target: ForwardTarget::Address(ip(50)),
        target_port: 80,
    };
    cluster.run(create(forward));
    assert_eq!(cluster.put_subnet(moved), in_use);
}

/// S4: two would hold it.
#[test]
fn s4_a_held_address_does_not_become_the_router() {
    let mut cluster = Driver::new((20, 254));
    let address = cluster.obtain(1).unwrap();
    let config = SubnetConfig {
        router: address,
        ..config((20, 254))
    };
    let held = AddressRefusal::HeldByAnother {
        address,
        holder: key(1),
    };
    let refused = Outcome::refused(ObjectRefusal::Address(held));
    assert_eq!(cluster.put_subnet(config.clone()), refused);
    cluster.release(1, address);
    assert_eq!(cluster.put_subnet(config), Outcome::Done);
}
