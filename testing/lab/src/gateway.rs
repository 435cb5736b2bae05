//! A gateway node on a host: the real `gatewayd`, and `gatewayctl` beside it.

mod binaries;
mod config;
mod control;
mod hold;
mod node;
pub(crate) mod pki;
pub mod status;

pub use binaries::Binaries;
pub use config::{GatewayConfig, peer_address};
pub use control::{Answer, Control};
pub use node::Gateway;
pub use status::{Lease, Status};
