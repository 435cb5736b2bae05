//! openraft's storage: the log and the vote in sled, snapshots in files, the state machine in
//! memory. The only crate that knows sled.
//!
//! * **What it is.** [`open`] opens a data directory and gives a [`LogStore`] and a
//!   [`StateMachine`] for `openraft::Raft`, and a [`StateReader`] for everybody else. [`codec`] is
//!   openraft's types as protobuf, which `cluster` needs for the wire.
//! * **What it is not.** It starts no Raft and sends nothing. It decides nothing: an applied batch
//!   goes to [`ipam::State::apply`].
//! * **Layout of the data directory** (docs/formats.md):
//!   `format` (one line, the version), `cluster` (one line, the cluster's id), `lock` (held while open), `log/` (sled), `watermark` (how much of the log there must be),
//!   `snapshots/`, `secret` and `notes` (what peers noted of their logs).
//! * **Invariants.** (1) Nothing is acknowledged to openraft before it is durable: sled's `flush`
//!   and then `fdatasync` of sled's file (contract S2). (2) Writes happen in the order in which
//!   they were asked for. (3) Every record has a checksum over its key and its content; a wrong one
//!   is an error and never served. (4) The first failure is the last word: every later operation
//!   fails, because what the disk holds is no longer known. (5) A snapshot is durable before the
//!   log that it replaces is purged.
//! * **What may block.** Writes of the log happen on one thread of their own ([`Execution`]).
//!   Reads are served from memory, or from the database when they are older than its tail.
//! * **The disk** is behind a port ([`storage_env`]): the operating system's, or a simulated one ([`open_on`]).
//! * **A crash** leaves a prefix of what was asked for, at least all that was acknowledged;
//!   perhaps a temporary file, which the next `open` removes. The state machine is rebuilt from the
//!   newest snapshot and the log up to the committed entry.

mod blocking;
pub mod codec;
mod data_dir;
mod error;
mod failure;
#[cfg(test)]
mod frozen;
mod loan;
mod log;
mod node_file;
mod notes;
mod open;
mod poison;
mod runtime;
mod snapshot;
mod state_machine;
pub mod storage_env;
mod types;
mod unfinished;

/// What is stored, one record or file at a time, for fuzzing.
#[cfg(feature = "testing")]
pub mod testing {
    pub use crate::log::testing::{open_record, seal_record, wrap_record};
    pub use crate::snapshot::testing::{
        open_received, open_snapshot, seal_snapshot, wrap_snapshot,
    };
}

pub use blocking::Execution;
pub use data_dir::{ClusterId, ClusterIdFile, Release};
pub use error::StoreError;
pub use loan::Loan;
pub use log::{LogReader, LogStore, LogTail};
pub use node_file::NodeFile;
pub use notes::NoteBook;
pub use open::{OpenOptions, Store, open, open_on};
pub use runtime::{NodeRuntime, seed_randomness};
pub use snapshot::{IncomingSnapshot, SnapshotSpool};
pub use state_machine::{
    Applied, AppliedMark, Committed, SnapshotBuilder, StateDigest, StateMachine, StateReader,
    Stopped,
};
pub use types::{
    CommittedLeaderId, Entry, LeaderId, LogId, Membership, Outcomes, Payload, PeerNode, Proposal,
    RaftTypes, Snapshot, SnapshotData, SnapshotMeta, StoredMembership, TypeConfig, Vote,
};
pub use unfinished::{UnfinishedWrites, WriteKind};
