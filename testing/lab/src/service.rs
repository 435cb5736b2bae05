//! A tiny service that tells its caller which address it came from: it makes NAT visible.
//!
//! It plays both the internet's server and the server in a virtual machine behind a port forward.

pub mod fetch;
mod running;
pub mod serve;

pub use fetch::{fetch_tcp, fetch_udp};
pub use running::RunningService;
