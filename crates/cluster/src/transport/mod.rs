//! The transport to peers: one channel a peer, and openraft's network over it.

mod addresses;
mod answers;
mod checked_answers;
mod connector;
mod explain;
mod network;
mod peers;
mod send_window;
mod text;

pub(crate) use connector::TcpConnector;
pub use connector::{Connector, PeerChannel};
pub(crate) use explain::explain;
pub(crate) use network::NetworkFactory;
pub(crate) use peers::Peers;
pub(crate) use send_window::transfer_limit;
pub(crate) use text::bounded;
