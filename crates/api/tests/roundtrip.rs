//! What is encoded comes back, equal values are equal bytes, and hostile bytes never panic.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;
mod sample;

use api::DecodeError;
use api::log::{decode_batch, decode_state, encode_batch, encode_state, state_digest};
use api::proto::{log as wire, objects};
use common::{batch, outcome};
use ipam::{Lease, LeaseState, Outcome, RequestId, State};
use proptest::prelude::*;
use prost::Message;
use sample::frozen;

proptest! {
    #[test]
    fn a_batch_comes_back(batch in batch()) {
        let bytes = encode_batch(&batch);
        prop_assert_eq!(&bytes, &encode_batch(&batch.clone()));
        prop_assert_eq!(decode_batch(&bytes).unwrap(), batch);
    }

    /// What is measured before it is proposed must not turn out larger in the log.
    #[test]
    fn size_bound_is_never_below_the_encoded_length(batch in batch()) {
        prop_assert!(encode_batch(&batch).len() <= batch.size_bound());
        for command in &batch.commands {
            let encoded = wire::Command::from(command).encoded_len();
            prop_assert!(encoded <= command.size_bound(), "{encoded} bytes: {command:?}");
            let alone = wire::Command::from(&command.command.clone().of(RequestId(0))).encoded_len();
            prop_assert!(alone <= command.command.size_bound(), "{alone} bytes: {command:?}");
        }
    }

    #[test]
    fn an_outcome_comes_back(outcome in outcome()) {
        let message = wire::Outcome::decode(&wire::Outcome::from(&outcome).encode_to_vec()[..]);
        prop_assert_eq!(Outcome::try_from(message.unwrap()).unwrap(), outcome);
    }

    #[test]
    fn any_bytes_are_a_batch_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        // Whatever decodes must encode to something that decodes to the same.
        if let Ok(batch) = decode_batch(&bytes) {
            prop_assert_eq!(decode_batch(&encode_batch(&batch)).unwrap(), batch);
        }
    }

    #[test]
    fn a_damaged_batch_is_a_batch_or_an_error(
        batch in batch(), position in any::<prop::sample::Index>(), flip in 1..=u8::MAX,
    ) {
        let mut bytes = encode_batch(&batch);
        if !bytes.is_empty() {
            let position = position.index(bytes.len());
            bytes[position] ^= flip;
            if let Ok(batch) = decode_batch(&bytes) {
                prop_assert_eq!(decode_batch(&encode_batch(&batch)).unwrap(), batch);
            }
        }
    }

    #[test]
    fn a_damaged_state_is_a_state_or_an_error(
        position in any::<prop::sample::Index>(), flip in 1..=u8::MAX,
    ) {
        let mut bytes = encode_state(&sample::state());
        let position = position.index(bytes.len());
        bytes[position] ^= flip;
        if let Ok(state) = decode_state(&bytes) {
            prop_assert_eq!(decode_state(&encode_state(&state)).unwrap(), state);
        }
    }
}

#[test]
fn a_state_comes_back_with_its_digest() {
    for state in [State::default(), frozen::state(), sample::state()] {
        let bytes = encode_state(&state);
        let again = decode_state(&bytes).unwrap();
        assert_eq!(again, state);
        assert_eq!(encode_state(&again), bytes);
        assert_eq!(state_digest(&again), state_digest(&state));
    }
    assert_ne!(
        state_digest(&State::default()),
        state_digest(&sample::state())
    );
}

#[test]
fn errors_name_the_field() {
    let command = wire::Command::default();
    let bytes = wire::Batch {
        stamp: None,
        commands: vec![command],
    };
    let error = decode_batch(&bytes.encode_to_vec()).unwrap_err();
    assert!(
        matches!(error, DecodeError::Missing("Command.class")),
        "{error}"
    );

    let mut state = wire::State::from(&frozen::state());
    subnet(&mut state).mtu = 70_000;
    let error = decode_state(&state.encode_to_vec()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "SubnetConfig.mtu is 70000: it must be at most 65535"
    );

    let mut state = wire::State::from(&frozen::state());
    state.leases[0].leases.reverse();
    let error = decode_state(&state.encode_to_vec()).unwrap_err();
    assert!(
        matches!(error, DecodeError::Order("SubnetLeases.leases")),
        "{error}"
    );

    let mut state = wire::State::from(&frozen::state());
    state.forward_policy = 9;
    let error = decode_state(&state.encode_to_vec()).unwrap_err();
    assert!(
        matches!(error, DecodeError::UnknownEnum { value: 9, .. }),
        "{error}"
    );
}

fn subnet(state: &mut wire::State) -> &mut objects::SubnetConfig {
    let object = state.objects[0].object.as_mut().unwrap();
    match object.kind.as_mut() {
        Some(objects::object::Kind::SubnetConfig(subnet)) => subnet,
        other => panic!("subnets come first, and not {other:?}"),
    }
}

#[test]
fn an_offer_to_a_client_that_had_the_address_comes_back_as_one() {
    for returning in [false, true] {
        let state = LeaseState::Offered {
            until: ipam::ClusterTime(7),
            returning,
        };
        let (address, lease) = frozen::state()
            .subnets()
            .values()
            .flat_map(|subnet| subnet.leases().iter())
            .map(|(address, lease)| (address, lease.clone()))
            .next()
            .unwrap();
        let record = (address, Lease { state, ..lease });
        let stored = wire::LeaseRecord::from(&record);
        assert_eq!(<(_, Lease)>::try_from(stored).unwrap(), record);
    }
}
