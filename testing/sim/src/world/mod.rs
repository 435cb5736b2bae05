//! The world: time, and everything that happens in it, in one thread.
//!
//! * **Steps.** In each, what has arrived by its start is delivered, faults that are due come and go, clients
//!   that are due act, and then every node runs to the step's end, in an order drawn anew each time. What a
//!   node sends is sent at the end of the step, and takes at least [`STEP`]: so nothing arrives before it
//!   was sent, whatever the order. A step is one [`STEP`] long; while nothing is under way and nobody is due,
//!   up to [`LONGEST_STEP`].
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
mod others;
mod reconfigure;
mod relay;
mod replacement;
mod residents;
mod rollback;
mod script;
mod status;

pub use arena::World;
pub use relay::Relay;

use std::time::Duration;

/// How far time goes at once. No message is faster.
pub const STEP: Duration = Duration::from_millis(2);

/// How far it goes where nothing happens meanwhile but what nodes do by themselves. What they send then leaves as
/// much later, at most.
pub const LONGEST_STEP: Duration = Duration::from_millis(10);
