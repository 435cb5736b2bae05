//! Every kind of object is a message, and its number is its kind's. Whoever adds a kind changes nothing
//! here.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;
mod sample;

use api::DecodeError;
use api::log::{decode_batch, decode_state};
use api::objects::kind_of_number;
use api::proto::log as wire_log;
use api::proto::objects as wire;
use common::oneof::{fields, number, numbers};
use ipam::{AnyKey, AnyObject, InvalidState, Kind, Revision, Stored, SubnetId};
use prost::Message;
use sample::frozen;
use wire_log::command::Class;
use wire_log::object_command::{Change, Delete, Replace};

/// What a reader has of a message.
fn sent<M: Message + Default>(message: &M) -> M {
    M::decode(&message.encode_to_vec()[..]).unwrap()
}

#[test]
fn every_sample_comes_back() {
    for object in AnyObject::samples() {
        let message = wire::Object::from(&object);
        assert_eq!(AnyObject::try_from(sent(&message)).unwrap(), object);
        let key = object.key();
        let message = wire::Key::from(&key);
        assert_eq!(AnyKey::try_from(sent(&message)).unwrap(), key);
        let stored = Stored {
            object,
            revision: Revision {
                created: 3,
                changed: 1 << 40,
            },
        };
        let message = wire::StoredObject::from(&stored);
        let again = Stored::<AnyObject>::try_from(sent(&message)).unwrap();
        assert_eq!(again, stored);
    }
}

#[test]
fn every_kind_has_samples() {
    for kind in Kind::ALL {
        let samples = AnyObject::samples();
        assert!(samples.iter().any(|sample| sample.key().kind() == *kind));
    }
}

#[test]
fn every_kind_has_its_number_in_messages() {
    for object in AnyObject::samples() {
        let kind = object.key().kind() as u32;
        assert_eq!(number(&wire::Object::from(&object)), kind);
        assert_eq!(number(&wire::Key::from(&object.key())), kind);
    }
    // Of these, and of no other; a key by the name of its object.
    let kinds = Kind::ALL.iter().map(|kind| *kind as u32);
    assert_eq!(numbers("Object"), kinds.collect());
    assert_eq!(fields("Object"), fields("Key"));
    for kind in Kind::ALL {
        assert_eq!(kind_of_number(*kind as u32), Some(*kind));
    }
    assert_eq!(kind_of_number(0), None);
}

#[test]
fn an_object_without_a_kind_is_refused() {
    let object = wire::Object { kind: None };
    let error = AnyObject::try_from(object.clone()).unwrap_err();
    assert!(
        matches!(error, DecodeError::Missing("Object.kind")),
        "{error}"
    );
    let key = wire::Key { kind: None };
    let error = AnyKey::try_from(key.clone()).unwrap_err();
    assert!(matches!(error, DecodeError::Missing("Key.kind")), "{error}");
    assert_eq!(missing(Change::Create(object.clone())), "Object.kind");
    let expected = None;
    let replace = |object| Change::Replace(Replace { object, expected });
    assert_eq!(missing(replace(Some(object))), "Object.kind");
    assert_eq!(missing(replace(None)), "Replace.object");
    let delete = |key| Change::Delete(Delete { key, expected });
    assert_eq!(missing(delete(Some(key))), "Key.kind");
    assert_eq!(missing(delete(None)), "Delete.key");
}

/// What a batch with this change lacks.
fn missing(change: Change) -> &'static str {
    let operator = Some(wire_log::Operator::default());
    missing_of(wire_log::ObjectCommand {
        operator,
        force: false,
        change: Some(change),
    })
}

fn missing_of(command: wire_log::ObjectCommand) -> &'static str {
    let class = Some(Class::Object(command));
    let batch = wire_log::Batch {
        stamp: None,
        commands: vec![wire_log::Command { class, request: 7 }],
    };
    match decode_batch(&batch.encode_to_vec()) {
        Err(DecodeError::Missing(field)) => field,
        other => panic!("something is missing, but {other:?}"),
    }
}

#[test]
fn a_change_without_an_operator_or_an_object_is_refused() {
    let change = Some(Change::Create((&AnyObject::samples()[0]).into()));
    let without_operator = wire_log::ObjectCommand {
        operator: None,
        force: false,
        change,
    };
    assert_eq!(missing_of(without_operator), "ObjectCommand.operator");
    let without_change = wire_log::ObjectCommand {
        operator: Some(wire_log::Operator::default()),
        force: true,
        change: None,
    };
    assert_eq!(missing_of(without_change), "ObjectCommand.change");
}

/// A newer release may know kinds that this one does not.
#[test]
fn a_kind_of_a_newer_release_is_refused() {
    let newest = Kind::ALL.iter().map(|kind| *kind as u32).max().unwrap();
    let mut bytes = Vec::new();
    prost::encoding::bytes::encode(newest + 1, &b"new".to_vec(), &mut bytes);
    let object = wire::Object::decode(&bytes[..]).unwrap();
    let error = AnyObject::try_from(object).unwrap_err();
    assert!(
        matches!(error, DecodeError::Missing("Object.kind")),
        "{error}"
    );
}

/// Why a state is refused that was the frozen one, before it was changed.
fn refused(change: impl FnOnce(&mut wire_log::State)) -> DecodeError {
    let mut state = wire_log::State::from(&frozen::state());
    change(&mut state);
    decode_state(&state.encode_to_vec()).unwrap_err()
}

#[test]
fn objects_of_a_state_are_in_order_and_there_once() {
    let out_of_order = refused(|state| state.objects.swap(1, 2));
    let kinds_out_of_order = refused(|state| state.objects.reverse());
    let twice = refused(|state| {
        let first = state.objects[0].clone();
        state.objects.insert(1, first);
    });
    // The key counts, not what it stands for.
    let two_of_one_key = refused(|state| {
        let mut other = state.objects[0].clone();
        other.changed += 1;
        state.objects.insert(1, other);
    });
    for error in [out_of_order, kinds_out_of_order, twice, two_of_one_key] {
        assert!(
            matches!(error, DecodeError::Order("State.objects")),
            "{error}"
        );
    }
}

#[test]
fn a_stored_object_without_an_object_is_refused() {
    let error = refused(|state| state.objects[0].object = None);
    assert!(
        matches!(error, DecodeError::Missing("StoredObject.object")),
        "{error}"
    );
}

#[test]
fn leases_of_a_subnet_that_is_not_there_are_refused() {
    let error = refused(|state| state.leases[0].subnet = 8);
    let DecodeError::State(error) = error else {
        panic!("the records do not make a state, but {error}");
    };
    assert_eq!(error, InvalidState::NoSubnet(SubnetId(8)));
    let error = refused(|state| {
        let again = state.leases[0].clone();
        state.leases.push(again);
    });
    assert!(
        matches!(error, DecodeError::Order("State.leases")),
        "{error}"
    );
}

/// What refers to a subnet needs it.
#[test]
fn objects_of_a_subnet_that_is_not_there_are_refused() {
    let error = refused(|state| {
        state.objects.remove(0);
        state.leases.clear();
    });
    let DecodeError::State(InvalidState::Object { key, .. }) = error else {
        panic!("the first object is not valid, but {error}");
    };
    assert_eq!(key.kind(), Kind::Reservation);
}
