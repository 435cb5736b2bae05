//! The protobuf messages and services, and the conversions between them and the core's types.
//!
//! * **What it is.** [`proto`]: what `build.rs` generates from `proto/*.proto`. [`log`]: the core's
//!   commands, outcomes and state as bytes, which is what the Raft log and snapshots hold. [`objects`]:
//!   what operators agree on, one message a kind for the log, snapshots and operators' programs.
//!   [`shape`]: how much may be in bytes that others sent, before they are decoded.
//! * **What it is not.** It decides nothing and does no I/O. openraft's types are converted in
//!   `raft-store`, the kernel's and DHCP's in their own crates.
//! * **Invariants.** Encoding is canonical: equal values are equal bytes (contract S8). Decoding is
//!   total: hostile bytes give a [`DecodeError`], never a panic, and memory is bounded by a
//!   multiple of the input's length.
//! * **A crash** leaves nothing: this crate holds no resource.

mod error;
mod field;
pub mod log;
pub mod objects;
pub mod proto;
pub mod shape;

pub use error::DecodeError;
