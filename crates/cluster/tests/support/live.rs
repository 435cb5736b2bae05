//! A live node of openraft that a lying member talks to, with any numbers in any message.
//!
//! The node is one of two voters, and the other is the liar: so there is never a leader that it hears, and
//! every request of the liar comes as far as the bounds. Used by a test and by the fuzz target `peer_live`.
//!
//! Judged: whatever is said, Raft goes on, and the term and the cluster clock are within reach.

use api::proto::log;
use api::proto::{peer, storage};
use cluster::{Cluster, ClusterConfig, ConnectError, Connector, PeerChannel, PeerHandler};
use cluster::{ProvenPeer, Snapshots, Surroundings, Timings};
use http_body_util::{BodyExt, Full};
use ipam::{ClusterTime, NodeId};
use openraft::storage::RaftLogStorageExt;
use prost::Message;
use raft_store::storage_env::{OsEnv, StorageEnv};
use raft_store::{CommittedLeaderId, Entry, LogId, Membership, OpenOptions, PeerNode, TypeConfig};
use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;
use tonic::Status;
use tonic::body::Body;
use tonic::codegen::http;
use tower::ServiceExt;

const CLUSTER: [u8; 16] = [7; 16];
/// Whose requests the node takes.
pub const LIAR: u64 = 2;
/// The bounds of ADR 0015.
const LARGEST: u64 = 1 << 62;
const STEP: u64 = 1 << 20;
const AHEAD: u64 = 1 << 40;
const RATE: u64 = 1 << 20;

/// The node, and the way to it.
pub struct Live {
    runtime: Runtime,
    cluster: Cluster,
    handler: PeerHandler,
    steps: u64,
    begun: Instant,
}

/// What is left of an input. Once it is empty, all numbers are 0.
struct Input<'a>(&'a [u8]);

impl Input<'_> {
    fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else {
            return 0;
        };
        self.0 = rest;
        *first
    }

    /// A number at an edge, or near `own`, or any.
    fn number(&mut self, own: u64) -> u64 {
        let offset = u64::from(self.byte());
        match self.byte() % 12 {
            0 => offset % 4,
            1 => own,
            2 => own.saturating_add(offset % 8),
            3 => own.saturating_sub(offset % 8),
            4 => own.saturating_add(STEP),
            5 => own.saturating_add(STEP + 1),
            6 => LARGEST,
            7 => LARGEST + 1 + offset,
            8 => 1 << 63,
            9 => u64::MAX,
            10 => u64::MAX - offset,
            _ => offset << (self.byte() % 64),
        }
    }

    fn flag(&mut self) -> bool {
        self.byte() % 2 == 1
    }
}

/// There is nobody else.
struct Nowhere;

impl Connector for Nowhere {
    fn connect(&self, _: &str, _: Option<NodeId>) -> Result<PeerChannel, ConnectError> {
        Err(ConnectError::NotAnAddress(String::new()))
    }
}

impl Live {
    /// A node with an empty log but for the entry that makes it one of two voters.
    pub fn new(directory: &Path) -> Self {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        let runtime = builder.worker_threads(2).enable_all().build().unwrap();
        let begun = Instant::now();
        let (cluster, handler) = runtime.block_on(start(Arc::new(OsEnv), directory));
        Self {
            runtime,
            cluster,
            handler,
            steps: 0,
            begun,
        }
    }

    /// How late the cluster clock may be by now.
    fn latest(&self) -> ClusterTime {
        let ahead = u64::try_from(self.begun.elapsed().as_millis()).unwrap();
        ClusterTime(AHEAD + ahead * RATE)
    }

    /// Plays an input, and judges.
    pub fn play(&mut self, data: &[u8]) {
        let mut input = Input(data);
        while !input.0.is_empty() {
            let status = self.cluster.status();
            let request = message(&mut input, status.term, status.last_applied);
            let answered = self.runtime.block_on(call(self.handler.clone(), request));
            self.steps += 1;
            assert!(answered, "the node does not answer");
            assert_eq!(self.cluster.storage_error(), None, "Raft has stopped");
            let term = self.cluster.status().term;
            let reachable = (self.steps + 1).saturating_mul(STEP + 1);
            assert!(term <= reachable.min(LARGEST), "term {term}");
            let clock = self.cluster.read(ipam::State::clock);
            assert!(clock <= self.latest(), "the clock is at {clock}");
        }
    }
}

/// The node on `disk`, and the way to it.
pub async fn start(disk: Arc<dyn StorageEnv>, directory: &Path) -> (Cluster, PeerHandler) {
    let options = OpenOptions::new(directory, 1);
    let mut store = raft_store::open_on(disk, &options).unwrap();
    store.cluster.claim(CLUSTER).await.unwrap();
    let nodes = BTreeMap::from([(1, PeerNode::new("n1:1")), (LIAR, PeerNode::new("n2:1"))]);
    let voters = BTreeSet::from([1, LIAR]);
    let first = Entry {
        log_id: LogId::new(CommittedLeaderId::new(0), 0),
        payload: openraft::EntryPayload::Membership(Membership::new(vec![voters], nodes).unwrap()),
    };
    RaftLogStorageExt::<TypeConfig>::blocking_append(&mut store.log, [first])
        .await
        .unwrap();
    let config = ClusterConfig {
        node: NodeId(1),
        data_dir: directory.to_owned(),
        peer_listen: (Ipv4Addr::LOCALHOST, 0).into(),
        peer_address: "n1:1".to_owned(),
        listen_ip: Ipv4Addr::new(10, 15, 3, 10),
        tls: None,
        profile: ipam::Profile::Lan,
        timings: Timings {
            heartbeat: Duration::from_millis(20),
            election_min: Duration::from_millis(60),
            election_max: Duration::from_millis(120),
        },
        snapshots: Snapshots::default(),
        alone: false,
    };
    let connector = Arc::new(Nowhere);
    let surroundings = Surroundings { store, connector };
    let (cluster, handler) = Cluster::start_in(config, surroundings).await.unwrap();
    // A voter that starts takes nothing before the others have given their notes of it.
    let notes = peer::HealthRequest {
        node_id: LIAR,
        cluster_id: CLUSTER.to_vec(),
        notes: vec![],
        has_notes: true,
    };
    let given = call(handler.clone(), ("Health", vec![notes.encode_to_vec()]));
    assert!(given.await, "the node does not answer");
    (cluster, handler)
}

/// A request and its path.
fn message(input: &mut Input<'_>, term: u64, index: u64) -> (&'static str, Vec<Vec<u8>>) {
    match input.byte() % 6 {
        0 => ("Append", vec![append(input, term, index).encode_to_vec()]),
        1 => ("Vote", vec![ballot(input, term, index).encode_to_vec()]),
        2 => ("PreVote", vec![ballot(input, term, index).encode_to_vec()]),
        3 => {
            let header = peer::SnapshotHeader {
                vote: Some(vote(input, term)),
                meta: Some(storage::SnapshotMeta {
                    last_log_id: log_id(input, term, index),
                    last_membership: Some(storage::StoredMembership {
                        log_id: log_id(input, term, index),
                        membership: Some(membership(input)),
                    }),
                }),
                // None is sent, so that none is stored: what is in one is another target's.
                length: 1,
                route: route(),
            };
            let part = Some(peer::snapshot_chunk::Part::Header(header));
            let chunk = peer::SnapshotChunk { part };
            ("InstallSnapshot", vec![chunk.encode_to_vec()])
        }
        4 => {
            let request = peer::TransferLeaderRequest {
                from_leader: Some(vote(input, term)),
                to_node_id: u64::from(input.byte() % 4),
                last_log_id: log_id(input, term, index),
                route: route(),
            };
            ("TransferLeader", vec![request.encode_to_vec()])
        }
        _ => {
            let request = peer::AppendEntriesRequest {
                entries: vec![],
                ..append(input, term, index)
            };
            ("Append", vec![request.encode_to_vec()])
        }
    }
}

fn append(input: &mut Input<'_>, term: u64, index: u64) -> peer::AppendEntriesRequest {
    let entries = (0..input.byte() % 4).map(|_| storage::Entry {
        log_id: log_id(input, term, index),
        payload: Some(match input.byte() % 4 {
            0 => storage::entry::Payload::Membership(membership(input)),
            1 => storage::entry::Payload::Batch(log::Batch {
                stamp: Some(log::Stamp {
                    term: input.number(term),
                    time_ms: input.number(0),
                }),
                commands: vec![],
            }),
            _ => storage::entry::Payload::Blank(storage::Blank {}),
        }),
    });
    let entries = entries.collect();
    peer::AppendEntriesRequest {
        vote: Some(vote(input, term)),
        prev_log_id: log_id(input, term, index),
        entries,
        leader_commit: log_id(input, term, index),
        route: route(),
    }
}

fn ballot(input: &mut Input<'_>, term: u64, index: u64) -> peer::VoteRequest {
    peer::VoteRequest {
        vote: Some(vote(input, term)),
        last_log_id: log_id(input, term, index),
        leadership_transfer: input.flag(),
        route: route(),
    }
}

fn vote(input: &mut Input<'_>, term: u64) -> storage::Vote {
    storage::Vote {
        term: input.number(term),
        // Mostly itself: else nothing comes further.
        node_id: match input.byte() % 8 {
            0 => input.number(1),
            _ => LIAR,
        },
        committed: input.flag(),
    }
}

fn log_id(input: &mut Input<'_>, term: u64, index: u64) -> Option<storage::LogId> {
    input.flag().then(|| storage::LogId {
        term: input.number(term),
        index: input.number(index),
    })
}

fn membership(input: &mut Input<'_>) -> storage::Membership {
    let configs = (0..input.byte() % 4).map(|_| storage::VoterSet {
        node_ids: (0..input.byte() % 4)
            .map(|_| u64::from(input.byte() % 4))
            .collect(),
    });
    let configs = configs.collect();
    // Always both: a node that a liar removed is out of the game.
    let nodes = [1, LIAR].map(|node_id| storage::Node {
        node_id,
        address: "x".repeat(usize::from(input.byte())),
        key: None,
    });
    storage::Membership {
        configs,
        nodes: nodes.to_vec(),
    }
}

/// From the liar to the node.
pub fn route() -> Option<peer::Route> {
    Some(peer::Route {
        from: LIAR,
        to: 1,
        cluster_id: CLUSTER.to_vec(),
    })
}

/// Makes a call as gRPC has it; whether there was an answer, of whatever kind.
pub async fn call(handler: PeerHandler, (method, messages): (&str, Vec<Vec<u8>>)) -> bool {
    let mut body = Vec::new();
    for message in messages {
        body.push(0);
        body.extend(u32::try_from(message.len()).unwrap().to_be_bytes());
        body.extend(message);
    }
    let body = Full::new(body.into()).map_err(|never| match never {});
    let body = Body::new(body.map_err(|never: Status| never));
    let request = http::Request::post(format!("http://n1:1/gatewayd.peer.v1.Peer/{method}"))
        .version(http::Version::HTTP_2)
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .extension(ProvenPeer {
            node: NodeId(LIAR),
            key: None,
        })
        .body(body)
        .unwrap();
    let answering = async move {
        let response = handler.oneshot(request).await.unwrap();
        response.into_body().collect().await.is_ok()
    };
    let answered = tokio::time::timeout(Duration::from_secs(20), answering).await;
    answered.unwrap_or(false)
}
