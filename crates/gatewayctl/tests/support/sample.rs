//! Answers as a cluster of three gives them.

use api::proto::admin::verdict::Level;
use api::proto::admin::{
    AskedNode, Blocker, ExplainResponse, ExplainedPacket, Lease, Member, NatStatus, StatusResponse,
    SubnetUse, Verdict,
};
use api::proto::watch::Event;

/// Node 1 leads, all is well.
pub fn healthy() -> StatusResponse {
    StatusResponse {
        members: vec![
            member(1, "leader", true, Some(1042), Some(0)),
            member(2, "follower", true, Some(1040), Some(2)),
            member(3, "follower", true, Some(1042), Some(0)),
        ],
        verdict: Some(Verdict {
            level: Level::Healthy.into(),
            summary: "HEALTHY: 3 of 3 nodes; one failure is survived".to_owned(),
            blockers: Vec::new(),
        }),
        notices: Vec::new(),
        peer_refusals: Default::default(),
        ..status()
    }
}

/// Node 1 leads, node 3 is away.
pub fn status() -> StatusResponse {
    StatusResponse {
        node_id: 1,
        cluster_id: "6b1d0a4477c94f0f8a5e3c2b1a090807".to_owned(),
        leader_id: Some(1),
        term: 7,
        last_applied: 1042,
        has_quorum: true,
        in_service: true,
        not_serving_reason: None,
        members: vec![
            member(1, "leader", true, Some(1042), Some(0)),
            member(2, "follower", true, Some(1040), Some(2)),
            Member {
                unreachable_seconds: Some(251),
                ..member(3, "follower", false, None, None)
            },
        ],
        subnets: vec![subnet()],
        nat: Some(NatStatus { in_sync: true, repairs: 2, last_repair_micros: Some(1834), last_error: None, problems: vec![], no_uplink: false }),
        dropped_packets: [("malformed", 10), ("pool_exhausted", 31), ("other_responder", 142), ("other_server", 142)].map(|(reason, n)| (reason.to_owned(), n)).into(),
        messages: [("in_discover", 300), ("out_ack", 217)].map(|(kind, n)| (kind.to_owned(), n)).into(),
        version: "0.1.0".to_owned(),
        notices: vec!["GATEWAY_DHCP_POOL_END is 10.15.3.200 here and 10.15.3.254 in the cluster: the cluster's holds".to_owned()],
        verdict: Some(Verdict {
            level: Level::Degraded.into(),
            summary: "DEGRADED: 2 of 3 nodes; one more failure stops service. Node 3 unreachable for 4 min".to_owned(),
            blockers: vec![unreachable(3, 251, "4 min")],
        }),
        not_ours: ["other_responder", "other_server"].map(str::to_owned).into(),
        peer_refusals: [("no_request", 1204), ("not_a_member", 12), ("too_many_connections", 1100), ("term", 3)].map(|(reason, n)| (reason.to_owned(), n)).into(),
    }
}

/// Node 3, cut off from its peers.
pub fn not_serving() -> StatusResponse {
    StatusResponse {
        node_id: 3,
        leader_id: Some(1),
        term: 8,
        has_quorum: false,
        in_service: false,
        not_serving_reason: Some("no quorum in reach: 1 of 3 members answers".to_owned()),
        members: vec![
            member(1, "follower", false, None, None),
            member(2, "follower", false, None, None),
            Member {
                in_service: false,
                ..member(3, "follower", true, Some(1011), None)
            },
        ],
        nat: Some(NatStatus {
            in_sync: false,
            repairs: 0,
            last_repair_micros: None,
            last_error: Some("netlink: EPERM".to_owned()),
            problems: vec![],
            no_uplink: false,
        }),
        dropped_packets: Default::default(),
        peer_refusals: Default::default(),
        notices: Vec::new(),
        verdict: Some(Verdict {
            level: Level::NotServing.into(),
            summary: "NOT SERVING: no quorum in reach: 1 of 3 members answers. Node 1 unreachable for 1 min. Node 2 unreachable for 1 min. NAT is not as it should be. 0 of 3 nodes in service".to_owned(),
            blockers: vec![
                Blocker {
                    kind: "not_serving".to_owned(),
                    cause: "This node does not answer DHCP clients: no quorum in reach: 1 of 3 members answers".to_owned(),
                    remedy: "start gatewayd on the nodes that are down, or repair the network between them; do not remove members".to_owned(),
                    node_id: None,
                    since_seconds: None,
                },
                cut_off(1),
                cut_off(2),
                Blocker {
                    kind: "nat".to_owned(),
                    cause: "NAT: netlink: EPERM".to_owned(),
                    ..Blocker::default()
                },
            ],
        }),
        ..status()
    }
}

/// A node that was started and is in no cluster yet.
pub fn fresh() -> StatusResponse {
    StatusResponse {
        node_id: 4,
        version: "0.1.0".to_owned(),
        not_serving_reason: Some("not a member yet: waits to be added".to_owned()),
        ..StatusResponse::default()
    }
}

fn unreachable(node: u64, seconds: u64, for_how_long: &str) -> Blocker {
    Blocker {
        kind: "member_unreachable".to_owned(),
        cause: format!(
            "Node {node} unreachable for {for_how_long} at 192.0.2.{}:7066",
            10 + node
        ),
        remedy: format!(
            "start gatewayd on its host, or repair the network to it; if it is gone for good: gatewayctl node remove {node}"
        ),
        node_id: Some(node),
        since_seconds: Some(seconds),
    }
}

/// Without a quorum nobody can be removed.
fn cut_off(node: u64) -> Blocker {
    Blocker {
        remedy: "start gatewayd on its host, or repair the network to it".to_owned(),
        ..unreachable(node, 70, "1 min")
    }
}

fn member(
    node_id: u64,
    role: &str,
    reachable: bool,
    applied: Option<u64>,
    lag: Option<u64>,
) -> Member {
    Member {
        node_id,
        role: role.to_owned(),
        listen_ip: format!("10.15.3.{}", 9 + node_id),
        peer_address: format!("192.0.2.{}:7066", 10 + node_id),
        reachable,
        applied,
        lag,
        in_service: reachable,
        unreachable_seconds: None,
    }
}

fn subnet() -> SubnetUse {
    SubnetUse {
        subnet_id: 1,
        network: "10.15.3.0/24".to_owned(),
        pool: "10.15.3.20-10.15.3.254".to_owned(),
        pool_size: 235,
        bound: 217,
        offered: 3,
        free: 14,
        quarantined: 1,
        reserved: 2,
    }
}

/// Every state, and a host name that would clear the screen.
pub fn leases() -> Vec<Lease> {
    vec![
        lease(
            "10.15.3.20",
            "02:aa:00:00:00:01",
            "bound",
            Some(43_199),
            "web-1",
        ),
        lease(
            "10.15.3.21",
            "id:ff:00:00:00:01:00:01:2c:aa",
            "offered",
            Some(9),
            "evil\u{1b}[2J",
        ),
        lease("10.15.3.22", "02:aa:00:00:00:03", "expired", None, ""),
        lease("10.15.3.254", "", "quarantined", Some(3600), ""),
    ]
}

/// A lease by node 2.
pub fn lease(
    address: &str,
    client: &str,
    state: &str,
    expires: Option<u64>,
    hostname: &str,
) -> Lease {
    Lease {
        address: address.to_owned(),
        client: client.to_owned(),
        hardware: "02:aa:00:00:00:01".to_owned(),
        state: state.to_owned(),
        expires_in_seconds: expires,
        hostname: hostname.to_owned(),
        node_id: 2,
        subnet_id: 1,
    }
}

/// Two nodes have heard it, the third is away.
pub fn explained() -> ExplainResponse {
    let packet = |node_id, unix_millis, kind: &str, origin: &str, reason: &str, outcome: &str| {
        ExplainedPacket {
            node_id,
            unix_millis,
            hardware: "02:aa:00:00:00:01".to_owned(),
            message_type: kind.to_owned(),
            xid: 0x1ab0_0001,
            origin: origin.to_owned(),
            reason: reason.to_owned(),
            outcome: outcome.to_owned(),
        }
    };
    ExplainResponse {
        client: "02:aa:00:00:00:01".to_owned(),
        packets: vec![
            packet(
                1,
                1_795_892_399_950,
                "discover",
                "0.0.0.0 broadcast",
                "other_responder",
                "no answer: not ours: another node answers this client first; this one follows when the client asks again",
            ),
            packet(
                2,
                1_795_892_400_001,
                "discover",
                "0.0.0.0 broadcast",
                "pool_exhausted",
                "no answer: no address is free: release leases that are not used any more (`gatewayctl lease list`)",
            ),
            packet(
                2,
                1_795_892_404_120,
                "request",
                "10.15.3.5 unicast, relay 10.15.3.5",
                "unknown_relay",
                "no answer: it says that it comes from a relay, but the relay is not named: if it is yours, put all its addresses into GATEWAY_DHCP_RELAYS on every node",
            ),
            packet(
                2,
                1_795_892_405_000,
                "",
                "0.0.0.0 broadcast",
                "option_overrun",
                "no answer: an option runs past the packet's end, so the packet was cut off: look at the client, or at what is between",
            ),
            packet(
                2,
                1_795_892_409_000,
                "discover",
                "0.0.0.0 broadcast",
                "",
                "answered: offered 10.15.3.20, to 02:aa:00:00:00:01",
            ),
        ],
        nodes: vec![
            asked(1, None),
            asked(2, None),
            asked(3, Some("no answer from 192.0.2.13:7066 within 2s")),
        ],
    }
}

fn asked(node_id: u64, problem: Option<&str>) -> AskedNode {
    AskedNode {
        node_id,
        problem: problem.map(str::to_owned),
    }
}

/// Two, the second after a gap.
pub fn events() -> Vec<Event> {
    let event = |index, kind: &str, text: &str, missed| Event {
        index,
        kind: kind.to_owned(),
        address: "10.15.3.20".to_owned(),
        client: "02:aa:00:00:00:01".to_owned(),
        text: text.to_owned(),
        actor: "node 2".to_owned(),
        missed,
    };
    vec![
        event(1043, "LeaseGranted", "for 12 h by node 2", 0),
        event(1099, "LeaseReleased", "by the client", 4),
    ]
}
