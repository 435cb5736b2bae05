//! What every member's DHCP server has seen of one client, for people.
//!
//! * **What flows in and out.** The daemon says how to ask its own server ([`Explainer`]); a question is
//!   put to it and to all other members at once.
//! * **What it is not.** Raft: it needs no leader and no quorum, and nothing is decided by it.
//! * **Bounds.** A member has [`PATIENCE`]; of its answer [`MAX_SEEN_PACKETS`] are taken, with [`bounded`]
//!   texts.

use crate::limits::MAX_SEEN_PACKETS;
use crate::node::{Cluster, Inner};
use crate::transport::bounded;
use api::proto::raft as wire;
use futures::future::join_all;
use ipam::{ClientKey, NodeId};
use std::sync::{Arc, Mutex, PoisonError};
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

/// Where the explainer is kept; none before DHCP is up.
#[derive(Default)]
pub(crate) struct Explains(Mutex<Option<Explainer>>);

impl Explains {
    fn set(&self, explainer: Explainer) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(explainer);
    }

    /// What this node has seen of a client.
    pub(crate) fn here(&self, client: &ClientKey) -> Vec<SeenPacket> {
        let explainer = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let explainer = explainer.clone();
        explainer.map_or_else(Vec::new, |explainer| explainer(client))
    }
}

impl Cluster {
    /// How to ask this node's DHCP server from now on.
    pub fn set_explainer(&self, explainer: Explainer) {
        self.inner.explains.set(explainer);
    }

    /// What every member has seen of a client, or why a member did not say. In the order of their ids.
    pub async fn explain(
        &self,
        client: &ClientKey,
    ) -> Vec<(NodeId, Result<Vec<SeenPacket>, String>)> {
        let inner = &self.inner;
        let mut members = inner.members();
        let here = inner.config.node;
        members.entry(here).or_default();
        let asked = members.iter().map(async |(node, address)| {
            let seen = if *node == here {
                Ok(inner.explains.here(client))
            } else {
                ask(inner, *node, address, client).await
            };
            (*node, seen)
        });
        join_all(asked).await
    }
}

async fn ask(
    inner: &Inner,
    node: NodeId,
    address: &str,
    client: &ClientKey,
) -> Result<Vec<SeenPacket>, String> {
    let peer = inner.peers.connect(node, address);
    let mut peer = peer.map_err(|error| error.to_string())?;
    let request = wire::ExplainRequest {
        client: Some(client.into()),
        route: Some(inner.route_to(node)),
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
