//! Any member says what every member's DHCP server has seen of a client.
#![allow(missing_docs, clippy::unwrap_used)]

mod support;

use cluster::SeenPacket;
use ipam::{ClientKey, HardwareAddress, NodeId};
use std::sync::Arc;
use std::time::Duration;
use support::*;

const CLIENT: [u8; 6] = [2, 0xaa, 0, 0, 0, 1];

fn seen_by(node: u64) -> SeenPacket {
    SeenPacket {
        age: Duration::from_millis(1200),
        hardware: "02:aa:00:00:00:01".to_owned(),
        message_type: "discover".to_owned(),
        xid: 7,
        origin: "0.0.0.0 broadcast".to_owned(),
        reason: "other_responder".to_owned(),
        outcome: format!("no answer from node {node}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_member_is_asked_and_who_does_not_answer_is_named() {
    let site = Site::new(3);
    let nodes = site.up().await;
    for (node, number) in nodes.iter().zip(1_u64..) {
        let hears = move |client: &ClientKey| {
            let ours = *client == ClientKey::Hardware(HardwareAddress::ethernet(CLIENT));
            ours.then(|| seen_by(number)).into_iter().collect()
        };
        node.set_explainer(Arc::new(hears));
    }
    let client = ClientKey::Hardware(HardwareAddress::ethernet(CLIENT));
    let expected: Vec<_> = (1..=3)
        .map(|node| (NodeId(node), Ok(vec![seen_by(node)])))
        .collect();
    for node in &nodes {
        assert_eq!(node.explain(&client).await, expected);
    }
    let stranger = ClientKey::Hardware(HardwareAddress::ethernet([2, 0, 0, 0, 0, 9]));
    let unheard = nodes[0].explain(&stranger).await;
    assert!(unheard.iter().all(|(_, seen)| *seen == Ok(Vec::new())));
    // It needs no quorum.
    nodes[1].shutdown().await;
    nodes[2].shutdown().await;
    let alone = nodes[0].explain(&client).await;
    assert_eq!(alone[0], expected[0]);
    assert!(alone[1].1.is_err() && alone[2].1.is_err(), "{alone:?}");
}
