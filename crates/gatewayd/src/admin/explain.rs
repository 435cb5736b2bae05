//! Why a client gets no answer: what every node's DHCP server has seen of it. One question of an
//! operator, put to all members; it needs no leader.

use super::{Daemon, text};
use api::proto::admin as wire;
use cluster::{Explainer, SeenPacket};
use dhcpd::{PacketLogReader, PacketRecord};
use ipam::{ClientKey, NodeId};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tonic::Status;

/// How to ask a DHCP server of this node.
pub fn explainer(packet_log: PacketLogReader) -> Explainer {
    Arc::new(move |client: &ClientKey| {
        let seen = packet_log.of(client).into_iter();
        seen.map(|(age, sighting)| seen_packet(age, &sighting))
            .collect()
    })
}

fn seen_packet(age: Duration, sighting: &PacketRecord) -> SeenPacket {
    SeenPacket {
        age,
        hardware: sighting.hardware.to_string(),
        message_type: sighting
            .message
            .map(|message| message.name().to_owned())
            .unwrap_or_default(),
        xid: sighting.xid,
        origin: sighting.origin(),
        reason: sighting.reason().to_owned(),
        outcome: sighting.outcome(),
    }
}

/// Asks every member. Times are by this host's clock: the members say how long ago.
pub async fn explain(
    daemon: &Daemon,
    request: wire::ExplainRequest,
) -> Result<wire::ExplainResponse, Status> {
    let client = text::parse_client(&request.client)?;
    let answers = daemon.cluster.explain(&client).await;
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let mut response = wire::ExplainResponse {
        client: client.to_string(),
        ..wire::ExplainResponse::default()
    };
    for (node, answer) in answers {
        let (packets, problem) = match answer {
            Ok(packets) => (packets, None),
            Err(problem) => (Vec::new(), Some(problem)),
        };
        response.nodes.push(wire::AskedNode {
            node_id: node.0,
            problem,
        });
        let packets = packets.into_iter();
        response
            .packets
            .extend(packets.map(|packet| explained(node, packet, now)));
    }
    response
        .packets
        .sort_by_key(|packet| (packet.unix_millis, packet.node_id));
    Ok(response)
}

fn explained(node: NodeId, packet: SeenPacket, now: Duration) -> wire::ExplainedPacket {
    let at = now.saturating_sub(packet.age).as_millis();
    wire::ExplainedPacket {
        node_id: node.0,
        unix_millis: u64::try_from(at).unwrap_or(u64::MAX),
        hardware: packet.hardware,
        message_type: packet.message_type,
        xid: packet.xid,
        origin: packet.origin,
        reason: packet.reason,
        outcome: packet.outcome,
    }
}
