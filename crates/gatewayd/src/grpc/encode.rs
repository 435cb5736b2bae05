//! How answers are said.

use api::proto::admin as wire;
use cluster::ProfileStatus;
use operator::{Explanation, ListedLease, ListedObject, SeenAt};
use std::time::Duration;

pub(super) fn lease(listed: &ListedLease) -> wire::Lease {
    let hostname = listed.lease.hostname.as_ref();
    wire::Lease {
        address: listed.address.to_string(),
        client: listed.lease.client.to_string(),
        hardware: listed.lease.hardware.to_string(),
        state: listed.state().to_owned(),
        expires_in_seconds: listed.expires_in.map(|span| span.as_secs()),
        hostname: hostname
            .map(|name| name.as_str().to_owned())
            .unwrap_or_default(),
        node_id: listed.lease.node.0,
        subnet_id: listed.subnet.0,
    }
}

pub(super) fn object(listed: ListedObject) -> wire::ListedObject {
    wire::ListedObject {
        stored: Some((&listed.stored).into()),
        now: listed.now,
    }
}

pub(super) fn profile(status: &ProfileStatus) -> wire::ProfileResponse {
    let round_trips = status.round_trips.iter();
    wire::ProfileResponse {
        agreed: status.agreed.to_string(),
        used: status.used.to_string(),
        local: status.local.map(|profile| profile.to_string()),
        fitting: status.fitting.map(|profile| profile.to_string()),
        round_trips: round_trips
            .map(|(node, trip)| wire::RoundTrip {
                node_id: node.0,
                micros: micros(*trip),
            })
            .collect(),
    }
}

pub(super) fn explanation(client: String, explanation: Explanation) -> wire::ExplainResponse {
    let asked = explanation.asked.into_iter();
    wire::ExplainResponse {
        client,
        packets: explanation.packets.into_iter().map(packet).collect(),
        nodes: asked
            .map(|(node, problem)| wire::AskedNode {
                node_id: node.0,
                problem,
            })
            .collect(),
    }
}

fn packet(seen: SeenAt) -> wire::ExplainedPacket {
    let SeenAt { node, time, packet } = seen;
    wire::ExplainedPacket {
        node_id: node.0,
        unix_millis: u64::try_from(time.as_millis()).unwrap_or(u64::MAX),
        hardware: packet.hardware,
        message_type: packet.message_type,
        xid: packet.xid,
        origin: packet.origin,
        reason: packet.reason,
        outcome: packet.outcome,
    }
}

pub(super) fn cluster_id(id: Option<[u8; 16]>) -> String {
    let bytes = id.into_iter().flatten();
    bytes.map(|byte| format!("{byte:02x}")).collect()
}

pub(super) fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
