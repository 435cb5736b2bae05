//! A file system in user space (FUSE) that forgets what was not synced, and fails when told to: for
//! proving that a program keeps its promises when the power goes or the disk is ill.
//!
//! ```text
//! program ─► kernel ─► Mounted (FUSE) ─► Device ─┬─ live: what programs see
//!                                          ▲     ├─ Disk: what a power cut leaves
//!            control socket, or the test ──┘     └─ history: every step, on demand
//! ```
//!
//! * **What it is.** [`Device`] is the disk with its switches; [`Mounted`] shows it to programs;
//!   [`control`] switches from outside, while the program `faultfs` carries it. [`Disk`] is the model of what is
//!   durable, and works without a mount: a recorded history can be cut at every step.
//! * **What it is not.** No general file system: it has no links, owners, permissions or times, and
//!   everything is in memory. Not fast, and not kept when its process ends.
//! * **Invariants.** Every write reaches the device as it is made: files are opened for direct I/O
//!   and nothing is cached by the kernel, so `sync_file_range` and writeback make nothing durable.
//!   Nothing is durable but what a successful fsync covers. The same seed and history give the same
//!   disk.
//! * **A crash** of its process leaves a mount point that says "not connected".

mod change;
mod command;
pub mod control;
mod device;
mod disk;
mod faults;
mod fuse;
mod image;
mod isolate;
mod mount;
mod refusal;
mod survival;

pub use change::{Change, Ino, Kind, ROOT};
pub use command::{Command, UnknownCommand};
pub use device::Device;
pub use disk::Disk;
pub use faults::{Faults, Space, Sync};
pub use image::{Image, Node};
pub use isolate::enter_mount_namespace;
pub use mount::{MountError, Mounted};
pub use refusal::Refusal;
pub use survival::Survival;
