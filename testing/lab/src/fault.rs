//! What goes wrong: cut, lossy, slow and long links, a lost ruleset, rule or address, no way out, a stepped
//! clock, a failing disk.
//!
//! Killing and freezing a process is in [`crate::process`].

mod clock;
mod disk;
mod host;
mod slow_path;
mod underlay;
mod way_out;

pub use clock::SteppedClock;
pub use disk::FaultyDisk;
pub use host::{cut_off_overlay, delete_rule, flush_ruleset, remove_listen_ip, restore_listen_ip};
pub use slow_path::{Delay, relay};
pub use underlay::UnderlayFaults;
pub use way_out::WayOut;
