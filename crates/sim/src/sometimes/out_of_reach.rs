//! What the simulation cannot bring about, and why.

use super::Table;

/// These rows stay at zero.
pub const OUT_OF_REACH: &[(Table, &str, &str)] = &[
    (
        Table::NoReply,
        "not_the_clients_link",
        "a simulated host has one interface to clients",
    ),
    (
        Table::NoReply,
        "not_the_relays_way",
        "no relay is configured: the lab has relays",
    ),
    (
        Table::NoReply,
        "relay_elsewhere",
        "no relay is configured: the lab has relays",
    ),
    (
        Table::NoReply,
        "unexpected_outcome",
        "it would be a bug: no command has such an outcome",
    ),
    (
        Table::NoReply,
        "not_encodable",
        "it would be a bug: a subnet whose options cannot be said is refused",
    ),
    (
        Table::Blocker,
        "Nat",
        "what the blocker is made of comes from a real kernel: the lab has them",
    ),
    (
        Table::NotServing,
        "its state differs",
        "no fault makes states differ: the mutation s8_apply_differs does",
    ),
];
