//! Channels to peers, made when first needed and kept.

use crate::membership::MembershipError;
use crate::tls::{Credentials, PeerName};
use api::proto::raft::peer_client::PeerClient;
use ipam::NodeId;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tonic::transport::{Channel, Endpoint};

/// The largest message: a batch of entries, or a chunk of a snapshot.
pub(crate) const MAX_MESSAGE_BYTES: usize = 16 * 1024 * 1024;
/// How long a TCP connection may take to be made, on a LAN.
const CONNECT_TIMEOUT: Duration = Duration::from_millis(500);
/// How often an idle connection is tried, so that a dead peer is noticed and dialled again.
const KEEP_ALIVE: Duration = Duration::from_secs(2);
/// The most channels kept. A cluster has fewer members; past that, old ones are dropped.
const MAX_CHANNELS: usize = 128;

/// Channels to peers by address and by whom they must prove to be. Clones share them.
#[derive(Clone)]
pub(crate) struct Peers {
    credentials: Option<Credentials>,
    channels: Arc<Mutex<HashMap<(String, PeerName), Channel>>>,
}

impl Peers {
    /// Channels with mutual TLS if there are `credentials`, in the clear otherwise.
    pub(crate) fn new(credentials: Option<Credentials>) -> Self {
        Self {
            credentials,
            channels: Arc::default(),
        }
    }

    /// A client of the member `node` at `address`. Does not wait: a peer that cannot be reached
    /// shows at the first request.
    pub(crate) fn connect(
        &self,
        node: NodeId,
        address: &str,
    ) -> Result<PeerClient<Channel>, MembershipError> {
        self.client(address, PeerName::Node(node))
    }

    /// A client of whichever node is at `address` (`host:port`).
    pub(crate) fn connect_to(&self, address: &str) -> Result<PeerClient<Channel>, MembershipError> {
        self.client(address, PeerName::Any)
    }

    fn client(
        &self,
        address: &str,
        name: PeerName,
    ) -> Result<PeerClient<Channel>, MembershipError> {
        let channel = self.channel(address, name)?;
        Ok(PeerClient::new(channel)
            .max_decoding_message_size(MAX_MESSAGE_BYTES)
            .max_encoding_message_size(MAX_MESSAGE_BYTES))
    }

    fn channel(&self, address: &str, name: PeerName) -> Result<Channel, MembershipError> {
        let mut channels = self.channels.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (address.to_owned(), name);
        if let Some(channel) = channels.get(&key) {
            return Ok(channel.clone());
        }
        let channel = self
            .endpoint(address, name)?
            .connect_timeout(CONNECT_TIMEOUT)
            .tcp_nodelay(true)
            .http2_keep_alive_interval(KEEP_ALIVE)
            .keep_alive_timeout(KEEP_ALIVE)
            .keep_alive_while_idle(true)
            .connect_lazy();
        if channels.len() >= MAX_CHANNELS {
            channels.clear();
        }
        channels.insert(key, channel.clone());
        Ok(channel)
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
