//! A voter that was away while the other voters were replaced: it knows none of those that are there.
#![allow(missing_docs, clippy::unwrap_used)]

mod support;

use cluster::{Cluster, Start};
use ipam::NodeId;
use support::*;

/// The voters 1, 2 and 3, of whom one follower is away; and where the leader, the other follower and that one
/// are.
async fn one_is_away(site: &Site) -> (Vec<Cluster>, [u64; 3]) {
    let mut nodes = vec![site.start(1, &bootstrap()).await];
    for node in [2, 3] {
        nodes.push(site.start(node, &Start::Join(vec![site.address(1)])).await);
    }
    for node in &nodes {
        in_service(node).await;
    }
    let leader = nodes[0].status().leader.unwrap().0;
    let (other, away) = (leader % 3 + 1, (leader + 1) % 3 + 1);
    at(&nodes, away).shutdown().await;
    (nodes, [leader, other, away])
}

fn at(nodes: &[Cluster], node: u64) -> &Cluster {
    &nodes[usize::try_from(node).unwrap() - 1]
}

async fn comes_back(site: &Site, node: u64) -> Cluster {
    let back = Cluster::start(site.config(node)).await.unwrap();
    let begins = back.clone();
    tokio::spawn(async move { begins.begin(&Start::Wait).await });
    back
}

/// L7: of the three voters that there are now, two are up. One of them knows the other one only.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_was_replaced_and_the_other_one_died() {
    let site = Site::new(4);
    let (nodes, [leader, other, away]) = one_is_away(&site).await;
    let fourth = Start::Join(vec![site.address(leader)]);
    let fourth = site.start(4, &fourth).await;
    at(&nodes, leader).remove_node(NodeId(other)).await.unwrap();
    at(&nodes, other).shutdown().await;
    in_service(&fourth).await;
    at(&nodes, leader).shutdown().await;
    let back = comes_back(&site, away).await;
    for node in [&back, &fourth] {
        in_service(node).await;
    }
    obtain(&back, 1).await;
    converged(&[back, fourth]).await;
}

/// L7: all who are up are strangers to it. Of the two that it knew one was removed, and one died.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_was_replaced_by_two_and_the_other_one_died() {
    let site = Site::new(5);
    let (nodes, [leader, other, away]) = one_is_away(&site).await;
    let join = Start::Join(vec![site.address(leader)]);
    let newcomers = [site.start(4, &join).await, site.start(5, &join).await];
    at(&nodes, leader).remove_node(NodeId(other)).await.unwrap();
    at(&nodes, other).shutdown().await;
    // A newcomer stands for election once it has been level with the leader (ADR 0007).
    for node in &newcomers {
        in_service(node).await;
    }
    at(&nodes, leader).shutdown().await;
    // Of four voters three are needed.
    let back = comes_back(&site, away).await;
    in_service(&back).await;
    obtain(&back, 1).await;
    for node in &newcomers {
        in_service(node).await;
    }
}
