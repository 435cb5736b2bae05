//! The lease contract, clause by clause, on the pure core.
#![allow(missing_docs, clippy::unwrap_used)]

#[path = "../support/mod.rs"]
mod support;

mod bounds;
mod budget;
mod conflict;
mod decisions;
mod edges;
mod exclusive;
mod forwards;
mod identity;
mod listen;
mod objects;
mod owner;
mod parts;
mod records;
mod reserved;
mod returning;
mod time;
