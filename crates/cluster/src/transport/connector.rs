//! The port: how a request gets to a peer (house rule 7).
//!
//! * **What it is.** One trait, [`Connector`]. [`TcpConnector`] is a real node's; the simulation
//!   carries the same bytes through a network of its own.
//! * **Cancel safety.** Dropping a request's future abandons the answer, not the request.

use crate::membership::MembershipError;
use crate::tls::{Credentials, PeerName};
use hyper_util::client::legacy::connect::HttpConnector;
use ipam::NodeId;
use std::time::Duration;
use tonic::Status;
use tonic::body::Body;
use tonic::codegen::http;
use tonic::transport::Endpoint;
use tower::ServiceExt;
use tower::util::BoxCloneSyncService;

/// How long a TCP connection may take to be made, on a LAN.
const CONNECT_TIMEOUT: Duration = Duration::from_millis(500);
/// How often an idle connection is tried, so that a dead peer is noticed and dialled again.
const KEEP_ALIVE: Duration = Duration::from_secs(2);

/// How long the kernel goes on sending what a peer does not acknowledge (TCP_USER_TIMEOUT, tcp(7)).
/// Its own limit is minutes, and a socket that we have closed goes on too: a change that its asker
/// was told is "unknown" would be made long after a partition has healed.
const UNACKNOWLEDGED: Duration = Duration::from_secs(4);

/// The way to one peer: carries a request's bytes there and the answer's back.
pub type PeerChannel = BoxCloneSyncService<http::Request<Body>, http::Response<Body>, Status>;

/// Makes ways to peers.
pub trait Connector: Send + Sync + 'static {
    /// The way to whoever is at `address` (`host:port`), who must prove to be `node` if one is
    /// named. Does not wait: a peer that cannot be reached shows at the first request.
    fn connect(&self, address: &str, node: Option<NodeId>) -> Result<PeerChannel, MembershipError>;
}

/// HTTP/2 over TCP, with mutual TLS if there are credentials.
pub(crate) struct TcpConnector {
    credentials: Option<Credentials>,
}

impl TcpConnector {
    pub(crate) const fn new(credentials: Option<Credentials>) -> Self {
        Self { credentials }
    }

    fn endpoint(&self, address: &str, name: PeerName) -> Result<Endpoint, MembershipError> {
        let scheme = match self.credentials {
            Some(_) => "https",
            None => "http",
        };
        let endpoint = Endpoint::from_shared(format!("{scheme}://{address}")).map_err(|_| {
            MembershipError::Rejected(format!("{address:?} is not an address: write host:port"))
        })?;
        let Some(credentials) = &self.credentials else {
            return Ok(endpoint);
        };
        let secured = endpoint.tls_config(credentials.client(name));
        secured.map_err(|error| {
            MembershipError::Failed(format!("TLS with {name} at {address}: {error:?}"))
        })
    }
}

impl Connector for TcpConnector {
    fn connect(&self, address: &str, node: Option<NodeId>) -> Result<PeerChannel, MembershipError> {
        let channel = self
            .endpoint(address, node.map_or(PeerName::Any, PeerName::Node))?
            .connect_timeout(CONNECT_TIMEOUT)
            .http2_keep_alive_interval(KEEP_ALIVE)
            .keep_alive_timeout(KEEP_ALIVE)
            .keep_alive_while_idle(true)
            .connect_with_connector_lazy(tcp());
        Ok(PeerChannel::new(
            channel.map_err(|error| Status::from_error(error.into())),
        ))
    }
}

fn tcp() -> HttpConnector {
    let mut tcp = HttpConnector::new();
    // TLS is put around it, if there is any.
    tcp.enforce_http(false);
    tcp.set_connect_timeout(Some(CONNECT_TIMEOUT));
    tcp.set_nodelay(true);
    tcp.set_tcp_user_timeout(Some(UNACKNOWLEDGED));
    tcp
}
