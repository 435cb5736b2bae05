//! The state machine: the replicated state, in memory, and those who look at it.
//!
//! ```text
//! openraft ─► StateMachine ─ apply ─► Shared { Applied, digests } ◄─ StateReader ◄─ all
//!                  ├─ AppliedPublisher (marks, events) ─────────────┘
//!                  └─ SnapshotBuilder ─► SnapshotStore (files)
//! ```
//!
//! Only openraft's state machine task changes it, one entry at a time; readers see it between
//! entries. It is not on disk: after a crash it is the newest snapshot and the log after it.

mod applied;
mod applied_publisher;
mod builder;
mod digest;
mod machine;
mod reader;
mod shared;
mod storage;

pub use applied::{Applied, AppliedMark, Committed};
pub use builder::SnapshotBuilder;
pub use digest::StateDigest;
pub use machine::StateMachine;
pub use reader::{StateReader, Stopped};

pub(crate) use machine::{check_received, open};
