//! The transport to peers: one channel a peer, and openraft's network over it.

mod network;
mod peers;

pub(crate) use network::NetworkFactory;
pub(crate) use peers::{MAX_MESSAGE_BYTES, Peers};
