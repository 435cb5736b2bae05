//! Requests that are made up, and that no node may take, whatever the cluster is at.

use crate::network::{Host, PeerRequest};
use api::proto::{log, peer, storage};
use fastrand::Rng;
use prost::Message;
use tonic::codegen::http::{HeaderMap, HeaderValue, Uri};

/// A chunk of a snapshot that is none.
const CHUNK: usize = 32 * 1024;
/// Numbers that no election and no log reaches.
const BEYOND: [u64; 4] = [(1 << 62) + 1, 1 << 63, u64::MAX - 1, u64::MAX];

/// A request of `from`'s to `to` that must be refused.
pub(super) fn request(random: &mut Rng, cluster: [u8; 16], from: Host, to: Host) -> PeerRequest {
    let beyond = BEYOND[random.usize(0..BEYOND.len())];
    let another = if from == 1 { 2 } else { 1 };
    // Its own name with a term beyond all bounds, or another's with a plausible one.
    let in_anothers_name = random.bool();
    let vote = |committed| storage::Vote {
        term: if in_anothers_name { 1 } else { beyond },
        node_id: if in_anothers_name { another } else { from },
        committed,
    };
    let position = Some(storage::LogId {
        term: 1,
        index: beyond,
    });
    let genuine = peer::Route {
        from,
        to,
        cluster_id: cluster.to_vec(),
    };
    let route = Some(forged_route(random, genuine, another));
    match random.u8(0..8) {
        0 => framed(
            "Append",
            &peer::AppendEntriesRequest {
                vote: Some(vote(true)),
                prev_log_id: position,
                entries: vec![],
                leader_commit: position,
                route,
            },
        ),
        1 | 2 => framed(
            if random.bool() { "Vote" } else { "PreVote" },
            &peer::VoteRequest {
                vote: Some(vote(false)),
                last_log_id: position,
                leadership_transfer: true,
                route,
            },
        ),
        3 => framed(
            "TransferLeader",
            &peer::TransferLeaderRequest {
                from_leader: Some(vote(true)),
                to_node_id: from,
                last_log_id: None,
                route,
            },
        ),
        6 | 7 => snapshot(random, vote(true), position, route),
        4 => framed(
            "Propose",
            &peer::ProposeRequest {
                commands: vec![command(random, another)],
                timeout_millis: 1000,
                route,
            },
        ),
        _ => framed(
            "Join",
            &peer::JoinRequest {
                node_id: another,
                peer_address: "peer:1".to_owned(),
                has_data: true,
                nonce: vec![0; 16],
                route,
            },
        ),
    }
}

/// The route as it is, or in another's name, or of another cluster.
fn forged_route(random: &mut Rng, mut route: peer::Route, another: Host) -> peer::Route {
    if random.u8(0..4) == 0 {
        route.from = another;
    }
    if random.u8(0..4) == 0 {
        route.cluster_id = if random.bool() { vec![] } else { vec![8; 16] };
    }
    route
}

/// A snapshot that is none: garbage, one of no end, or larger than it says.
fn snapshot(
    random: &mut Rng,
    vote: storage::Vote,
    position: Option<storage::LogId>,
    route: Option<peer::Route>,
) -> PeerRequest {
    use peer::snapshot_chunk::Part;
    let chunk = |part| {
        let chunk = peer::SnapshotChunk { part: Some(part) };
        frame(&chunk.encode_to_vec())
    };
    let header = peer::SnapshotHeader {
        vote: Some(vote),
        meta: Some(storage::SnapshotMeta {
            last_log_id: position,
            last_membership: None,
        }),
        length: [0, 1, 1 << 63, u64::MAX][random.usize(0..4)],
        route,
    };
    let garbage =
        |random: &mut Rng, bytes: usize| -> Vec<u8> { (0..bytes).map(|_| random.u8(..)).collect() };
    let mut body = match random.u8(0..4) {
        0 => frame(&garbage(random, 200)),
        1 => vec![],
        _ => chunk(Part::Header(header)),
    };
    let chunks = if random.u8(0..4) == 0 { 32 } else { 1 };
    for _ in 0..chunks {
        body.extend(chunk(Part::Data(garbage(random, CHUNK))));
    }
    request_with("InstallSnapshot", body)
}

/// What the leader takes from nobody, or not in another's name.
fn command(random: &mut Rng, another: Host) -> log::Command {
    use log::cluster_command::Kind;
    use log::command::Class;
    let of_the_cluster = |kind| Class::Cluster(log::ClusterCommand { kind: Some(kind) });
    let class = match random.u8(0..3) {
        0 => of_the_cluster(Kind::RemoveNode(another)),
        1 => of_the_cluster(Kind::Tick(log::Tick {})),
        _ => {
            let found = log::QuarantineAddress {
                subnet: 1,
                address: 0x0a0f_0315,
                node: another,
            };
            let kind = log::lease_command::Kind::Quarantine(found);
            Class::Lease(log::LeaseCommand { kind: Some(kind) })
        }
    };
    log::Command {
        class: Some(class),
        request: u64::MAX,
    }
}

/// A call with one message.
fn framed(method: &str, message: &impl Message) -> PeerRequest {
    request_with(method, frame(&message.encode_to_vec()))
}

/// One message as gRPC sends it.
pub(super) fn frame(message: &[u8]) -> Vec<u8> {
    let length = u32::try_from(message.len()).unwrap_or(u32::MAX);
    let mut frame = vec![0];
    frame.extend(length.to_be_bytes());
    frame.extend(message);
    frame
}

/// A call with this body.
pub(super) fn request_with(method: &str, body: Vec<u8>) -> PeerRequest {
    let mut headers = HeaderMap::new();
    headers.insert("content-type", HeaderValue::from_static("application/grpc"));
    headers.insert("te", HeaderValue::from_static("trailers"));
    PeerRequest {
        uri: format!("http://peer/gatewayd.peer.v1.Peer/{method}")
            .parse()
            .unwrap_or_else(|_| Uri::default()),
        headers,
        body: body.into(),
    }
}
