//! What goes wrong: cut links, a lost ruleset or rule, a stepped clock.
//!
//! Killing and freezing a process is in [`crate::process`].

mod clock;
mod host;
mod underlay;

pub use clock::SteppedClock;
pub use host::{delete_rule, flush_ruleset};
pub use underlay::UnderlayFaults;
