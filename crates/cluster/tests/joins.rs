//! Many that ask to join at once: they wait in a short queue, and an operator does not wait for them (S12).
#![allow(missing_docs, clippy::unwrap_used)]

mod support;

use api::proto::peer as wire;
use cluster::{Cluster, Start};
use futures::future::join_all;
use ipam::NodeId;
use support::intruder::Intruder;
use support::liar::Liar;
use support::*;
use tokio::task::JoinSet;

/// How many ask.
const MANY: u64 = 64;
/// How many of them wait: `change_turns::MAX_JOINS`.
const WAIT: u64 = 8;
/// The first of them.
const FIRST: u64 = 5;

async fn join(
    intruder: Intruder,
    peer_address: String,
) -> Result<wire::JoinResponse, tonic::Status> {
    let request = wire::JoinRequest {
        node_id: intruder.from,
        peer_address,
        route: intruder.route().map(|route| wire::Route { to: 0, ..route }),
        ..wire::JoinRequest::default()
    };
    let mut client = intruder.client.clone();
    Ok(client.join(request).await?.into_inner())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_joins_at_once_are_bounded_and_an_operator_goes_first() {
    let site = Site::new(usize::try_from(FIRST + MANY).unwrap());
    let mut nodes = vec![site.start(1, &bootstrap()).await];
    for node in [2, 3] {
        nodes.push(site.start(node, &Start::Join(vec![site.address(1)])).await);
    }
    for node in &nodes {
        in_service(node).await;
    }
    let leader = leader_of(&nodes).unwrap();
    let newcomer = Cluster::start(site.config(4)).await.unwrap();
    let begins = newcomer.clone();
    tokio::spawn(async move { begins.begin(&Start::Wait).await });
    let asking = FIRST..FIRST + MANY;
    // Each lets itself be invited, and never catches up.
    let liars = join_all(asking.clone().map(|node| Liar::start(&site, node, 1))).await;
    let mut joins = JoinSet::new();
    // On one connection, as one host may.
    let intruder = Intruder::new(&site, leader as u64 + 1, FIRST, None);
    for from in asking {
        let intruder = Intruder {
            from,
            ..intruder.clone()
        };
        joins.spawn(join(intruder, site.address(from)));
    }
    for _ in 0..MANY - WAIT {
        let refused = joins.join_next().await.unwrap().unwrap().unwrap_err();
        // They share the places of one address with the nodes.
        let is_bound = ["are joining: ask again", "requests of this address"];
        let is_bound = is_bound.map(|bound| refused.message().contains(bound));
        assert!(is_bound.contains(&true), "{refused}");
    }
    let fourth = site.address(4);
    nodes[leader].add_node(NodeId(4), &fourth).await.unwrap();
    in_service(&newcomer).await;
    let members = nodes[leader].status().members.len() as u64;
    assert!(members <= 4 + WAIT, "{members}");
    joins.shutdown().await;
    for (client, node) in (0..).zip(&nodes) {
        in_service(node).await;
        obtain(node, client).await;
    }
    for liar in liars {
        liar.stop().await;
    }
}
