//! A snapshot that decodes large is refused before it is decoded, and costs a node little memory (S12).
#![allow(missing_docs, clippy::unwrap_used)]

mod support;

use api::proto::{peer, storage};
use peer::snapshot_chunk::Part;
use raft_store::testing::wrap_snapshot;
use support::intruder::{Intruder, log_id, vote};
use support::*;
use tonic::Code;

/// How much the process may grow under all of it: see docs/limits.md.
const MAX_GROWTH_BYTES: u64 = 128 * 1024 * 1024;
const LIMITS: &str = include_str!("../../../docs/limits.md");
const CONTENT: usize = 8 * 1024 * 1024;
const CHUNK: usize = 1024 * 1024;

/// The field `number` with these bytes in it.
fn field(number: u8, content: &[u8]) -> Vec<u8> {
    let mut out = vec![number << 3 | 2];
    prost::encode_length_delimiter(content.len(), &mut out).unwrap();
    out.extend_from_slice(content);
    out
}

/// Whose list, and a snapshot's content with that list in its state, each member of it empty.
fn contents() -> Vec<(&'static str, Vec<u8>)> {
    let empty = |number: u8| [number << 3 | 2, 0].repeat(CONTENT / 2);
    // A source NAT rule, the shortest object that there is.
    let rule = field(4, &[0x0a, 6, 0x1a, 4, 8, 1, 0x12, 0]);
    let subnet = |content: &[u8]| field(4, &field(1, &field(1, content)));
    let leases = |content: &[u8]| field(5, content);
    let states = vec![
        ("Members", empty(3)),
        ("Objects", rule.repeat(CONTENT / rule.len())),
        ("a field 4", empty(4)),
        ("Subnets", empty(5)),
        ("Parts", subnet(&empty(14))),
        ("a field 2", leases(&empty(2))),
        ("a field 3", leases(&empty(3))),
        (
            "a field 2",
            leases(&field(3, &[&[0x0d, 1, 0, 0, 0], &empty(2)[..]].concat())),
        ),
    ];
    let contents = states
        .into_iter()
        .map(|(why, state)| (why, field(2, &state)));
    contents.collect()
}

fn header(leader: u64, term: u64, length: usize) -> peer::SnapshotHeader {
    let node = |node_id| storage::Node {
        node_id,
        address: format!("127.0.0.1:{node_id}"),
        key: None,
    };
    let membership = storage::Membership {
        configs: vec![storage::VoterSet {
            node_ids: vec![1, 2, 3],
        }],
        nodes: (1..=3).map(node).collect(),
    };
    peer::SnapshotHeader {
        vote: Some(vote(term, leader, true)),
        meta: Some(storage::SnapshotMeta {
            last_log_id: log_id(term, 900),
            last_membership: Some(storage::StoredMembership {
                log_id: log_id(term, 900),
                membership: Some(membership),
            }),
        }),
        length: length as u64,
        route: None,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s12_a_small_snapshot_does_not_become_large_memory() {
    let row = format!("| {} | MiB | `hostile_snapshot` |", MAX_GROWTH_BYTES >> 20);
    assert!(LIMITS.contains(&row), "docs/limits.md does not say {row}");
    let site = Site::new(3);
    let nodes = site.up().await;
    let status = nodes[0].status();
    let (leader, term) = (status.leader.unwrap().0, status.term);
    let to = leader % 3 + 1;
    let intruder = Intruder::new(&site, to, leader, None);
    // They are part of no figure.
    let contents = contents();
    let before = memory::begin();
    let attempts = contents.len() as u64;
    for (why, content) in contents {
        let file = wrap_snapshot(&content);
        let mut header = header(leader, term, file.len());
        header.route = intruder.route();
        let data = file.chunks(CHUNK).map(|data| Part::Data(data.to_vec()));
        let parts: Vec<Part> = [Part::Header(header)].into_iter().chain(data).collect();
        let chunks = parts
            .into_iter()
            .map(|part| peer::SnapshotChunk { part: Some(part) });
        let chunks = futures::stream::iter(chunks);
        let refused = intruder.client.clone().install_snapshot(chunks).await;
        let refused = refused.unwrap_err();
        let grown = memory::grown(before);
        assert!(grown < MAX_GROWTH_BYTES, "{why}: {} MiB", grown >> 20);
        assert_eq!(refused.code(), Code::InvalidArgument, "{refused:?}");
        assert!(refused.message().contains(why), "{why}: {refused:?}");
    }
    let node = &nodes[usize::try_from(to).unwrap() - 1];
    assert_eq!(node.status().peer_refusals.get("snapshot"), Some(&attempts));
    assert_eq!(node.storage_error(), None);
    for (number, node) in (10..).zip(&nodes) {
        in_service(node).await;
        obtain(node, number).await;
    }
    converged(&nodes).await;
}
