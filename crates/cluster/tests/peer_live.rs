//! What a lying member may say to a live node, drawn at random: Raft goes on. The fuzz target `peer_live`
//! goes on where this ends.
#![allow(missing_docs, clippy::unwrap_used)]

#[path = "support/live.rs"]
mod live;

/// SplitMix64: the same inputs each time.
fn random(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[test]
fn a_live_node_bears_what_a_member_says() {
    let directory = tempfile::tempdir().unwrap();
    let mut live = live::Live::new(&directory.path().join("data"));
    let mut state = 1;
    for _ in 0..500 {
        let bytes: Vec<u8> = (0..8)
            .flat_map(|_| random(&mut state).to_le_bytes())
            .collect();
        live.play(&bytes);
    }
}
