//! What the answer to each call may be.

use super::SMALL;
use crate::limits::{MAX_LONG_ANSWER_BYTES, MAX_NOTES, MAX_SEEN_PACKETS, MAX_SMALL_MESSAGE_BYTES};
use api::objects::OBJECT;
use api::shape::{Field, Kind, Shape};
use ipam::budget::{MAX_BATCH_COMMANDS, MAX_NODES};

/// Parts of objects that outcomes name.
const MAX_ANSWER_PARTS: usize = MAX_LONG_ANSWER_BYTES / 4;
/// The old and the new ones.
const MAX_VOTERS: usize = 2 * MAX_NODES;

const PROPOSE: Shape = Shape {
    bytes: MAX_LONG_ANSWER_BYTES,
    budgets: &[
        (Kind::Outcomes, MAX_BATCH_COMMANDS),
        (Kind::Parts, MAX_ANSWER_PARTS),
    ],
    fields: &[Field::single(
        1,
        &[Field::counted(
            1,
            Kind::Outcomes,
            &[Field::single(4, REFUSAL)],
        )],
    )],
};
/// It names the object that is there instead.
const OBJECT_REFUSAL: &[Field] = &[Field::single(2, OBJECT)];
const REFUSAL: &[Field] = &[
    Field::single(2, OBJECT_REFUSAL),
    Field::single(3, &[Field::single(4, OBJECT_REFUSAL)]),
];
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
        Some("Health") => &HEALTH,
        Some("Explain") => &EXPLAIN,
        _ => &SMALL,
    }
}

#[cfg(test)]
#[path = "answer_tests.rs"]
mod tests;
