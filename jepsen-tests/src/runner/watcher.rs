//! Looks at one node again and again: its status for the nemeses, the progress line and the history, its
//! lease table for the history.
//!
//! A table is recorded with the log index that it belongs to. Two calls of the tool are not one
//! moment: if the index was not the same before and after, the leases are recorded with both, and without
//! a digest. The digest is of what the tool printed, but for the time that leases have left: the rest is replicated
//! state.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use jepsen_tests::history::{Entry, Function, LeaseRow, LeaseState, NodeState, Recorder, Value};
use lab::gateway::{Control, Lease, Status};
use lab::life::Mood;

use super::Sights;
use super::statuses::Statuses;
use crate::names;

/// Between two looks at the status.
const LOOK: Duration = Duration::from_millis(500);
/// Between two looks at the table.
const TABLE: Duration = Duration::from_secs(4);
/// A node that is stopped does not answer; `--timeout` of the tool, in seconds.
const TIMEOUT_SECONDS: &str = "1";
/// The tables that make a digest.
const TABLES: [&str; 3] = ["lease", "reservation", "forward"];

/// Looks until the mood is over. What a node does not answer is not recorded.
pub fn watch(control: &Control, mood: &Mood, sights: &Sights, recorder: &Recorder) -> Result<()> {
    let mut next_table = Instant::now() + TABLE;
    let mut statuses = Statuses::of(control);
    while !mood.is_over() {
        if let Some(status) = statuses.look(recorder)? {
            sights.note(control.node(), status);
        }
        if Instant::now() >= next_table {
            next_table = Instant::now() + TABLE;
            if let Some(entry) = read_table(control, Function::State, recorder) {
                recorder.record(entry).context("writing the history")?;
            }
        }
        std::thread::sleep(LOOK);
    }
    Ok(())
}

/// A node's status, soon or not at all.
pub fn status(control: &Control) -> Result<Status> {
    control.status_within(TIMEOUT_SECONDS)
}

/// A node's table, if it could be had.
pub fn read_table(control: &Control, function: Function, recorder: &Recorder) -> Option<Entry> {
    let asked = recorder.clock().now();
    let before = status(control).ok()?;
    let [leases, reservations, forwards] = TABLES.map(|what| list(control, what));
    let (leases, reservations, forwards) = (leases?, reservations?, forwards?);
    let after = status(control).ok()?;
    // It was started anew in between, and reads its log again.
    if after.last_applied < before.last_applied {
        return None;
    }
    let is_exact = before.last_applied == after.last_applied;
    let rows: Vec<Lease> = serde_json::from_str(&leases).ok()?;
    let replicated = without_countdown(&leases)?;
    let state = NodeState {
        applied: before.last_applied,
        applied_at_most: (!is_exact).then_some(after.last_applied),
        digest: is_exact.then(|| digest(&[&replicated, &reservations, &forwards])),
        asked,
        leases: Some(rows.iter().filter_map(row).collect()),
    };
    let node = names::node(control.node());
    Some(Entry::seen(function, Some(&node), Value::NodeState(state)))
}

fn list(control: &Control, what: &str) -> Option<String> {
    let words = [what, "list", "--json", "--timeout", TIMEOUT_SECONDS];
    let answer = control.attempt(&words).ok()?;
    (answer.code == Some(0)).then_some(answer.output)
}

/// The leases without what each node counts down by itself, for people alone.
fn without_countdown(leases: &str) -> Option<String> {
    let mut rows: Vec<serde_json::Map<String, serde_json::Value>> =
        serde_json::from_str(leases).ok()?;
    for row in &mut rows {
        row.remove("expires_in_seconds");
    }
    serde_json::to_string(&rows).ok()
}

fn row(lease: &Lease) -> Option<LeaseRow> {
    let state = LeaseState::parse(&lease.state)?;
    Some(LeaseRow {
        address: lease.address,
        client: (state != LeaseState::Quarantined).then(|| lease.client.clone()),
        state,
    })
}

/// FNV-1a of 64 bits: enough to see a difference that nobody makes on purpose.
fn digest(parts: &[&str]) -> String {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in parts.iter().flat_map(|part| part.bytes()) {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    }
    format!("{hash:016x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_countdown_is_no_difference_and_an_address_is() {
        let row = |address: &str, left: u32| {
            format!(r#"[{{"address":"{address}","expires_in_seconds":{left}}}]"#)
        };
        let of = |address, left| without_countdown(&row(address, left));
        assert_eq!(of("10.15.3.20", 5), of("10.15.3.20", 6));
        assert_ne!(of("10.15.3.20", 5), of("10.15.3.21", 5));
        assert_eq!(without_countdown("no rows"), None);
    }

    #[test]
    fn a_digest_sees_every_byte() {
        assert_eq!(digest(&["a", "b"]), digest(&["ab"]));
        assert_ne!(digest(&["ab"]), digest(&["ba"]));
    }
}
