//! Members that were removed are part of the state: in snapshots, and in the digest that nodes compare (S8).
#![allow(missing_docs, clippy::unwrap_used)]

use api::log::{decode_state, encode_state, state_digest};
use ipam::{MAX_REMOVED, MemberKey, NodeId, State};

fn member(node: u64, key: Option<u8>) -> MemberKey {
    MemberKey {
        node: NodeId(node),
        key: key.map(|key| [key; 32]),
    }
}

#[test]
fn removed_members_come_back_from_a_snapshot() {
    let mut state = State::default();
    let before = state_digest(&state);
    state.change_members(&[member(2, Some(2)), member(3, None)], &[member(1, None)]);
    assert_ne!(state_digest(&state), before);
    let again = decode_state(&encode_state(&state)).unwrap();
    assert_eq!(again, state);
    assert!(again.removed().has_key(&[2; 32]));
    assert!(again.removed().as_slice().len() <= MAX_REMOVED);
}
