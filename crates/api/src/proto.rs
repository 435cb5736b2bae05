//! What `build.rs` generates from `proto/*.proto`, one module per audience.

/// The modules as the compiler lays them out: `gatewayd.command.v1` refers to its siblings by path.
#[allow(missing_docs, clippy::all, clippy::pedantic, clippy::unwrap_used)]
mod generated {
    include!(concat!(env!("OUT_DIR"), "/modules.rs"));
}

pub use generated::gatewayd::admin::v1 as admin;
pub use generated::gatewayd::command::v1 as command;
pub use generated::gatewayd::raft::v1 as raft;
pub use generated::gatewayd::watch::v1 as watch;
