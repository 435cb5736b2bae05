//! What every member's DHCP server has seen of one client, for people.
//!
//! * **What flows in and out.** The daemon says how to ask its own server ([`Explainer`]); a question is
//!   put to it and to all other members at once.
//! * **What it is not.** Raft: it needs no leader and no quorum, and nothing is decided by it.
//! * **Bounds.** A member has [`PATIENCE`]; of its answer [`MAX_SEEN_PACKETS`] are taken, with [`bounded`]
//!   texts.

use crate::identity::Identity;
use crate::limits::MAX_SEEN_PACKETS;
use crate::lock::lock;
use crate::raft_view::RaftView;
use crate::transport::{Peers, bounded};
use api::proto::peer as wire;
use futures::future::join_all;
use ipam::{ClientKey, NodeId};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::time::timeout;

/// How long a member may take. The operator waits.
const PATIENCE: Duration = Duration::from_secs(2);

/// One packet that a member's DHCP server has seen, and what became of it. Texts are for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenPacket {
    /// How long ago it came.
    pub age: Duration,
    /// The client's hardware address.
    pub hardware: String,
    /// DHCP's message type; empty where the packet could not be read.
    pub message_type: String,
    /// Its transaction.
    pub xid: u32,
    /// Where it came from.
    pub origin: String,
    /// The label of the reason why it got no answer; empty if it got one.
    pub reason: String,
    /// What became of it, with what to do about it.
    pub outcome: String,
}

/// What this node's own DHCP server has seen of a client.
pub type Explainer = Arc<dyn Fn(&ClientKey) -> Vec<SeenPacket> + Send + Sync>;

/// Asks this node's DHCP server and the other members.
pub(crate) struct Explain {
    identity: Arc<Identity>,
    view: RaftView,
    peers: Peers,
    /// None before DHCP is up.
    here: Mutex<Option<Explainer>>,
}

impl Explain {
    /// Before DHCP is up.
    pub(crate) const fn new(identity: Arc<Identity>, view: RaftView, peers: Peers) -> Self {
        Self {
            identity,
            view,
            peers,
            here: Mutex::new(None),
        }
    }

    /// How to ask this node's DHCP server from now on.
    pub(crate) fn set_explainer(&self, explainer: Explainer) {
        *lock(&self.here) = Some(explainer);
    }

    /// What this node has seen of a client.
    pub(crate) fn here(&self, client: &ClientKey) -> Vec<SeenPacket> {
        let explainer = lock(&self.here).clone();
        explainer.map_or_else(Vec::new, |explainer| explainer(client))
    }

    /// What every member has seen of a client, or why a member did not say. In the order of their ids.
    pub(crate) async fn everywhere(
        &self,
        client: &ClientKey,
    ) -> Vec<(NodeId, Result<Vec<SeenPacket>, String>)> {
        let mut members = self.view.members();
        let here = self.identity.node;
        members.entry(here).or_default();
        let asked = members.iter().map(async |(node, address)| {
            let seen = if *node == here {
                Ok(self.here(client))
            } else {
                self.ask(*node, address, client).await
            };
            (*node, seen)
        });
        join_all(asked).await
    }

    async fn ask(
        &self,
        node: NodeId,
        address: &str,
        client: &ClientKey,
    ) -> Result<Vec<SeenPacket>, String> {
        let peer = self.peers.connect(node, address);
        let mut peer = peer.map_err(|error| error.to_string())?;
        let request = wire::ExplainRequest {
            client: Some(client.into()),
            route: Some(self.identity.route_to(node)),
        };
        match timeout(PATIENCE, peer.explain(request)).await {
            Ok(Ok(response)) => {
                let packets = response.into_inner().packets.into_iter();
                Ok(packets.take(MAX_SEEN_PACKETS).map(Into::into).collect())
            }
            Ok(Err(status)) => Err(status.message().to_owned()),
            Err(_) => Err(format!("no answer from {address} within {PATIENCE:?}")),
        }
    }
}

impl From<wire::SeenPacket> for SeenPacket {
    fn from(packet: wire::SeenPacket) -> Self {
        Self {
            age: Duration::from_millis(packet.age_millis),
            hardware: bounded(&packet.hardware),
            message_type: bounded(&packet.message_type),
            xid: packet.xid,
            origin: bounded(&packet.origin),
            reason: bounded(&packet.reason),
            outcome: bounded(&packet.outcome),
        }
    }
}

impl From<SeenPacket> for wire::SeenPacket {
    fn from(packet: SeenPacket) -> Self {
        Self {
            age_millis: u64::try_from(packet.age.as_millis()).unwrap_or(u64::MAX),
            hardware: packet.hardware,
            message_type: packet.message_type,
            xid: packet.xid,
            origin: packet.origin,
            reason: packet.reason,
            outcome: packet.outcome,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::MAX_TEXT_BYTES;

    #[test]
    fn a_peers_texts_are_bounded() {
        let packet = wire::SeenPacket {
            outcome: "ü".repeat(10_000),
            ..wire::SeenPacket::default()
        };
        assert_eq!(SeenPacket::from(packet).outcome.len(), MAX_TEXT_BYTES);
    }
}
