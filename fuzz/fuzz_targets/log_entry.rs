//! Any bytes as a record of the log: opened, written again, applied.
//!
//! The first byte says whether the rest is a whole record (bit 0 clear), or the content of one that
//! gets a right checksum. What decodes must come back equal, and canonical (S8). Applied to a state
//! that has something of everything, it must leave one that keeps the invariants and can be stored.
#![no_main]

#[path = "../../crates/api/tests/sample/mod.rs"]
mod sample;

use api::log::{decode_state, encode_state};
use api::proto::storage as wire;
use ipam::{ClusterTime, LogPosition, State, invariant};
use libfuzzer_sys::fuzz_target;
use prost::Message;
use raft_store::testing::{open_record, seal_record, wrap_record};
use raft_store::{Entry, Payload};
use std::sync::LazyLock;

/// No peer's stamp is taken from there on (S12), so that nothing ends after the clock does.
const LAST_DAYS: ClusterTime = ClusterTime(1 << 62);

static SAMPLE: LazyLock<State> = LazyLock::new(sample::state);

fuzz_target!(|data: &[u8]| {
    let Some((first, bytes)) = data.split_first() else {
        return;
    };
    let found = if first & 1 == 0 {
        open_record(u64::from(first >> 1), bytes)
    } else {
        let index = index_of(bytes);
        open_record(index, &wrap_record(index, bytes))
    };
    if let Ok(entry) = found {
        comes_back(&entry);
        apply(&entry);
    }
});

/// Where the content says that it belongs.
fn index_of(content: &[u8]) -> u64 {
    let log_id = wire::Entry::decode(content)
        .ok()
        .and_then(|entry| entry.log_id);
    log_id.map_or(0, |log_id| log_id.index)
}

fn comes_back(entry: &Entry) {
    let Ok(record) = seal_record(entry) else {
        return;
    };
    let again = open_record(entry.log_id.index, &record).expect("what was written can be read");
    assert_eq!(again, *entry);
    assert_eq!(seal_record(&again).expect("as before"), record);
}

fn apply(entry: &Entry) {
    let Payload::Normal(batch) = &entry.payload else {
        return;
    };
    if batch.stamp.is_some_and(|stamp| stamp.time > LAST_DAYS) {
        return;
    }
    let position = LogPosition {
        term: entry.log_id.leader_id.term,
        index: entry.log_id.index,
    };
    for mut state in [State::default(), SAMPLE.clone()] {
        let effects = state.apply(position, batch);
        assert_eq!(effects.outcomes.len(), batch.commands.len());
        invariant::check(&state).expect("apply keeps the invariants");
        let stored = decode_state(&encode_state(&state)).expect("what is stored can be read");
        assert_eq!(stored, state);
    }
}
