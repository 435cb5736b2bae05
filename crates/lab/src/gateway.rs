//! A gateway node on a host: the real `gatewayd`, and `gatewayctl` beside it.

mod binaries;
mod config;
mod node;
pub mod status;

pub use binaries::Binaries;
pub use config::GatewayConfig;
pub use node::Gateway;
pub use status::{Lease, Status};
