//! A node that was added half-way can be removed again.
#![allow(missing_docs, clippy::unwrap_used)]

mod support;

use cluster::{Cluster, Role, Start};
use ipam::NodeId;
use std::pin::pin;
use support::surroundings::{HangingDisk, Wires};
use support::*;
use tokio::select;

fn is_learner(leader: &Cluster, node: NodeId) -> bool {
    let members = leader.status().members;
    let member = members.iter().find(|member| member.node == node);
    member.is_some_and(|member| member.role == Role::Learner)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_learner_is_removed() {
    let (site, wires) = (Site::new(3), Wires::default());
    let disks = [(); 2].map(|()| HangingDisk::default());
    let nodes = wires.up(&site, &disks).await;
    let leader = &nodes[leader_of(&nodes).unwrap()];
    let newcomer = wires.start(&site, 3, &HangingDisk::default()).await;
    let waits = newcomer.clone();
    tokio::spawn(async move { waits.begin(&Start::Wait).await });
    wires.cut_off_from_the_log(&site.address(3));
    let address = site.address(3);
    // Whoever adds it goes away while it is catching up.
    let mut learns = pin!(until("a learner", || is_learner(leader, NodeId(3))));
    loop {
        select! {
            // Until it waits to be added it refuses.
            added = leader.add_node(NodeId(3), &address) => assert!(added.is_err()),
            () = &mut learns => break,
        }
    }
    leader.remove_node(NodeId(3)).await.unwrap();
    let members = leader.status().members;
    assert_eq!(members.len(), 2, "{members:?}");
}
