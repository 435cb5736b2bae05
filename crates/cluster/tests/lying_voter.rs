//! A voter that says in every answer that there is a higher term, against nodes of the loopback: it stops
//! the cluster for no longer than until it is removed (contract S12).
#![allow(missing_docs, clippy::unwrap_used)]

mod support;

use api::proto::peer as wire;
use cluster::Start;
use ipam::NodeId;
use support::intruder::Intruder;
use support::liar::{Liar, STEP};
use support::*;

/// How often an operator asks. Each time may fail with the leader that it hit.
const TRIES: usize = 200;

async fn a_voter_that_lies_is_removed(raise: u64) {
    let site = Site::new(3);
    let mut nodes = site.up().await;
    nodes.remove(2).shutdown().await;
    let honest = |node: &cluster::Cluster| {
        let leader = node.status().leader;
        leader.is_some_and(|leader| leader != NodeId(3))
    };
    until("another one leads", || nodes.iter().all(honest)).await;
    let before = nodes[0].status().term;
    let liar = Liar::start(&site, 3, raise).await;
    until("it has deposed a leader", || {
        nodes.iter().all(|node| node.status().term > before)
    })
    .await;
    let mut refusals = Vec::new();
    for asked in nodes.iter().cycle().take(TRIES) {
        until("there is a leader", || honest(asked)).await;
        match asked.remove_node(NodeId(3)).await {
            Ok(()) => break,
            Err(error) => refusals.push(error.to_string()),
        }
    }
    assert!(refusals.len() < TRIES, "{:?}", refusals.last());
    for node in &nodes {
        until("it is no member any more", || {
            node.status().members.len() == 2
        })
        .await;
        in_service(node).await;
    }
    obtain(&nodes[0], 1).await;
    converged(&nodes).await;
    let counted = |node: &cluster::Cluster| {
        let counts = node.status().peer_refusals;
        counts.get("higher_terms").copied().unwrap_or_default()
    };
    assert!(nodes.iter().any(|node| counted(node) > 0));
    liar.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_voter_that_answers_with_the_next_term_is_removed() {
    a_voter_that_lies_is_removed(1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_voter_that_answers_with_the_highest_term_is_removed() {
    a_voter_that_lies_is_removed(STEP).await;
}

/// Whoever reaches the peer port may ask to join, and is waited for while it catches up.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_operator_goes_before_a_newcomer_that_does_not_catch_up() {
    let site = Site::new(4);
    let mut nodes = vec![site.start(1, &bootstrap()).await];
    for node in [2, 3] {
        nodes.push(site.start(node, &Start::Join(vec![site.address(1)])).await);
    }
    for node in &nodes {
        in_service(node).await;
    }
    let leader = leader_of(&nodes).unwrap();
    let liar = Liar::start(&site, 4, 1).await;
    let intruder = Intruder::new(&site, leader as u64 + 1, 4, None);
    let request = wire::JoinRequest {
        node_id: 4,
        peer_address: site.address(4),
        route: intruder.route().map(|route| wire::Route { to: 0, ..route }),
        ..wire::JoinRequest::default()
    };
    let mut client = intruder.client.clone();
    let joining = tokio::spawn(async move { client.join(request).await });
    until("it is waited for", || {
        nodes[leader].status().members.len() == 4
    })
    .await;
    let leaves = NodeId((leader as u64 + 1) % 3 + 1);
    nodes[leader].remove_node(leaves).await.unwrap();
    let refused = joining.await.unwrap().unwrap_err();
    let gave_way = refused
        .message()
        .contains("an operator's change goes first");
    assert!(gave_way, "{refused}");
    liar.stop().await;
}
