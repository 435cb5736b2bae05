//! The parts of the daemon that others may use: its configuration (for the fuzz target), and the
//! joints by which the cluster is plugged into the ports of `dhcpd` and `natd` (for the simulation,
//! which must run the same ones: ADR 0012).
//!
//! Nothing here decides, blocks or holds state. Everything else is the program's own (`main.rs`).

pub mod config;
mod lease_service;
mod nat_intent;
pub mod verdict;

pub use lease_service::ClusterLeases;
pub use nat_intent::{NatInput, follow_nat_intent};
