//! Channels to peers, made when first needed and kept.

use crate::membership::MembershipError;
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

/// Channels to peers by address. Clones share them.
#[derive(Clone, Default)]
pub(crate) struct Peers {
    channels: Arc<Mutex<HashMap<String, Channel>>>,
}

impl Peers {
    /// A client of the member `node` at `address`. Does not wait: a peer that cannot be reached
    /// shows at the first request.
    pub(crate) fn connect(
        &self,
        node: NodeId,
        address: &str,
    ) -> Result<PeerClient<Channel>, MembershipError> {
        self.connect_to(address).map_err(|error| {
            MembershipError::Failed(format!("node {node} cannot be dialled: {error}"))
        })
    }

    /// A client of whoever is at `address` (`host:port`).
    pub(crate) fn connect_to(&self, address: &str) -> Result<PeerClient<Channel>, MembershipError> {
        let channel = self.channel(address)?;
        Ok(PeerClient::new(channel)
            .max_decoding_message_size(MAX_MESSAGE_BYTES)
            .max_encoding_message_size(MAX_MESSAGE_BYTES))
    }

    fn channel(&self, address: &str) -> Result<Channel, MembershipError> {
        let mut channels = self.channels.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(channel) = channels.get(address) {
            return Ok(channel.clone());
        }
        let endpoint = Endpoint::from_shared(format!("http://{address}")).map_err(|_| {
            MembershipError::Rejected(format!("{address:?} is not an address: write host:port"))
        })?;
        let channel = endpoint
            .connect_timeout(CONNECT_TIMEOUT)
            .tcp_nodelay(true)
            .http2_keep_alive_interval(KEEP_ALIVE)
            .keep_alive_timeout(KEEP_ALIVE)
            .keep_alive_while_idle(true)
            .connect_lazy();
        if channels.len() >= MAX_CHANNELS {
            channels.clear();
        }
        channels.insert(address.to_owned(), channel.clone());
        Ok(channel)
    }
}
