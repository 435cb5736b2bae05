//! The clients' link: one Ethernet segment that reaches over all hosts, as an overlay does.
//!
//! * **What it is.** Frames between nodes and clients, each on a host. Every node hears every
//!   broadcast, unless the paths between hosts are cut: those are apart from the peers' network.
//! * **What it is not.** It reads no DHCP. Who has which address the world knows, and answers ARP by
//!   that.
//! * **Deterministic.** Ordered maps, one generator; the time is the world's.

mod port;
mod segment;

pub use port::{LanPort, Outgoing, Sent};
pub use segment::{Arrived, Segment, Station};
