//! A flood of DHCP packets from one port, what it costs the nodes, and how others fare meanwhile.
//!
//! [`sender`] makes the flood; [`renewers`] are clients that hold leases and renew them while it
//! lasts; [`footprint`] is what a node uses: memory, disk, log.

pub mod footprint;
pub mod renewers;
pub mod sender;

pub use footprint::Footprint;
pub use renewers::{Holder, Renewals};
pub use sender::{FloodOptions, FloodRecord};
