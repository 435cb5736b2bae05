//! What the answer to each call may be.

use super::SMALL;
use crate::limits::{MAX_LONG_ANSWER_BYTES, MAX_NOTES, MAX_SEEN_PACKETS, MAX_SMALL_MESSAGE_BYTES};
use api::shape::{Field, Kind, MEMBERSHIP, Shape};
use ipam::budget::{MAX_BATCH_COMMANDS, MAX_NODES};

/// The old and the new ones.
const MAX_VOTERS: usize = 2 * MAX_NODES;

const PROPOSE: Shape = Shape {
    bytes: MAX_LONG_ANSWER_BYTES,
    budgets: &[(Kind::Outcomes, MAX_BATCH_COMMANDS)],
    fields: &[Field::single(1, &[Field::counted(1, Kind::Outcomes, &[])])],
};
const JOIN: Shape = Shape {
    bytes: MAX_SMALL_MESSAGE_BYTES,
    // Two sets of voters are parts, too.
    budgets: &[(Kind::Members, MAX_NODES), (Kind::Parts, 2 + MAX_VOTERS)],
    fields: &[Field::single(1, &[Field::single(2, MEMBERSHIP)])],
};
const HEALTH: Shape = Shape {
    bytes: MAX_SMALL_MESSAGE_BYTES,
    budgets: &[(Kind::Parts, MAX_VOTERS), (Kind::Notes, MAX_NOTES)],
    fields: &[Field::numbers(20), Field::counted(23, Kind::Notes, &[])],
};
const EXPLAIN: Shape = Shape {
    bytes: MAX_LONG_ANSWER_BYTES,
    budgets: &[(Kind::Packets, MAX_SEEN_PACKETS)],
    fields: &[Field::counted(1, Kind::Packets, &[])],
};

/// What the answer to the call by this path may be.
pub(crate) fn of(path: &str) -> &'static Shape {
    match path.rsplit('/').next() {
        Some("Propose") => &PROPOSE,
        Some("Join") => &JOIN,
        Some("Health") => &HEALTH,
        Some("Explain") => &EXPLAIN,
        _ => &SMALL,
    }
}

#[cfg(test)]
#[path = "answer_tests.rs"]
mod tests;
