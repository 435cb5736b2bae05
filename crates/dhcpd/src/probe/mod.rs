//! The conflict probe (contract L6): an address is offered to a new client, or granted to it without an offer, only
//! after an ARP probe, or behind a relay an ICMP echo, found nobody on it (RFC 2131 §2.2; RFC 5227 for the form of
//! the probe).
//!
//! * [`ProbeCache`] is pure: what was found, how long it holds, what to probe next.
//! * [`Prober`] sends and listens; [`echo`] does behind a relay.
//!
//! So that the common OFFER does not wait, the next free addresses are probed ahead, but only while
//! there are clients: an idle network has no traffic from us.

mod cache;
mod echo;
mod prober;

pub use cache::{Answers, ProbeCache, ProbeResult};
pub use echo::echo;
pub use prober::{ProbeError, Prober};
