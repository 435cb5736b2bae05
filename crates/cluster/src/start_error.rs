//! Why a node does not start, or does not become part of a cluster.

use crate::tls::TlsError;
use ipam::Refusal;
use std::net::SocketAddr;

/// Why a node did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The data directory.
    #[error("opening the data directory")]
    Store(#[from] raft_store::StoreError),
    /// Raft's timers.
    #[error("the Raft timers are invalid: {0}")]
    Timings(String),
    /// Raft itself.
    #[error("starting Raft: {0}")]
    Raft(String),
    /// The first entry of a new cluster.
    #[error("initialising the cluster: {0}")]
    Initialize(String),
    /// The cluster-wide configuration.
    #[error("the cluster-wide configuration is refused: {0}")]
    Bootstrap(Refusal),
    /// There is a cluster already.
    #[error(
        "{0} has a cluster already, and a second one would give out the same addresses again: \
         start without --bootstrap to join it"
    )]
    ClusterExists(String),
    /// The leader does not let this node in.
    #[error("the cluster refuses this node: {0}")]
    Rejected(String),
    /// Another node, a client or the router has this node's listen IP.
    #[error(
        "the listen IP is refused: {0}; set GATEWAY_DHCP_LISTEN_IP to an address of this host's own"
    )]
    ListenIp(Refusal),
    /// The certificates for the peer port.
    #[error("preparing TLS for the peer port")]
    Tls(#[from] TlsError),
    /// The peer port.
    #[error(transparent)]
    Serve(#[from] ServeError),
}

/// Why the peer server does not run.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The port.
    #[error(
        "listening for peers on {address} (GATEWAY_PEER_LISTEN): is the address this host's, and the port free?"
    )]
    Bind {
        /// Where.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// TLS.
    #[error("setting up TLS for peers")]
    Tls(#[source] tonic::transport::Error),
    /// Later.
    #[error("serving peers")]
    Serve(#[from] tonic::transport::Error),
}
