//! How much may be in a snapshot that a peer sent, before it is decoded ([`api::shape`]).
//!
//! What has a budget in [`ipam::budget`], and objects, are counted. Leases and past grants are as many as the
//! pools hold; each is at least as long as the shortest that a node can write, so what they decode to is a
//! bounded multiple of their bytes.

use api::objects::OBJECT;
use api::shape::{Field, Kind, MEMBERSHIP, NODE_REGISTRATION, Shape};
use ipam::budget::{
    MAX_CLASSLESS_ROUTES, MAX_EXCLUDED_RANGES, MAX_NODES, MAX_SEARCH_DOMAINS, MAX_SUBNETS,
};
use ipam::{MAX_HOST_ADDRESSES, MAX_LISTENERS, MAX_REMOVED};

/// An address: a tag and four bytes.
const ADDRESS: usize = 5;
/// A client's key with an identifier of one byte, or a hardware address of one byte.
const CLIENT: usize = 5;
/// The tag and the length of a lease's state.
const LEASE_STATE: usize = 2;
/// The shortest object, a source NAT rule: four tags and lengths. Its revision comes to that.
const STORED_OBJECT: usize = 8;

/// Extra options: each code once.
const MAX_OPTIONS: usize = 256;
/// Lists of all subnets.
const SUBNET_PARTS: usize =
    MAX_EXCLUDED_RANGES + MAX_SEARCH_DOMAINS + MAX_CLASSLESS_ROUTES + MAX_OPTIONS;
/// Lists of all nodes, and the voters, old and new.
const NODE_PARTS: usize = MAX_SUBNETS + MAX_LISTENERS + MAX_HOST_ADDRESSES + 2;
const MAX_PARTS: usize = MAX_SUBNETS * SUBNET_PARTS + MAX_NODES * NODE_PARTS + 2 + MAX_REMOVED;

const PAST_GRANTS: &[Field] = &[Field::record(2, CLIENT, &[])];
const SUBNET_LEASES: &[Field] = &[
    Field::record(2, ADDRESS + CLIENT + CLIENT + LEASE_STATE, &[]),
    Field::record(3, ADDRESS, PAST_GRANTS),
];
const OBJECTS: Field = Field {
    least: STORED_OBJECT,
    ..Field::counted(4, Kind::Objects, &[Field::single(1, OBJECT)])
};
const STATE: &[Field] = &[
    Field::counted(3, Kind::Members, NODE_REGISTRATION),
    OBJECTS,
    Field::counted(5, Kind::Subnets, SUBNET_LEASES),
    Field::part(8),
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
        (Kind::Objects, ipam::Kind::LIMIT_OF_ALL),
        (Kind::Parts, MAX_PARTS),
    ],
    fields: &[Field::single(1, META), Field::single(2, STATE)],
};

#[cfg(test)]
#[path = "shape_tests.rs"]
mod tests;
