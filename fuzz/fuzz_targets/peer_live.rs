//! Any bytes as what a lying member says to a live node of openraft: with any numbers, in any message.
//!
//! One node lives through all inputs of a process, in a directory of its own that is left when it ends. The
//! first bytes pick the message, the rest the numbers: mostly those at the edges of what is taken. Raft must
//! go on, and its term stay within what is reached in steps (ADR 0015).
#![no_main]

#[path = "../../crates/cluster/tests/support/live.rs"]
mod live;

use libfuzzer_sys::fuzz_target;
use live::Live;
use std::sync::{LazyLock, Mutex};

static NODE: LazyLock<Mutex<Live>> = LazyLock::new(|| {
    let directory = std::env::temp_dir().join(format!("gatewayd-peer-live-{}", std::process::id()));
    Mutex::new(Live::new(&directory))
});

fuzz_target!(|data: &[u8]| {
    // A panic ends the process, so nobody finds the lock poisoned.
    NODE.lock().expect("the node lives").play(data);
});
