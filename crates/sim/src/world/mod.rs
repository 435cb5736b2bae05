//! The world: time, and everything that happens in it, in one thread.
//!
//! * **Steps.** Time goes in steps of [`STEP`]. In each, what has arrived by its start is delivered,
//!   faults that are due come and go, clients that are due act, and then every node runs to the
//!   step's end, in an order drawn anew each time. What a node sends is sent at the end of the step,
//!   and takes at least a step: so nothing arrives before it was sent, whatever the order.
//! * **Invariants.** All randomness comes from the run's seed, each part's from a generator of its
//!   own. No hash map is iterated, no real clock is read.

mod arena;
mod arp;
mod copies;
mod core;
mod course;
mod coverage;
mod faults;
mod intruder;
mod kernels;
mod mistakes;
mod neighbours;
mod observe;
mod operate;
mod replacement;
mod residents;
mod rollback;
mod script;
mod status;

pub use arena::World;

use std::time::Duration;

/// How far time goes at once. No message is faster.
pub const STEP: Duration = Duration::from_millis(2);
