//! What each node says of NAT, into the history: as the watchers saw it, each look once.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use jepsen_tests::history::{Entry, Function, NatStatus, Recorder, Value};
use lab::life::Mood;

use super::Sights;
use crate::names;

const LOOK: Duration = Duration::from_millis(200);

/// Writes it down until the mood is over.
pub fn watch(sights: &Sights, mood: &Mood, recorder: &Recorder) -> Result<()> {
    let mut written: BTreeMap<u8, Instant> = BTreeMap::new();
    while !mood.is_over() {
        for (node, seen, in_sync) in sights.nat() {
            if written.insert(node, seen) == Some(seen) {
                continue;
            }
            let node = names::node(node);
            let value = Value::Nat(NatStatus { in_sync });
            let entry = Entry::seen(Function::Nat, Some(&node), value);
            recorder
                .record_at(entry, recorder.clock().at(seen))
                .context("writing the history")?;
        }
        std::thread::sleep(LOOK);
    }
    Ok(())
}
