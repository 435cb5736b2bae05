//! Deterministic simulation of the whole cluster, from the bytes of a DHCP packet to the bytes on
//! the disk, under one seed (ADR 0012).
//!
//! * **What it is.** Three or five nodes in one thread, in virtual time: the real `ipam`, `cluster`,
//!   `raft-store`, `dhcpd`, natd's plan and openraft. Only time, network, disk and randomness are
//!   exchanged. [`scenario`] draws a run from a seed, [`world`] plays it, [`fault`] spoils it,
//!   [`client`] are the neighbours on the link, [`check`] judges by the lease contract.
//! * **What it is not.** No sockets, no TLS, no kernel, no sled: those have tests of their own
//!   (docs/testing/README.md). It decides nothing about the product, and the product knows nothing of it.
//! * **What flows in and out.** In: seeds. Out: the first promise that was broken, a trace that tells
//!   how, and counts that show what was exercised.
//! * **Invariants.** The same seed gives the same trace, byte for byte, in any process
//!   (`tests/determinism.rs`). A panic anywhere in the product fails the run.

pub mod batch;
pub mod check;
pub mod cli;
pub mod client;
pub mod disk;
pub mod distance;
pub mod fault;
pub mod hunt;
pub mod lan;
pub mod log;
pub mod network;
pub mod node;
pub mod others;
pub mod panics;
pub mod report;
pub mod run;
pub mod scenario;
pub mod sometimes;
pub mod standstill;
pub mod stats;
pub mod trace;
pub mod world;
