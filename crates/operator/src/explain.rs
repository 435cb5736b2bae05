//! Why a client gets no answer: what every node's DHCP server has seen of it. One question of an
//! operator, put to all members; it needs no leader.

use crate::Operations;
use cluster::SeenPacket;
use ipam::{ClientKey, NodeId};
use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A packet, where and when it was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenAt {
    /// By which node.
    pub node: NodeId,
    /// Since the Unix epoch, by this host's clock: the members say how long ago.
    pub time: Duration,
    /// The packet, and what became of it.
    pub packet: SeenPacket,
}

/// What the members know of a client.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Explanation {
    /// The oldest first; of each node at most 64.
    pub packets: Vec<SeenAt>,
    /// Every member, and why it did not say, if so.
    pub asked: BTreeMap<NodeId, Option<String>>,
}

impl Operations {
    /// Asks every member.
    pub async fn explain(&self, client: &ClientKey) -> Explanation {
        let answers = self.node.cluster().explain(client).await;
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        let mut explanation = Explanation::default();
        for (node, answer) in answers {
            let (packets, problem) = match answer {
                Ok(packets) => (packets, None),
                Err(problem) => (Vec::new(), Some(problem)),
            };
            explanation.asked.insert(node, problem);
            let packets = packets.into_iter();
            explanation.packets.extend(packets.map(|packet| SeenAt {
                node,
                time: now.saturating_sub(packet.age),
                packet,
            }));
        }
        explanation
            .packets
            .sort_by_key(|seen| (seen.time.as_millis(), seen.node));
        explanation
    }
}
