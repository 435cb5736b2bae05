//! The port: how a request gets to a peer (house rule 7).
//!
//! * **What it is.** One trait, [`Connector`]. [`TcpConnector`] is a real node's; the simulation
//!   carries the same bytes through a network of its own.
//! * **Cancel safety.** Dropping a request's future abandons the answer, not the request.

use crate::timing::{Limits, SharedLimits};
use crate::tls::{Credentials, PeerName};
use hyper_util::client::legacy::connect::HttpConnector;
use ipam::NodeId;
use tonic::Status;
use tonic::body::Body;
use tonic::codegen::http;
use tonic::transport::Endpoint;
use tower::ServiceExt;
use tower::util::BoxCloneSyncService;

/// The way to one peer: carries a request's bytes there and the answer's back.
pub type PeerChannel = BoxCloneSyncService<http::Request<Body>, http::Response<Body>, Status>;

/// Why there is no way to a peer, before anything was sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConnectError {
    /// It cannot be dialled.
    #[error("{0:?} is not an address: write host:port")]
    NotAnAddress(String),
    /// TLS.
    #[error("TLS for {address}, {reason}: check this node's certificates")]
    Tls {
        /// Where.
        address: String,
        /// Why.
        reason: String,
    },
}

/// Makes ways to peers.
pub trait Connector: Send + Sync + 'static {
    /// The way to whoever is at `address` (`host:port`), who must prove to be `node` if one is
    /// named. Does not wait: a peer that cannot be reached shows at the first request.
    fn connect(&self, address: &str, node: Option<NodeId>) -> Result<PeerChannel, ConnectError>;
}

/// HTTP/2 over TCP, with mutual TLS if there are credentials.
pub(crate) struct TcpConnector {
    credentials: Option<Credentials>,
    limits: SharedLimits,
}

impl TcpConnector {
    pub(crate) const fn new(credentials: Option<Credentials>, limits: SharedLimits) -> Self {
        Self {
            credentials,
            limits,
        }
    }

    fn endpoint(&self, address: &str, name: PeerName) -> Result<Endpoint, ConnectError> {
        let scheme = match self.credentials {
            Some(_) => "https",
            None => "http",
        };
        let endpoint = Endpoint::from_shared(format!("{scheme}://{address}"))
            .map_err(|_| ConnectError::NotAnAddress(address.to_owned()))?;
        let Some(credentials) = &self.credentials else {
            return Ok(endpoint);
        };
        let secured = endpoint.tls_config(credentials.client(name));
        secured.map_err(|error| ConnectError::Tls {
            address: address.to_owned(),
            reason: format!("with {name}: {error:?}"),
        })
    }
}

impl Connector for TcpConnector {
    fn connect(&self, address: &str, node: Option<NodeId>) -> Result<PeerChannel, ConnectError> {
        let limits = self.limits.now();
        let channel = self
            .endpoint(address, node.map_or(PeerName::Any, PeerName::Node))?
            .connect_timeout(limits.connect)
            .http2_keep_alive_interval(limits.keep_alive)
            .keep_alive_timeout(limits.keep_alive)
            .keep_alive_while_idle(true)
            .connect_with_connector_lazy(tcp(&limits));
        Ok(PeerChannel::new(
            channel.map_err(|error| Status::from_error(error.into())),
        ))
    }
}

fn tcp(limits: &Limits) -> HttpConnector {
    let mut tcp = HttpConnector::new();
    // TLS is put around it, if there is any.
    tcp.enforce_http(false);
    tcp.set_connect_timeout(Some(limits.connect));
    tcp.set_nodelay(true);
    tcp.set_tcp_user_timeout(Some(limits.unacknowledged));
    tcp
}
