//! What every node has seen of a client.

use api::proto::admin::{AskedNode, ExplainResponse, ExplainedPacket};
use serde::Serialize;

/// The last packets of a client on every node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ExplainView {
    /// The client.
    pub client: String,
    /// Its packets, oldest first.
    pub packets: Vec<ExplainedPacketView>,
    /// The nodes that were asked.
    pub nodes: Vec<AskedNodeView>,
}

/// One packet on one node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ExplainedPacketView {
    /// Which node heard it.
    pub node_id: u64,
    /// When, in milliseconds since 1970, by the clock of the node that was asked.
    pub unix_millis: u64,
    /// The hardware address in it.
    pub hardware: String,
    /// discover, request, …; empty where the packet could not be read.
    pub message_type: String,
    /// Its transaction.
    pub xid: u32,
    /// Where it came from, and how.
    pub origin: String,
    /// The reason's label in status and metrics; empty if it was answered.
    pub reason: String,
    /// What became of it, and what to do about it.
    pub outcome: String,
}

/// A node that was asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AskedNodeView {
    /// Which.
    pub node_id: u64,
    /// Why it did not say; null if it did.
    pub problem: Option<String>,
}

impl From<ExplainResponse> for ExplainView {
    fn from(response: ExplainResponse) -> Self {
        Self {
            client: response.client,
            packets: response.packets.into_iter().map(Into::into).collect(),
            nodes: response.nodes.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<ExplainedPacket> for ExplainedPacketView {
    fn from(packet: ExplainedPacket) -> Self {
        let ExplainedPacket {
            node_id,
            unix_millis,
            hardware,
            message_type,
            xid,
            origin,
            reason,
            outcome,
        } = packet;
        Self {
            node_id,
            unix_millis,
            hardware,
            message_type,
            xid,
            origin,
            reason,
            outcome,
        }
    }
}

impl From<AskedNode> for AskedNodeView {
    fn from(node: AskedNode) -> Self {
        let AskedNode { node_id, problem } = node;
        Self { node_id, problem }
    }
}
