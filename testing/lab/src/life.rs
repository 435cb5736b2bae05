//! DHCP clients through the whole life of their leases, on one port.
//!
//! [`storm`](crate::storm) asks once and is done; these go on: they renew by unicast, rebind by
//! broadcast, reboot, release, decline, vanish and come back, as their [`Habits`] say, until they are
//! told to settle. [`client`] is one client's state machine (RFC 2131 §4.4) without I/O; [`population`]
//! runs many of them over one packet socket and answers ARP for what they hold; [`event`] is what they
//! tell an observer, with every time on one clock of the caller's.
//!
//! A client never consults the cluster: what it holds, and until when, it counts by itself from the
//! moment it sent its last DHCPREQUEST (RFC 2131 §4.4.1). That makes it a judge.

pub mod client;
pub mod event;
pub mod habits;
pub mod mood;
pub mod population;

pub use client::Client;
pub use event::{Event, Purpose, ReplyType, Report};
pub use habits::Habits;
pub use mood::Mood;
pub use population::{Crowd, Population};
