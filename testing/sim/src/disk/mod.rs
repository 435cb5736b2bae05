//! A simulated disk under `raft-store`: it loses what was not synced.
//!
//! * **What it is.** [`Disk`] is one machine's disk for a whole run. [`Disk::start`] gives a
//!   `raft_store::storage_env::StorageEnv` for one life of the node; when that life ends ([`Disk::crash`],
//!   or the next start) its environment is dead: whatever destructors still try, fails and changes
//!   nothing.
//! * **A disk that goes back.** Between two lives it may become an older copy of itself, or empty
//!   ([`Disk::roll_back`], [`Disk::vanish`]): all that was synced since is gone.
//! * **What it is not.** No bit rots here and nothing is reordered beyond what is said below; real
//!   bytes of sled under power cuts are tested elsewhere (docs/testing/README.md). It knows no entries or
//!   votes: what must be there after a crash is for others to judge.
//! * **What a power cut leaves.** Of a file: what was synced, and of the later writes a prefix whose
//!   last one may be torn. Of a directory: the names that were synced, and a prefix of the later
//!   changes. Of the database: what was synced, and a prefix of the later batches, each whole; that
//!   is what sled with its file synced has been measured to do (ADR 0004). The death of the process
//!   alone loses batches that the database has not written out, and nothing else.
//! * **A failing sync** reports it, and nobody knows what the disk then holds: a prefix of what was
//!   to be synced is on it, the rest never will be, and later syncs succeed all the same, as on Linux.
//!   The cache shows the rest until the process ends. Of a database nothing later is found either.
//! * **Deterministic.** One generator from one seed; ordered maps; no clock: how long a sync takes is
//!   answered, not waited for.

mod content;
mod counters;
mod database;
mod directory;
mod faults;
mod file;
mod handle;
mod image;
mod storage_env;
mod volume;

pub use counters::DiskCounters;
pub use faults::DiskFaults;
pub use handle::{Crash, Disk};
pub use image::Image;

#[cfg(test)]
mod tests;
