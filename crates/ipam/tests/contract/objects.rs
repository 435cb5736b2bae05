//! What operators agree on changes one object at a time, or not at all, alike for every kind.

use crate::support::*;
use ipam::*;

fn forward() -> AnyKey {
    AnyKey::Forward(tcp(8080))
}

/// One forward, of TCP 8080 to .30.
fn cluster() -> Driver {
    let mut cluster = Driver::new((20, 254));
    assert_eq!(
        cluster.put(forward_to(tcp(8080), 30)),
        Outcome::Done,
        "the first"
    );
    cluster
}

fn revision(cluster: &Driver, key: &AnyKey) -> Revision {
    cluster.state.objects().get(key).unwrap().revision
}

fn changes(events: Vec<Event>) -> Vec<EventKind> {
    events.into_iter().map(|event| event.kind).collect()
}

fn changed(key: AnyKey, change: ObjectChange) -> Vec<EventKind> {
    vec![EventKind::Object { key, change }]
}

/// Each sample after the other, so that some take the place of others.
#[test]
fn create_the_same_again_is_done_and_no_event() {
    for object in AnyObject::samples() {
        let mut cluster = Driver::new((20, 254));
        cluster.put(second_subnet());
        assert_eq!(cluster.put(object.clone()), Outcome::Done, "{object:?}");
        let before = cluster.state.objects().clone();
        let effects = cluster.effects(vec![create(object.clone())]);
        assert_eq!(effects.outcomes, [Outcome::Done], "{object:?}");
        assert_eq!(effects.events, []);
        assert_eq!(cluster.state.objects(), &before, "revisions and all");
    }
}

/// Whoever was not told of the outcome asks again, also when the answer would be another by now.
#[test]
fn create_the_same_again_is_done_though_it_would_be_refused_now() {
    let mut cluster = cluster();
    let listeners = [(tcp(8080), Listener::Other)].into();
    cluster.register_with(1, ip(10), listeners);
    assert!(matches!(
        cluster.run(replace(forward_to(tcp(8080), 31), None)),
        Outcome::Refused(Refusal::Object(ObjectRefusal::PortInUse { .. }))
    ));
    let again = cluster.add_forward(forward_to(tcp(8080), 30), false);
    assert_eq!(again, Outcome::Done);
}

#[test]
fn s9_create_of_a_taken_key_says_who_has_it() {
    let mut cluster = cluster();
    let subnet = SubnetConfig {
        mtu: 1400,
        ..config((20, 254))
    };
    let reserved = reservation(key(1), ip(50));
    let rule = |source_nat| SourceNatRule {
        subnet: SUBNET,
        source_nat,
    };
    cluster.put(reserved.clone());
    let pairs: [(AnyObject, AnyObject); 4] = [
        (config((20, 254)).into(), subnet.into()),
        (reserved.into(), reservation(key(1), ip(51)).into()),
        (
            rule(SourceNat::Masquerade).into(),
            rule(SourceNat::Snat(ip(2))).into(),
        ),
        (
            forward_to(tcp(8080), 30).into(),
            forward_to(tcp(8080), 31).into(),
        ),
    ];
    for (there, other) in pairs {
        let before = cluster.state.objects().clone();
        let effects = cluster.effects(vec![create(other)]);
        let exists = ObjectRefusal::Exists(Box::new(there));
        assert_eq!(effects.outcomes, [Outcome::refused(exists)]);
        assert_eq!(effects.events, []);
        assert_eq!(cluster.state.objects(), &before);
    }
}

#[test]
fn replace_keeps_when_it_was_made_and_moves_when_it_changed() {
    let mut cluster = cluster();
    let made = revision(&cluster, &forward());
    assert_eq!(made.created, cluster.index);
    assert_eq!(made.changed, cluster.index);
    let replaced = replace(forward_to(tcp(8080), 31), Some(made.changed));
    let events = cluster.events(replaced);
    assert_eq!(changes(events), changed(forward(), ObjectChange::Replaced));
    let now = revision(&cluster, &forward());
    let expected = Revision {
        created: made.created,
        changed: cluster.index,
    };
    assert_eq!(now, expected);
    assert_ne!(now.changed, made.changed);
    let kept = &cluster.state.objects().forwards[&tcp(8080)].object;
    assert_eq!(*kept, forward_to(tcp(8080), 31));
}

#[test]
fn replace_by_the_same_is_done_and_no_event() {
    let mut cluster = cluster();
    let before = revision(&cluster, &forward());
    let same = replace(forward_to(tcp(8080), 30), Some(before.changed));
    let effects = cluster.effects(vec![same]);
    assert_eq!(effects.outcomes, [Outcome::Done]);
    assert_eq!(effects.events, []);
    assert_eq!(revision(&cluster, &forward()), before);
}

#[test]
fn a_change_meant_for_another_revision_refused_and_nothing_changes() {
    let mut cluster = cluster();
    let first = revision(&cluster, &forward()).changed;
    cluster.put(forward_to(tcp(8080), 31));
    let found = revision(&cluster, &forward()).changed;
    let before = cluster.state.objects().clone();
    for expected in [first, found + 1, 0] {
        let refusal = ObjectRefusal::RevisionChanged {
            key: forward(),
            expected,
            found,
        };
        for stale in [
            replace(forward_to(tcp(8080), 32), Some(expected)),
            replace(forward_to(tcp(8080), 31), Some(expected)),
            delete(forward(), Some(expected)),
        ] {
            let effects = cluster.effects(vec![stale]);
            assert_eq!(effects.outcomes, [Outcome::refused(refusal.clone())]);
            assert_eq!(effects.events, []);
            assert_eq!(cluster.state.objects(), &before);
        }
    }
    let meant = delete(forward(), Some(found));
    assert_eq!(cluster.run(meant), Outcome::Done);
}

/// A key that comes back is another object: what was meant for the first is refused.
#[test]
fn delete_and_create_begin_a_new_revision() {
    let mut cluster = cluster();
    let first = revision(&cluster, &forward());
    let events = cluster.events(delete(forward(), Some(first.changed)));
    assert_eq!(changes(events), changed(forward(), ObjectChange::Deleted));
    let events = cluster.events(create(forward_to(tcp(8080), 30)));
    assert_eq!(changes(events), changed(forward(), ObjectChange::Created));
    let second = revision(&cluster, &forward());
    assert!(first.changed < second.created);
    assert_eq!(second.created, second.changed);
    assert!(matches!(
        cluster.run(delete(forward(), Some(first.changed))),
        Outcome::Refused(Refusal::Object(ObjectRefusal::RevisionChanged { .. }))
    ));
}

#[test]
fn change_of_what_is_not_there_refused() {
    let mut cluster = Driver::new((20, 254));
    let is_there = |key: &AnyKey, state: &State| state.objects().get(key).is_some();
    let keys = AnyObject::samples().into_iter().map(|sample| sample.key());
    let missing: Vec<AnyKey> = keys.filter(|key| !is_there(key, &cluster.state)).collect();
    assert!(missing.len() > 2);
    for key in missing {
        for expected in [None, Some(1)] {
            let effects = cluster.effects(vec![delete(key.clone(), expected)]);
            let not_found = ObjectRefusal::NotFound(key.clone());
            assert_eq!(effects.outcomes, [Outcome::refused(not_found)]);
            assert_eq!(effects.events, []);
        }
    }
    let replaced = cluster.run(replace(forward_to(tcp(8080), 30), None));
    let not_found = ObjectRefusal::NotFound(forward());
    assert_eq!(replaced, Outcome::refused(not_found));
}

#[test]
fn change_before_bootstrap_refused() {
    let mut cluster = Driver::new((20, 254));
    cluster.state = State::default();
    for sample in AnyObject::samples() {
        let refused = Outcome::refused(ObjectRefusal::NotBootstrapped);
        assert_eq!(
            cluster.run(Change::Create(sample).by(Operator::default()).into()),
            refused
        );
    }
    assert_eq!(cluster.state.objects(), &Objects::default());
}

#[test]
fn events_name_who_made_the_change() {
    let mut cluster = cluster();
    let by = |events: Vec<Event>| {
        let actors = events.into_iter().map(|event| event.actor);
        actors.collect::<Vec<_>>()
    };
    let offer = Command::from(Driver::offer_of(1, &[]));
    assert_eq!(by(cluster.events(offer.clone())), [Actor::Node(NODE)]);
    let member = registration(2, [(SUBNET, ip(11))].into());
    assert_eq!(
        by(cluster.events(member.into())),
        [Actor::Node(NodeId(2))],
        "for itself"
    );
    let asked = Actor::Operator(operator());
    let revoke = ClusterCommand::RevokeLease {
        operator: operator(),
        subnet: SUBNET,
        address: ip(20),
    };
    let revoked = by(cluster.events(revoke.into()));
    assert_eq!(revoked, std::slice::from_ref(&asked));
    let removed = ClusterCommand::RemoveNode(NodeId(2));
    assert_eq!(by(cluster.events(removed.into())), [Actor::Cluster]);

    // One batch: time comes first, and each command's events are its asker's.
    cluster.obtain(3);
    cluster.now += 4_000_000;
    let batch = vec![offer, delete(forward(), None), Command::TICK];
    let effects = cluster.effects(batch);
    let [expired, offered, deleted] = effects.events.as_slice() else {
        panic!("{:?}", effects.events)
    };
    assert!(matches!(expired.kind, EventKind::LeaseExpired { .. }));
    assert_eq!(expired.actor, Actor::Cluster);
    assert_eq!(offered.actor, Actor::Node(NODE));
    assert_eq!(deleted.actor, asked);
}

#[test]
fn s9_a_reservation_that_is_replaced_frees_its_old_address() {
    let mut cluster = Driver::new((20, 21));
    assert_eq!(cluster.reserve(1, ip(20)), Outcome::Done);
    let moved = replace(reservation(key(1), ip(21)), None);
    assert_eq!(cluster.run(moved), Outcome::Done);
    let kept = cluster.state.subnets()[&SUBNET].reservations();
    assert_eq!(kept.address_of(&key(1)), Some(ip(21)));
    assert_eq!(kept.client_of(ip(20)), None);
    assert_eq!(kept.len(), 1);
    assert_eq!(cluster.obtain(2), Some(ip(20)));
    assert_eq!(cluster.obtain(3), None, "the other one is kept");
    assert_eq!(cluster.obtain(1), Some(ip(21)));
}

#[test]
fn s9_a_reservation_is_not_moved_to_what_is_anothers() {
    let mut cluster = Driver::new((20, 40));
    assert_eq!(cluster.reserve(1, ip(20)), Outcome::Done);
    assert_eq!(cluster.reserve(2, ip(21)), Outcome::Done);
    assert_eq!(cluster.obtain(3), Some(ip(22)));
    let before = cluster.state.subnets().clone();
    for (last, refusal) in [
        (
            21,
            AddressRefusal::ReservedForAnother {
                address: ip(21),
                client: key(2),
            },
        ),
        (
            22,
            AddressRefusal::HeldByAnother {
                address: ip(22),
                holder: key(3),
            },
        ),
    ] {
        let moved = replace(reservation(key(1), ip(last)), None);
        assert_eq!(cluster.run(moved), object_address_refused(refusal));
        assert_eq!(cluster.state.subnets(), &before);
    }
}
