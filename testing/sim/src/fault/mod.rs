//! What goes wrong, and when: drawn from the seed before the run begins.
//!
//! Swarm testing: each seed draws which kinds of fault it has at all, and how often they come. A run
//! with every fault at once would spend its time without a quorum and see little else.

mod kind;
mod schedule;

pub use kind::{Fault, Kind, Plane, Shape, Who};
pub use schedule::{Schedule, Severity, Timed};
