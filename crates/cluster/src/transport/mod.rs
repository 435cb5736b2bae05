//! The transport to peers: one channel a peer, and openraft's network over it.

mod answers;
mod check_quorum;
mod checked_answers;
mod connector;
mod explain;
mod log_reversions;
mod network;
mod peers;
mod send_window;
pub(crate) mod term_raises;
mod text;

pub(crate) use check_quorum::Look;
pub(crate) use connector::TcpConnector;
pub use connector::{ConnectError, Connector, PeerChannel};
pub(crate) use explain::explain;
pub(crate) use log_reversions::Reversions;
pub(crate) use network::NetworkFactory;
pub(crate) use peers::Peers;
pub(crate) use send_window::transfer_limit;
pub(crate) use text::bounded;
