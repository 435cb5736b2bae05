//! What each call may be.

use super::SMALL;
use crate::limits::{
    MAX_APPEND_COMMANDS, MAX_APPEND_MEMBERS, MAX_CALL_PARTS, MAX_ENTRIES, MAX_MESSAGE_BYTES,
    MAX_NOTES, MAX_SMALL_MESSAGE_BYTES,
};
use api::objects::{OBJECT, SUBNET_CONFIG};
use api::shape::{Field, Kind, MEMBERSHIP, NODE_REGISTRATION, Shape};
use ipam::budget::MAX_BATCH_COMMANDS;

/// Objects that are created or replaced; the subnet of a Bootstrap, a NodeRegistration.
const COMMAND: &[Field] = &[
    Field::single(
        2,
        &[
            Field::single(3, OBJECT),
            Field::single(4, &[Field::single(1, OBJECT)]),
        ],
    ),
    Field::single(
        3,
        &[
            Field::single(1, &[Field::single(2, SUBNET_CONFIG)]),
            Field::single(2, NODE_REGISTRATION),
        ],
    ),
];
const ENTRY: &[Field] = &[
    Field::single(3, &[Field::counted(2, Kind::Commands, COMMAND)]),
    Field::single(4, MEMBERSHIP),
];
const APPEND: Shape = Shape {
    bytes: MAX_MESSAGE_BYTES,
    budgets: &[
        (Kind::Entries, MAX_ENTRIES),
        (Kind::Commands, MAX_APPEND_COMMANDS),
        (Kind::Members, MAX_APPEND_MEMBERS),
        (Kind::Parts, MAX_CALL_PARTS),
    ],
    fields: &[Field::counted(3, Kind::Entries, ENTRY)],
};
const PROPOSE: Shape = Shape {
    bytes: MAX_MESSAGE_BYTES,
    budgets: &[
        (Kind::Commands, MAX_BATCH_COMMANDS),
        (Kind::Parts, MAX_CALL_PARTS),
    ],
    fields: &[Field::counted(1, Kind::Commands, COMMAND)],
};
const HEALTH: Shape = Shape {
    bytes: MAX_SMALL_MESSAGE_BYTES,
    budgets: &[(Kind::Notes, MAX_NOTES)],
    fields: &[Field::counted(21, Kind::Notes, &[])],
};

/// What the call by this path may be.
pub(crate) fn of(path: &str) -> &'static Shape {
    match path.rsplit('/').next() {
        Some("Append") => &APPEND,
        Some("Propose") => &PROPOSE,
        Some("Health") => &HEALTH,
        _ => &SMALL,
    }
}

#[cfg(test)]
#[path = "request_tests.rs"]
mod tests;
