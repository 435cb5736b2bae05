//! How the other members ask this node's DHCP server what it has seen of a client.

use cluster::{Explainer, SeenPacket};
use dhcpd::{PacketLogReader, PacketRecord};
use ipam::ClientKey;
use std::sync::Arc;
use std::time::Duration;

/// How to ask the DHCP server that has this packet log.
pub(crate) fn explainer(packet_log: PacketLogReader) -> Explainer {
    Arc::new(move |client: &ClientKey| {
        let seen = packet_log.of(client).into_iter();
        seen.map(|(age, record)| seen_packet(age, &record))
            .collect()
    })
}

fn seen_packet(age: Duration, record: &PacketRecord) -> SeenPacket {
    SeenPacket {
        age,
        hardware: record.hardware.to_string(),
        message_type: record
            .message
            .map(|message| message.name().to_owned())
            .unwrap_or_default(),
        xid: record.xid,
        origin: record.origin(),
        reason: record.reason().to_owned(),
        outcome: record.outcome(),
    }
}
