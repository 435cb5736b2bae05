//! A disk that hangs reports nothing: the node notices, says so, and does not keep the others waiting.
#![allow(missing_docs, clippy::unwrap_used)]

mod support;

use cluster::Cluster;
use support::surroundings::{HangingDisk, Wires};
use support::*;

/// Three nodes in service, each on a disk that can hang.
struct Bench {
    disks: [HangingDisk; 3],
    nodes: Vec<Cluster>,
    leader: usize,
    /// The nodes write in it: it is gone when this is dropped.
    site: Site,
}

impl Bench {
    async fn up() -> Self {
        let site = Site::new(3);
        let disks = [(); 3].map(|()| HangingDisk::default());
        let nodes = Wires::default().up(&site, &disks).await;
        let leader = leader_of(&nodes).unwrap();
        Self {
            disks,
            nodes,
            leader,
            site,
        }
    }
}

async fn silent_for_its_disk(node: &Cluster) {
    let service = node.watch_service();
    until("silent for its disk", || {
        let reason = service.borrow().not_serving_reason.clone();
        reason.is_some_and(|reason| reason.contains("check the disk"))
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_follower_whose_disk_hangs_is_silent_until_it_does_not() {
    let Bench {
        disks,
        nodes,
        leader,
        site: _site,
    } = Bench::up().await;
    let victim = (leader + 1) % 3;
    disks[victim].hang();
    obtain(&nodes[leader], 1).await;
    silent_for_its_disk(&nodes[victim]).await;
    obtain(&nodes[leader], 2).await;
    disks[victim].mend();
    in_service(&nodes[victim]).await;
    converged(&nodes).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_leader_whose_disk_hangs_does_not_keep_the_others_from_serving() {
    let Bench {
        disks,
        nodes,
        leader,
        site: _site,
    } = Bench::up().await;
    let others = [(leader + 1) % 3, (leader + 2) % 3];
    disks[leader].hang();
    for other in others {
        obtain(&nodes[other], u16::try_from(other).unwrap()).await;
    }
    silent_for_its_disk(&nodes[leader]).await;
    for other in others {
        obtain(&nodes[other], 10 + u16::try_from(other).unwrap()).await;
    }
    disks[leader].mend();
    in_service(&nodes[leader]).await;
}

/// That this test ends is what it shows.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_whose_disk_hangs_can_be_stopped() {
    let Bench {
        disks,
        nodes,
        leader,
        site: _site,
    } = Bench::up().await;
    let victim = (leader + 1) % 3;
    disks[victim].hang();
    obtain(&nodes[leader], 1).await;
    silent_for_its_disk(&nodes[victim]).await;
    nodes[victim].shutdown().await;
    disks[victim].mend();
}

/// It answers all the same, so that it does says nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_is_not_removed_if_the_disk_of_one_who_stays_hangs() {
    let Bench {
        disks,
        nodes,
        leader,
        site: _site,
    } = Bench::up().await;
    let [hung, needed] = [1, 2].map(|next| (leader + next) % 3);
    disks[hung].hang();
    let id = nodes[needed].status().node;
    let refused = nodes[leader].remove_node(id).await.unwrap_err().to_string();
    assert!(refused.contains(&format!("{id} is needed")), "{refused}");
    obtain(&nodes[leader], 1).await;
    disks[hung].mend();
    converged(&nodes).await;
    nodes[leader].remove_node(id).await.unwrap();
}
