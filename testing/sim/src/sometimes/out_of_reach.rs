//! What the simulation cannot bring about, and what a thousand runs may not, and why.

use super::{Exception, Table};

/// These rows stay at zero.
pub const OUT_OF_REACH: &[Exception] = &[
    (
        Table::NoReply,
        "wrong_interface",
        "a simulated host has one interface to clients",
    ),
    (
        Table::NoReply,
        "wrong_relay_interface",
        "nobody forges the relay's address: the lab has relays",
    ),
    (
        Table::NoReply,
        "relay_outside_subnet",
        "the relay has an address in the clients' network: the lab has others",
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
        Table::NoReply,
        "subnet_not_configured",
        "a node serves only when the cluster is bootstrapped, and that brings the subnet",
    ),
    (
        Table::NoReply,
        "too_many_in_flight",
        "2,048 at once: the budgets of clients are smaller, and the commits are too fast",
    ),
    (
        Table::NoReply,
        "too_many_known_clients",
        "it takes 10,000 packets at once of clients with a lease",
    ),
    (
        Table::LeaseRefused,
        "UnknownSubnet",
        "each DHCP server serves the one subnet, which no operator can delete while nodes listen there",
    ),
    (
        Table::ObjectRefused,
        "OverBudget",
        "it takes as many objects of a kind as a cluster may have: one that is too large is refused as a command",
    ),
    (
        Table::ClusterRefused,
        "Bootstrap",
        "every founder is given a subnet that is one; a second bootstrap is refused as such",
    ),
    (
        Table::ObjectRefused,
        "NotBootstrapped",
        "operators ask nothing of objects before there is a cluster",
    ),
    (
        Table::ClusterRefused,
        "Address",
        "what becomes of a registration is told to its node alone: see the rare event of a refused configuration",
    ),
    (
        Table::ClusterRefused,
        "OtherSubnet",
        "there is one subnet, so no listen IP is in another",
    ),
    (
        Table::ClusterRefused,
        "UnknownNode",
        "a node is forgotten by its removal from the members, which asks for no node that is not there",
    ),
    (
        Table::Blocker,
        "Nat",
        "what the blocker is made of comes from a real kernel: the lab has them",
    ),
    (
        Table::NotServing,
        "its listen IP",
        "addresses belong to a machine: the fault tests have machines",
    ),
    (
        Table::NotServing,
        "its interface",
        "interfaces belong to a machine: the fault tests have machines",
    ),
    (
        Table::NotServing,
        "its DHCP server",
        "sockets belong to a machine: the fault tests have machines",
    ),
    (
        Table::NotServing,
        "its state differs",
        "no fault makes states differ: the mutation s8_apply_differs does",
    ),
];

/// These rows may be seen, and need not.
pub const SELDOM: &[Exception] = &[
    (
        Table::NoReply,
        "no_longer_granted",
        "an operator takes a lease back between its commit and the reply: some milliseconds",
    ),
    (
        Table::ClusterRefused,
        "Unstamped",
        "a leader loses its term between a stamp and its entry: nothing lies between but a task's turn",
    ),
    (
        Table::NotServing,
        "it takes profile",
        "no operator sets a profile here (cluster's tests/latency.rs does); a newcomer takes its cluster's over within \
         some milliseconds",
    ),
    (
        Table::NotServing,
        "is not bootstrapped",
        "a founder that leads alone, before its first entry: a few milliseconds of each cluster's life",
    ),
    (
        Table::NotServing,
        "its log names it the only voter",
        "a founder whose disk goes back to its beginning: a scene of tests/half_dead.rs",
    ),
];
