//! For tests: a lease service in memory, and a builder of client messages.
//!
//! The fake is the real state machine without a cluster around it: a proposal is committed by being
//! applied (house rule 7). It is compiled for this crate's tests, and for others by the feature
//! `testing`.

mod memory_service;
mod packet_builder;

pub use memory_service::{Fault, MemoryLeaseService, subnet_config};
pub use packet_builder::PacketBuilder;
