//! An intruder on the peers' network: it has an identity that is proven, a stranger's or a member's, and
//! says with it what no honest node says. All of it must be refused, so nothing here may show.
//!
//! What a member may do by lying within its rights (unseat a leader, lead) is not in it: Raft is not
//! Byzantine. Nor is what a stranger may do while there is no leader, or to a node that waits for
//! whoever invites it (ADR 0015, 0016).

use super::arena::World;
use crate::network::{CallId, Host, PeerRequest};
use api::proto::command as log;
use api::proto::raft as wire;
use fastrand::Rng;
use prost::Message;
use tonic::codegen::http::{HeaderMap, HeaderValue, Uri};

/// How many requests each node gets.
const REQUESTS: u64 = 12;
/// A node that is no member.
const STRANGER: Host = 99;
/// The calls of an intruder have the last numbers, which no other call reaches: nobody waits for
/// their answers.
const LAST_CALL: u64 = u64::MAX;

/// Numbers that no election and no log reaches.
const BEYOND: [u64; 4] = [(1 << 62) + 1, 1 << 63, u64::MAX - 1, u64::MAX];

impl World {
    /// Every node that runs hears the intruder out.
    pub(super) fn intrude(&mut self, random: &mut Rng) {
        let hosts: Vec<Host> = self.scenario.hosts().collect();
        for (place, to) in (0..).zip(&hosts) {
            for number in 0..REQUESTS {
                let member = hosts[random.usize(0..hosts.len())];
                let is_stranger = random.bool() || member == *to;
                let from = if is_stranger { STRANGER } else { member };
                let request = request(random, from, *to);
                let call = CallId(LAST_CALL - place * REQUESTS - number);
                if let Some(node) = self.nodes.get(to).filter(|node| !node.is_paused()) {
                    node.take_request(&self.network, call, from, request);
                }
            }
        }
    }
}

/// A request of `from`'s to `to` that must be refused.
fn request(random: &mut Rng, from: Host, to: Host) -> PeerRequest {
    let beyond = BEYOND[random.usize(0..BEYOND.len())];
    let another = if from == 1 { 2 } else { 1 };
    let mut route = wire::Route {
        from,
        to,
        cluster_id: [7; 16].to_vec(),
    };
    // Its own name with a term beyond all bounds, or another's with a plausible one.
    let in_anothers_name = random.bool();
    let vote = |committed| wire::Vote {
        term: if in_anothers_name { 1 } else { beyond },
        node_id: if in_anothers_name { another } else { from },
        committed,
    };
    if random.u8(0..4) == 0 {
        route.from = another;
    }
    if random.u8(0..4) == 0 {
        route.cluster_id = if random.bool() { vec![] } else { vec![8; 16] };
    }
    let position = Some(wire::LogId {
        term: 1,
        index: beyond,
    });
    let route = Some(route);
    match random.u8(0..6) {
        0 => framed(
            "Append",
            &wire::AppendEntriesRequest {
                vote: Some(vote(true)),
                prev_log_id: position,
                entries: vec![],
                leader_commit: position,
                route,
            },
        ),
        1 | 2 => framed(
            if random.bool() { "Vote" } else { "PreVote" },
            &wire::VoteRequest {
                vote: Some(vote(false)),
                last_log_id: position,
                leadership_transfer: true,
                route,
            },
        ),
        3 => framed(
            "TransferLeader",
            &wire::TransferLeaderRequest {
                from_leader: Some(vote(true)),
                to_node_id: from,
                last_log_id: None,
                route,
            },
        ),
        4 => framed(
            "Propose",
            &wire::ProposeRequest {
                commands: vec![command(random, another)],
                timeout_millis: 1000,
                route,
            },
        ),
        _ => framed(
            "Join",
            &wire::JoinRequest {
                node_id: another,
                peer_address: "peer:1".to_owned(),
                listen_ip: 0x0a0f_0363,
                has_data: true,
                nonce: vec![0; 16],
                route,
            },
        ),
    }
}

/// What the leader takes from nobody, or not in another's name.
fn command(random: &mut Rng, another: Host) -> log::Command {
    use log::command::Kind;
    let kind = match random.u8(0..3) {
        0 => Kind::RemoveNode(log::RemoveNode { node: another }),
        1 => Kind::Tick(log::Tick {}),
        _ => Kind::QuarantineAddress(log::QuarantineAddress {
            subnet: 1,
            address: 0x0a0f_0315,
            node: another,
            ..log::QuarantineAddress::default()
        }),
    };
    log::Command { kind: Some(kind) }
}

/// One message as gRPC sends it.
fn framed(method: &str, message: &impl Message) -> PeerRequest {
    let encoded = message.encode_to_vec();
    let length = u32::try_from(encoded.len()).unwrap_or(u32::MAX);
    let mut body = vec![0];
    body.extend(length.to_be_bytes());
    body.extend(encoded);
    let mut headers = HeaderMap::new();
    headers.insert("content-type", HeaderValue::from_static("application/grpc"));
    headers.insert("te", HeaderValue::from_static("trailers"));
    PeerRequest {
        uri: format!("http://peer/gatewayd.raft.v1.Peer/{method}")
            .parse()
            .unwrap_or_else(|_| Uri::default()),
        headers,
        body: body.into(),
    }
}
