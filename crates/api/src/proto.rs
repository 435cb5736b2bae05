//! What `build.rs` generates from `proto/*.proto`, one module per audience.

/// The modules as the compiler lays them out: `gatewayd.log.v1` refers to its siblings by path.
#[allow(missing_docs, clippy::all, clippy::pedantic, clippy::unwrap_used)]
mod generated {
    include!(concat!(env!("OUT_DIR"), "/modules.rs"));
}

pub use generated::gatewayd::admin::v1 as admin;
pub use generated::gatewayd::log::v1 as log;
pub use generated::gatewayd::objects::v1 as objects;
pub use generated::gatewayd::peer::v1 as peer;
pub use generated::gatewayd::storage::v1 as storage;
pub use generated::gatewayd::watch::v1 as watch;
