//! S9: reservations take effect, or are refused.

use crate::support::*;
use ipam::*;

fn by_identifier(pool: (u8, u8)) -> Driver {
    let mut cluster = Driver::new(pool);
    let config = SubnetConfig {
        identity: IdentityPolicy::ClientIdentifier,
        ..config(pool)
    };
    assert_eq!(cluster.put_subnet(config), Outcome::Done);
    cluster
}

fn named(hardware: u8, name: &[u8]) -> ClientIdentity {
    ClientIdentity {
        identifier: Some(ClientIdentifier::new(name).unwrap()),
        ..client(hardware)
    }
}

fn offer(cluster: &mut Driver, client: &ClientIdentity) -> Outcome {
    cluster.run(Command::from(OfferLease {
        subnet: SUBNET,
        client: client.clone(),
        requested: None,
        avoid: Vec::new(),
        lease_time: None,
        hostname: None,
        node: NODE,
    }))
}

fn request(cluster: &mut Driver, client: &ClientIdentity, last: u8, kind: RequestKind) -> Outcome {
    cluster.run(Command::from(GrantLease {
        subnet: SUBNET,
        client: client.clone(),
        address: ip(last),
        kind,
        lease_time: None,
        hostname: None,
        node: NODE,
        probe: ConflictProbe::Clear,
    }))
}

fn offered(outcome: &Outcome) -> std::net::Ipv4Addr {
    match outcome {
        Outcome::Offered(offered) => offered.address,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_same_reservation_again_is_success_and_changes_nothing() {
    let mut cluster = Driver::new((20, 40));
    assert_eq!(cluster.reserve(1, ip(50)), Outcome::Done);
    let before = cluster.state.to_parts().objects;
    let again = create(reservation(key(1), ip(50)));
    assert_eq!(cluster.events(again), []);
    assert_eq!(cluster.reserve(1, ip(50)), Outcome::Done);
    assert_eq!(cluster.state.to_parts().objects, before);
    let kept = reservation(key(1), ip(50)).into();
    let other = Outcome::refused(ObjectRefusal::Exists(Box::new(kept)));
    assert_eq!(cluster.reserve(1, ip(51)), other);
    assert!(matches!(
        cluster.reserve(2, ip(50)),
        Outcome::Refused(Refusal::Object(ObjectRefusal::Address(
            AddressRefusal::ReservedForAnother { .. }
        )))
    ));
}

#[test]
fn a_reservation_by_hardware_address_holds_where_clients_are_known_by_identifier() {
    let mut cluster = by_identifier((20, 40));
    assert_eq!(cluster.reserve(1, ip(50)), Outcome::Done);
    let vm = named(1, b"vm-a");
    assert_eq!(offered(&offer(&mut cluster, &vm)), ip(50));
    assert_eq!(
        request(&mut cluster, &vm, 50, RequestKind::Selecting),
        granted(ip(50))
    );
    assert_eq!(
        request(&mut cluster, &vm, 50, RequestKind::Renewing),
        granted(ip(50))
    );
    assert!(matches!(
        request(&mut cluster, &vm, 30, RequestKind::Selecting),
        Outcome::Refused(Refusal::Lease(LeaseRefusal::NotAvailable(_)))
    ));
    let other = named(2, b"vm-b");
    assert_ne!(offered(&offer(&mut cluster, &other)), ip(50));
    assert!(matches!(
        request(&mut cluster, &other, 50, RequestKind::Selecting),
        Outcome::Refused(Refusal::Lease(LeaseRefusal::HeldByAnother { .. }))
    ));
}

/// A machine that boots in two stages has two identifiers, and one hardware address.
#[test]
fn the_machine_behind_a_reservation_may_change_its_name() {
    let mut cluster = by_identifier((20, 40));
    assert_eq!(cluster.reserve(1, ip(50)), Outcome::Done);
    let (boot, system) = (named(1, b"pxe"), named(1, b"system"));
    assert_eq!(
        request(&mut cluster, &boot, 50, RequestKind::InitReboot),
        granted(ip(50))
    );
    assert_eq!(offered(&offer(&mut cluster, &system)), ip(50));
    assert_eq!(
        request(&mut cluster, &system, 50, RequestKind::Selecting),
        granted(ip(50))
    );
}

/// Without the reservation, two names are two clients, whatever their hardware.
#[test]
fn two_identifiers_of_one_hardware_address_are_two_clients() {
    let mut cluster = by_identifier((20, 40));
    let (one, two) = (named(1, b"one"), named(1, b"two"));
    assert_eq!(
        request(&mut cluster, &one, 30, RequestKind::Selecting),
        granted(ip(30))
    );
    assert!(matches!(
        request(&mut cluster, &two, 30, RequestKind::Selecting),
        Outcome::Refused(Refusal::Lease(LeaseRefusal::HeldByAnother { .. }))
    ));
}

#[test]
fn a_clients_own_name_counts_before_its_hardware_address() {
    let mut cluster = by_identifier((20, 40));
    assert_eq!(cluster.reserve(1, ip(50)), Outcome::Done);
    let by_name = create(reservation(
        ClientKey::Identifier(ClientIdentifier::new(b"vm-a").unwrap()),
        ip(51),
    ));
    assert_eq!(cluster.run(by_name), Outcome::Done);
    assert_eq!(offered(&offer(&mut cluster, &named(1, b"vm-a"))), ip(51));
    assert_eq!(offered(&offer(&mut cluster, &named(1, b"vm-b"))), ip(50));
}

/// The operator moves a client that is there already, under its other name.
#[test]
fn a_reservation_by_hardware_address_is_taken_while_its_client_holds_the_address() {
    let mut cluster = by_identifier((20, 40));
    let vm = named(1, b"vm-a");
    assert_eq!(
        request(&mut cluster, &vm, 30, RequestKind::Selecting),
        granted(ip(30))
    );
    assert!(matches!(
        cluster.reserve(2, ip(30)),
        Outcome::Refused(Refusal::Object(ObjectRefusal::Address(
            AddressRefusal::HeldByAnother { .. }
        )))
    ));
    assert_eq!(cluster.reserve(1, ip(30)), Outcome::Done);
    assert_eq!(
        request(&mut cluster, &vm, 30, RequestKind::Renewing),
        granted(ip(30))
    );
    // And to another address: it is told so when it renews.
    let other = named(3, b"vm-c");
    assert_eq!(
        request(&mut cluster, &other, 31, RequestKind::Selecting),
        granted(ip(31))
    );
    assert_eq!(cluster.reserve(3, ip(60)), Outcome::Done);
    assert!(matches!(
        request(&mut cluster, &other, 31, RequestKind::Renewing),
        Outcome::Refused(Refusal::Lease(LeaseRefusal::NotAvailable(_)))
    ));
}

#[test]
fn a_reservation_that_cannot_take_effect_is_refused() {
    let mut cluster = Driver::new((20, 40));
    let by_name = create(reservation(
        ClientKey::Identifier(ClientIdentifier::new(b"vm-a").unwrap()),
        ip(50),
    ));
    let refused = ObjectRefusal::IdentifierNotUsed(SUBNET);
    assert!(
        refused
            .to_string()
            .contains("name it by its hardware address")
    );
    assert_eq!(cluster.run(by_name), Outcome::refused(refused));
    assert_eq!(cluster.offered(1, Some(ip(50))), Some(ip(20)));
}

/// As with a reservation, a hardware address means the machine that has it, whatever it calls itself.
#[test]
fn s9_a_forward_to_a_hardware_address_leads_to_a_client_known_by_identifier() {
    let mut cluster = by_identifier((20, 40));
    let machine = named(1, b"vm-a");
    let address = offered(&offer(&mut cluster, &machine));
    let forward = Forward {
        key: tcp(8006),
        target: ForwardTarget::Client {
            subnet: SUBNET,
            client: ClientKey::Hardware(machine.hardware.clone()),
        },
        target_port: 80,
    };
    let added = cluster.add_forward(forward.clone(), false);
    assert_eq!(added, Outcome::Done);
    assert_eq!(forward.resolve(&cluster.state), None, "offered only");
    request(&mut cluster, &machine, 20, RequestKind::Selecting);
    assert_eq!(forward.resolve(&cluster.state), Some(address));
    assert_eq!(cluster.state.nat_view().forwards[0].address, address);
    // The same machine once more, under another name: what it has longest.
    let again = named(1, b"vm-b");
    cluster.wait(60);
    let other = offered(&offer(&mut cluster, &again));
    request(&mut cluster, &again, 21, RequestKind::Selecting);
    assert_eq!(forward.resolve(&cluster.state), Some(other));
    // Another machine's lease is none of its own.
    let neighbour = named(2, b"vm-c");
    offer(&mut cluster, &neighbour);
    request(&mut cluster, &neighbour, 22, RequestKind::Selecting);
    assert_eq!(forward.resolve(&cluster.state), Some(other));
    cluster.wait(3700);
    assert_eq!(forward.resolve(&cluster.state), None, "its leases ended");
}

#[test]
fn s9_a_reservation_by_identifier_is_for_whoever_holds_the_address_under_that_name() {
    let mut cluster = by_identifier((20, 40));
    let holder = named(1, b"vm-a");
    let address = offered(&offer(&mut cluster, &holder));
    let [.., last] = address.octets();
    request(&mut cluster, &holder, last, RequestKind::Selecting);
    let mut reserve = |name: &[u8]| {
        cluster.run(create(reservation(
            ClientKey::Identifier(ClientIdentifier::new(name).unwrap()),
            address,
        )))
    };
    assert!(matches!(
        reserve(b"vm-b"),
        Outcome::Refused(Refusal::Object(ObjectRefusal::Address(
            AddressRefusal::HeldByAnother { .. }
        )))
    ));
    assert_eq!(reserve(b"vm-a"), Outcome::Done);
}
