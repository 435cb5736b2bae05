//! The core's commands, outcomes and state as bytes: what the Raft log and snapshots hold.
//!
//! `From` encodes and cannot fail; `TryFrom` decodes, names the field it disliked, and accepts
//! nothing that `From` does not write: an entry that two nodes could read differently would break
//! contract S8. Nothing is validated here beyond the shape; what a command may say is `apply`'s
//! business.

mod batch;
mod client;
mod cluster_command;
mod forward_policy;
mod lease;
mod lease_command;
mod node;
mod object_command;
mod outcome;
mod profile;
mod refusal;
mod state;

pub use batch::{decode_batch, encode_batch};
pub use state::{decode_state, digest_of, encode_state, state_digest};
