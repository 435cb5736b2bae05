//! Any bytes as a snapshot file: opened, written again, gone on from.
//!
//! The first byte says whether the rest is a whole file (bit 0 clear), or the content of one that
//! gets a right checksum. What opens keeps every invariant, comes back equal and canonical (S8), and
//! goes on without a panic.
#![no_main]

use ipam::{Batch, ClusterTime, Command, LogPosition, RequestId, Stamp, State, invariant};
use libfuzzer_sys::fuzz_target;
use raft_store::testing::{open_snapshot, seal_snapshot, wrap_snapshot};

/// The clock gets no further (S12).
const LAST_DAYS: ClusterTime = ClusterTime(1 << 62);

fuzz_target!(|data: &[u8]| {
    let Some((first, bytes)) = data.split_first() else {
        return;
    };
    let opened = if first & 1 == 0 {
        open_snapshot(bytes)
    } else {
        open_snapshot(&wrap_snapshot(bytes))
    };
    let Ok((meta, state)) = opened else {
        return;
    };
    invariant::check(&state).expect("a snapshot that opens keeps the invariants");
    let file = seal_snapshot(&meta, &state);
    let (meta_again, state_again) = open_snapshot(&file).expect("what was written can be read");
    assert_eq!(meta_again, meta);
    assert_eq!(state_again, state);
    assert_eq!(seal_snapshot(&meta_again, &state_again), file);
    go_on(state);
});

/// Reads what the daemon reads, and lets all that is due expire.
fn go_on(mut state: State) {
    let _ = state.nat_view();
    while let Some(deadline) = state
        .next_deadline()
        .filter(|deadline| *deadline <= LAST_DAYS)
    {
        let stamp = Stamp {
            term: 1,
            time: deadline,
        };
        let batch = Batch {
            stamp: Some(stamp),
            commands: vec![Command::TICK.of(RequestId(1))],
        };
        state.apply(LogPosition { term: 1, index: 1 }, &batch);
        invariant::check(&state).expect("time passing keeps the invariants");
        assert!(
            state.next_deadline() > Some(deadline) || state.next_deadline().is_none(),
            "what is due is dealt with"
        );
    }
}
