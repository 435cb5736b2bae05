//! What decodes large, or never ends, costs a node little memory (S12).
//!
//! Three nodes and the attacker are in this process, so the attacker's own buffers are part of the figure.
//! The attacker has no member's name, and needs none: a message is decoded before it is asked who sent it.
#![allow(missing_docs, clippy::unwrap_used)]

mod support;

use futures::StreamExt;
use std::time::Duration;
use support::raw::Raw;
use support::*;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tonic::client::Grpc;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Status};

/// How much the process may grow under all of it: see docs/limits.md.
const MAX_GROWTH_BYTES: u64 = 512 * 1024 * 1024;
const LIMITS: &str = include_str!("../../../docs/limits.md");
/// One message has 4 MiB at most.
const MESSAGE: usize = 4 * 1024 * 1024 - 64;
const AT_ONCE: usize = 8;
const ROUNDS: usize = 3;
const ENDED: Duration = Duration::from_secs(60);

/// The field `number` with these bytes in it.
fn field(number: usize, content: &[u8]) -> Vec<u8> {
    let mut out = varint(number << 3 | 2);
    out.extend(varint(content.len()));
    out.extend_from_slice(content);
    out
}

fn varint(mut value: usize) -> Vec<u8> {
    let mut out = Vec::new();
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
    out
}

/// As many empty fields as a message holds.
fn empty(number: u8) -> Vec<u8> {
    [number << 3 | 2, 0].repeat(MESSAGE / 2 - 16)
}

/// Name of the call, and what it carries.
fn attacks() -> Vec<(&'static str, Vec<u8>)> {
    let entry = |payload: &[u8]| field(3, payload);
    let membership = field(2, &field(2, &empty(2)));
    // An Append and a Propose with one command of this field, and in it empty fields.
    let command = |number, list| {
        let command = field(number, &empty(list));
        let append = entry(&field(3, &field(2, &command)));
        [("Append", append), ("Propose", field(1, &command))]
    };
    // PutSubnet's options, ranges, names and routes, and the ports of a registration.
    let lists = [(19, 14), (19, 5), (19, 10), (19, 13), (17, 10)];
    let lists = lists.map(|(number, list)| command(number, list)).concat();
    let voters = field(1, &field(1, &vec![1; MESSAGE - 32]));
    let attacks = vec![
        ("Append", empty(3)),
        ("Append", entry(&field(3, &empty(2)))),
        ("Append", entry(&field(4, &empty(2)))),
        ("Append", entry(&field(4, &empty(1)))),
        ("Propose", empty(1)),
        ("Propose", field(1, &vec![b'x'; MESSAGE - 8])),
        ("Join", field(2, &vec![b'x'; MESSAGE - 8])),
        ("Health", empty(1)),
        ("Health", vec![0; 9 << 20]),
        ("InstallSnapshot", field(1, &field(2, &membership))),
        ("InstallSnapshot", field(2, &vec![0; MESSAGE - 8])),
        ("Append", entry(&field(4, &voters))),
    ];
    [lists, attacks].concat()
}

async fn send(channel: Channel, call: &'static str, message: Vec<u8>) {
    let path = format!("/gatewayd.peer.v1.Peer/{call}");
    let path: PathAndQuery = path.parse().unwrap();
    let mut client = Grpc::new(channel).max_encoding_message_size(usize::MAX);
    client.ready().await.unwrap();
    // Over and over, as long as it is taken.
    let again = if call == "InstallSnapshot" { 40 } else { 1 };
    let stream = futures::stream::repeat(message).take(again);
    let request = Request::new(stream);
    let answer = client.client_streaming(request, path, Raw).await;
    let answer: Result<tonic::Response<Vec<u8>>, Status> = answer;
    let refused = answer.unwrap_err();
    assert!(!refused.message().is_empty(), "{call}: {refused:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s12_small_bytes_do_not_become_large_memory() {
    let row = format!("| {} | MiB | `hostile_memory` |", MAX_GROWTH_BYTES >> 20);
    assert!(LIMITS.contains(&row), "docs/limits.md does not say {row}");
    let site = Site::new(3);
    let nodes = site.up().await;
    obtain(&nodes[0], 1).await;
    let before = memory::begin();
    for _ in 0..ROUNDS {
        for (call, message) in attacks() {
            let mut senders = JoinSet::new();
            for number in 0..AT_ONCE {
                let to = site.address(1 + number as u64 % 3);
                let endpoint = Endpoint::from_shared(format!("http://{to}")).unwrap();
                let channel = endpoint.connect_lazy();
                senders.spawn(send(channel, call, message.clone()));
            }
            let done = timeout(ENDED, senders.join_all()).await;
            done.unwrap_or_else(|_| panic!("{call} has no answer"));
            let grown = memory::grown(before);
            assert!(grown < MAX_GROWTH_BYTES, "{call}: {} MiB", grown >> 20);
        }
    }
    for (number, node) in (10..).zip(&nodes) {
        obtain(node, number).await;
    }
    converged(&nodes).await;
    let refused = nodes[0].status().peer_refusals;
    for kind in ["malformed", "too_large"] {
        assert!(refused.get(kind) > Some(&0), "{kind} in {refused:?}");
    }
}
