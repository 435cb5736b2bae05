//! Channels to peers, made when first needed and kept.

use super::check_quorum::CheckQuorum;
use super::checked_answers::checked;
use super::connector::{ConnectError, Connector, PeerChannel};
use super::term_raises::TermRaises;
use crate::limits::MAX_MESSAGE_BYTES;
use api::proto::peer::peer_client::PeerClient;
use ipam::NodeId;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// The most channels kept. A cluster has fewer members; past that, old ones are dropped.
const MAX_CHANNELS: usize = 128;

/// Where a channel leads, and who must be there.
type Way = (String, Option<NodeId>);

/// Channels to peers by address and by whom they must prove to be. Clones share them.
#[derive(Clone)]
pub(crate) struct Peers {
    connector: Arc<dyn Connector>,
    channels: Arc<Mutex<HashMap<Way, PeerChannel>>>,
    check_quorum: CheckQuorum,
    term_raises: Arc<TermRaises>,
}

impl Peers {
    pub(crate) fn new(connector: Arc<dyn Connector>) -> Self {
        Self {
            connector,
            channels: Arc::default(),
            check_quorum: CheckQuorum::default(),
            term_raises: Arc::default(),
        }
    }

    /// Makes new connections from now on: the old ones have other limits.
    pub(crate) fn forget_channels(&self) {
        let mut channels = self.channels.lock().unwrap_or_else(PoisonError::into_inner);
        channels.clear();
    }

    /// Whether this node, if it leads, may speak.
    pub(crate) const fn check_quorum(&self) -> &CheckQuorum {
        &self.check_quorum
    }

    /// Who is believed that there is a higher term.
    pub(crate) fn term_raises(&self) -> &TermRaises {
        &self.term_raises
    }

    /// A client of the member `node` at `address`. Does not wait: a peer that cannot be reached
    /// shows at the first request.
    pub(crate) fn connect(
        &self,
        node: NodeId,
        address: &str,
    ) -> Result<PeerClient<PeerChannel>, ConnectError> {
        self.client(address, Some(node))
    }

    /// A client of whichever node is at `address` (`host:port`).
    pub(crate) fn connect_to(
        &self,
        address: &str,
    ) -> Result<PeerClient<PeerChannel>, ConnectError> {
        self.client(address, None)
    }

    fn client(
        &self,
        address: &str,
        node: Option<NodeId>,
    ) -> Result<PeerClient<PeerChannel>, ConnectError> {
        Ok(PeerClient::new(self.channel(address, node)?)
            .max_decoding_message_size(MAX_MESSAGE_BYTES)
            .max_encoding_message_size(MAX_MESSAGE_BYTES))
    }

    fn channel(&self, address: &str, node: Option<NodeId>) -> Result<PeerChannel, ConnectError> {
        let mut channels = self.channels.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (address.to_owned(), node);
        if let Some(channel) = channels.get(&key) {
            return Ok(channel.clone());
        }
        let channel = checked(self.connector.connect(address, node)?);
        if channels.len() >= MAX_CHANNELS {
            channels.clear();
        }
        channels.insert(key, channel.clone());
        Ok(channel)
    }
}
