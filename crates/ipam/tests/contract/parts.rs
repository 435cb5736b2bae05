//! Every kind of object through a snapshot, each within its limit, and parts that no state has (S8, S12).

use crate::support::*;
use ipam::budget::{Item, MAX_SUBNETS, OverBudget};
use ipam::*;
use std::collections::BTreeSet;
use std::net::Ipv4Addr;

const REVISION: Revision = Revision {
    created: 1,
    changed: 1,
};

fn stored(object: impl Into<AnyObject>) -> Stored<AnyObject> {
    Stored {
        object: object.into(),
        revision: REVISION,
    }
}

/// What is said to parts with these objects beside those of a new cluster.
fn refused_with(objects: impl IntoIterator<Item = AnyObject>) -> InvalidState {
    let mut parts = Driver::new((20, 254)).state.to_parts();
    parts.objects.extend(objects.into_iter().map(stored));
    State::from_parts(parts).unwrap_err()
}

fn invalid(key: AnyKey, source: impl Into<ObjectRefusal>) -> InvalidState {
    let source = Box::new(source.into());
    InvalidState::Object { key, source }
}

fn mac(number: u32) -> ClientKey {
    let [a, b, c, d] = number.to_be_bytes();
    ClientKey::Hardware(HardwareAddress::ethernet([2, 0, a, b, c, d]))
}

/// As many of a kind as its limit are taken from a snapshot, and one more neither there nor from an
/// operator.
fn assert_limit_holds<T: Registered>(cluster: &Driver, object: impl Fn(usize) -> T) {
    let there = T::table(cluster.state.objects()).len();
    let mut parts = cluster.state.to_parts();
    let rest = (there..T::LIMIT).map(|number| stored(object(number)));
    parts.objects.extend(rest);
    let full = State::from_parts(parts.clone()).unwrap();
    assert_eq!(T::table(full.objects()).len(), T::LIMIT);

    let over = OverBudget::TooMany {
        what: Item::Objects(T::KIND),
        limit: T::LIMIT,
    };
    let more = object(T::LIMIT);
    let mut cluster = cluster.on(full);
    let refused = Outcome::refused(ObjectRefusal::from(over));
    assert_eq!(cluster.run(create(more.clone())), refused);
    parts.objects.push(stored(more.clone()));
    let refused = invalid(T::any_key(more.key()), over);
    assert_eq!(State::from_parts(parts), Err(refused));
}

#[test]
fn samples_are_of_every_kind_and_within_the_budget() {
    let samples = AnyObject::samples();
    let kinds: BTreeSet<Kind> = samples.iter().map(|sample| sample.key().kind()).collect();
    assert_eq!(kinds, Kind::ALL.iter().copied().collect());
    for sample in samples {
        assert_eq!(create(sample).check_budget(), Ok(()));
    }
}

/// After each, since some take the place of others.
#[test]
fn s8_every_sample_is_what_it_was_after_a_snapshot() {
    let mut cluster = Driver::new((20, 254));
    cluster.put(second_subnet());
    for sample in AnyObject::samples() {
        let key = sample.key();
        assert_eq!(cluster.put(sample.clone()), Outcome::Done, "{sample:?}");
        let restored = State::from_parts(cluster.state.to_parts()).unwrap();
        assert_eq!(restored, cluster.state);
        assert_eq!(restored.objects().get(&key).unwrap().object, sample);
    }
    let kinds = cluster.state.objects().iter();
    let kinds: BTreeSet<Kind> = kinds.map(|stored| stored.object.key().kind()).collect();
    assert_eq!(kinds.len(), Kind::ALL.len());
}

#[test]
fn s12_number_of_subnets_bounded() {
    let cluster = Driver::new((20, 254));
    let subnet = |number| other_subnet(u16::try_from(number).unwrap());
    assert_limit_holds::<SubnetConfig>(&cluster, subnet);
}

#[test]
fn s12_number_of_forwards_bounded() {
    let cluster = Driver::new((20, 254));
    let forward = |number| forward_to(tcp(10_000 + u16::try_from(number).unwrap()), 30);
    assert_limit_holds::<Forward>(&cluster, forward);
}

#[test]
fn s12_number_of_reservations_bounded() {
    let mut cluster = Driver::new((20, 254));
    let first = u32::from(Ipv4Addr::new(12, 0, 0, 0));
    let at = |number| Ipv4Addr::from(first + number);
    let large = SubnetConfig {
        id: SubnetId(2),
        network: Ipv4Network::new(at(0), 14).unwrap(),
        router: at(1),
        pool: AddressRange::new(at(20), at(29)).unwrap(),
        ..config((20, 254))
    };
    assert_eq!(cluster.put(large), Outcome::Done);
    let reservation = |number| {
        let number = u32::try_from(number).unwrap();
        Reservation {
            subnet: SubnetId(2),
            client: mac(number),
            address: at(2 + number),
        }
    };
    assert_limit_holds::<Reservation>(&cluster, reservation);
}

/// There is one a subnet, and no more subnets than that.
#[test]
fn s12_number_of_source_nat_rules_bounded_by_that_of_subnets() {
    assert_eq!(SourceNatRule::LIMIT, MAX_SUBNETS);
    let rule = |subnet| SourceNatRule {
        subnet,
        source_nat: SourceNat::Masquerade,
    };
    let mut cluster = Driver::new((20, 254));
    let mut parts = cluster.state.to_parts();
    for number in 1..u16::try_from(MAX_SUBNETS).unwrap() {
        let subnet = other_subnet(number);
        let rule = rule(subnet.id);
        parts.objects.extend([stored(subnet), stored(rule)]);
    }
    cluster.state = State::from_parts(parts).unwrap();
    let rules = cluster.state.objects().source_nat.len();
    assert_eq!(rules, SourceNatRule::LIMIT);
    let unknown = ObjectRefusal::UnknownSubnet(SubnetId(999));
    let more = cluster.run(create(rule(SubnetId(999))));
    assert_eq!(more, Outcome::refused(unknown));
}

#[test]
fn s8_two_objects_of_one_key_are_no_state() {
    let forward = |last| AnyObject::from(forward_to(tcp(8080), last));
    let second = AnyObject::from(second_subnet());
    let rule = AnyObject::from(SourceNatRule {
        subnet: SUBNET,
        source_nat: SourceNat::Masquerade,
    });
    let reserved = AnyObject::from(reservation(key(1), ip(50)));
    let twice = |object: AnyObject| refused_with([object.clone(), object]);
    assert_eq!(twice(second), InvalidState::Duplicate("subnets"));
    assert_eq!(twice(reserved), InvalidState::Duplicate("reservations"));
    assert_eq!(
        refused_with([rule]),
        InvalidState::Duplicate("source NAT rules"),
        "the bootstrap laid one down"
    );
    assert_eq!(
        refused_with([forward(30), forward(31)]),
        InvalidState::Duplicate("port forwards")
    );
}

#[test]
fn s8_objects_that_contradict_the_subnets_are_no_state() {
    let foreign = Ipv4Addr::new(192, 0, 2, 7);
    assert_eq!(
        refused_with([reservation(key(1), foreign).into()]),
        invalid(reservation_key(1), AddressRefusal::NotInSubnet(foreign))
    );
    let twice_reserved = [1, 2].map(|client| reservation(key(client), ip(50)).into());
    let taken = AddressRefusal::ReservedForAnother {
        address: ip(50),
        client: key(1),
    };
    assert_eq!(
        refused_with(twice_reserved),
        invalid(reservation_key(2), taken)
    );
    let nowhere = SourceNatRule {
        subnet: SubnetId(9),
        source_nat: SourceNat::Masquerade,
    };
    assert_eq!(
        refused_with([nowhere.into()]),
        invalid(
            AnyKey::SourceNatRule(SubnetId(9)),
            ObjectRefusal::UnknownSubnet(SubnetId(9))
        )
    );
    let overlapping = SubnetConfig {
        id: SubnetId(2),
        ..config((20, 254))
    };
    assert_eq!(
        refused_with([overlapping.into()]),
        invalid(
            AnyKey::SubnetConfig(SubnetId(2)),
            ObjectRefusal::Overlap(SUBNET)
        )
    );
    assert_eq!(
        refused_with([forward_to(tcp(0), 30).into()]),
        invalid(AnyKey::Forward(tcp(0)), ObjectRefusal::PortZero)
    );
}

#[test]
fn s8_leases_of_no_subnet_are_no_state() {
    let mut parts = Driver::new((20, 254)).state.to_parts();
    parts.leases.push(SubnetLeases {
        subnet: SubnetId(9),
        leases: Vec::new(),
        past_grants: Vec::new(),
    });
    let refused = InvalidState::NoSubnet(SubnetId(9));
    assert_eq!(State::from_parts(parts), Err(refused));
}
