//! Cuts the power under the real store and looks what is left: contract S2, and what ADR 0004 says
//! about durability.
//!
//! ```text
//! Workload ─► raft-store ─► faultfs (records every step of the disk) ─► history, ledger
//!                 for each crash point: Disk model ─► image ─► raft-store opens it ─► ledger judges
//! ```
//!
//! * **What it is.** [`lives`]: a store is made, used, cut off, used again from what was left, and
//!   so on; each recorded history is cut at many points, and what is left at each is opened and
//!   judged. [`nodes`]: real clusters, each node a process, lose the power of one node or of all.
//!   [`damage`]: bits flip and files vanish.
//! * **What it is not.** No simulation: the store is the one that ships, with its threads; only the
//!   disk under it is ours. So a seed repeats what is asked of the store, and nearly always,
//!   though not to the byte, what the disk is asked; the evidence of a failure is kept.
//! * **In:** a seed and a number of points. **Out:** a [`Report`], a [`nodes::NodesReport`], a
//!   [`damage::DamageReport`].

pub mod damage;
pub mod entries;
pub mod known;
pub mod ledger;
pub mod lives;
pub mod nodes;
mod recording;
mod report;
mod scratch;
mod workload;

pub use recording::Honesty;
pub use report::Report;
pub use workload::open_store;
