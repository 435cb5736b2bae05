//! How much may be in a snapshot that a peer sent, before it is decoded ([`api::shape`]).
//!
//! What has a budget in [`ipam::budget`] is counted. Leases, reservations and past grants are as many as the
//! pools hold; each is at least as long as the shortest that a node can write, so what they decode to is a
//! bounded multiple of their bytes.

use api::shape::{Field, Kind, MEMBERSHIP, NODE_REGISTRATION, SUBNET_CONFIG, Shape};
use ipam::budget::{
    MAX_CLASSLESS_ROUTES, MAX_EXCLUDED_RANGES, MAX_FORWARDS, MAX_NODES, MAX_SEARCH_DOMAINS,
    MAX_SUBNETS,
};
use ipam::{MAX_HOST_ADDRESSES, MAX_LISTENERS, MAX_REMOVED};

/// An address: a tag and four bytes.
const ADDRESS: usize = 5;
/// A client's key with an identifier of one byte, or a hardware address of one byte.
const CLIENT: usize = 5;
/// The tag and the length of a lease's state.
const LEASE_STATE: usize = 2;

/// Extra options: each code once.
const MAX_OPTIONS: usize = 256;
/// Lists of all subnets, and what each has in the NAT.
const SUBNET_PARTS: usize =
    MAX_EXCLUDED_RANGES + MAX_SEARCH_DOMAINS + MAX_CLASSLESS_ROUTES + MAX_OPTIONS + 1;
/// Lists of all nodes, and the voters, old and new.
const NODE_PARTS: usize = MAX_LISTENERS + MAX_HOST_ADDRESSES + 2;
const MAX_PARTS: usize = MAX_SUBNETS * SUBNET_PARTS + MAX_NODES * NODE_PARTS + 2 + MAX_REMOVED;

const PAST_GRANTS: &[Field] = &[Field::record(2, CLIENT, &[])];
const SUBNET_STATE: &[Field] = &[
    Field::single(1, SUBNET_CONFIG),
    Field::record(2, ADDRESS + CLIENT + CLIENT + LEASE_STATE, &[]),
    Field::record(3, CLIENT + ADDRESS, &[]),
    Field::record(4, ADDRESS, PAST_GRANTS),
];
const NAT: &[Field] = &[Field::part(1), Field::counted(2, Kind::Forwards, &[])];
const STATE: &[Field] = &[
    Field::counted(3, Kind::Members, NODE_REGISTRATION),
    Field::counted(4, Kind::Subnets, SUBNET_STATE),
    Field::single(5, NAT),
    Field::part(30),
];
const META: &[Field] = &[Field::single(2, &[Field::single(2, MEMBERSHIP)])];

/// The content of a snapshot's file.
pub(super) const SNAPSHOT: Shape = Shape {
    // Whoever receives it has counted them.
    bytes: usize::MAX,
    budgets: &[
        // Those of Raft, and those of the state.
        (Kind::Members, 2 * MAX_NODES),
        (Kind::Subnets, MAX_SUBNETS),
        (Kind::Forwards, MAX_FORWARDS),
        (Kind::Parts, MAX_PARTS),
    ],
    fields: &[Field::single(1, META), Field::single(2, STATE)],
};

#[cfg(test)]
#[path = "shape_tests.rs"]
mod tests;
