//! Round trips of a LAN and of anywhere: the profile that fits serves, the wrong one says what it is.
#![allow(missing_docs, clippy::unwrap_used)]
#![allow(clippy::print_stdout, reason = "it prints what it measures")]

mod support;

use cluster::{Cluster, ClusterConfig};
use ipam::Profile;
use std::collections::BTreeMap;
use std::time::Duration;
use support::surroundings::{HangingDisk, Wires};
use support::*;

const FAR: Duration = Duration::from_millis(180);
const FARTHEST: Duration = Duration::from_millis(400);

async fn uses(nodes: &[Cluster], profile: Profile) {
    until("every node goes by the profile", || {
        nodes.iter().all(|node| node.profile().used == profile)
    })
    .await;
    for node in nodes {
        in_service(node).await;
    }
}

/// As an operator would: again, while it is unknown or not done.
async fn set(node: &Cluster, profile: Profile) {
    let set = ipam::ClusterCommand::SetProfile {
        operator: ipam::Operator {
            node: node.status().node,
            from: "a test".to_owned(),
        },
        profile,
    };
    while node
        .propose(node.new_request(), set.clone().into())
        .await
        .is_err()
    {}
}

async fn served(nodes: &[Cluster], clients: std::ops::Range<u16>) -> usize {
    let mut served = 0;
    for (client, node) in clients.zip(nodes.iter().cycle()) {
        served += usize::from(try_obtain(node, client).await.is_some());
    }
    served
}

fn disks() -> [HangingDisk; 3] {
    [(); 3].map(|()| HangingDisk::default())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_profile_is_taken_over_by_one_node_after_the_other() {
    let (site, wires) = (Site::new(3), Wires::default());
    let nodes = wires.up(&site, &disks()).await;
    let lease = obtain(&nodes[0], 1).await;
    for profile in [Profile::Wan, Profile::Metro, Profile::Lan] {
        set(&nodes[1], profile).await;
        uses(&nodes, profile).await;
        for node in &nodes {
            assert_eq!(obtain(node, 1).await, lease, "L5");
            assert_eq!(node.profile().agreed, profile);
        }
    }
    converged(&nodes).await;
    for node in &nodes {
        node.shutdown().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_wrong_profile_names_latency_and_the_right_one_serves() {
    let (site, wires) = (Site::new(3), Wires::default());
    let nodes = wires.up(&site, &disks()).await;
    wires.set_round_trip(FAR);
    until("no node serves", || {
        nodes.iter().all(|node| !node.service().in_service())
    })
    .await;
    assert_eq!(served(&nodes, 0..6).await, 0, "clients on a LAN's timers");
    until("latency is named", || {
        nodes.iter().all(|node| {
            let reason = node.service().not_serving_reason.unwrap_or_default();
            reason.contains("round trips are too long for profile lan")
                && reason.contains("gatewayctl profile set wan --local")
        })
    })
    .await;
    for node in &nodes {
        node.set_local_profile(Profile::Wan).await.unwrap();
    }
    uses(&nodes, Profile::Wan).await;
    let mut all = 0;
    for client in 10..16 {
        obtain(&nodes[usize::from(client) % 3], client).await;
        all += 1;
    }
    assert_eq!(all, 6);
    let notices = nodes[0].profile().notices().concat();
    assert!(notices.contains("gatewayctl profile set wan`"), "{notices}");
    set(&nodes[0], Profile::Wan).await;
    until("nobody is told alone any more", || {
        nodes.iter().all(|node| node.profile().local.is_none())
    })
    .await;
    uses(&nodes, Profile::Wan).await;
    assert!(nodes[0].profile().notices().is_empty());
}

/// What a node was told alone outlives it, until the cluster's profile is set.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_node_was_told_alone_outlives_a_restart() {
    let site = Site::new(1);
    let nodes = site.up().await;
    nodes[0].set_local_profile(Profile::Metro).await.unwrap();
    uses(&nodes, Profile::Metro).await;
    nodes[0].shutdown().await;
    let nodes = [site.start(1, &cluster::Start::Wait).await];
    uses(&nodes, Profile::Metro).await;
    set(&nodes[0], Profile::Lan).await;
    uses(&nodes, Profile::Lan).await;
    assert_eq!(nodes[0].profile().local, None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cluster_is_founded_and_joined_over_400_ms() {
    let (mut site, wires) = (Site::new(3), Wires::default());
    site.profile = Profile::Wan;
    wires.set_round_trip(FARTHEST);
    let nodes = wires.up(&site, &disks()).await;
    uses(&nodes, Profile::Wan).await;
    for client in 0..6 {
        obtain(&nodes[usize::from(client) % 3], client).await;
    }
    converged(&nodes).await;
}

/// L7: a tenth of what travels between the nodes is lost, and nothing else is wrong. How many of the clients
/// are served when they first ask, and how many when they ask again, is printed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tenth_of_loss_alone_costs_no_client_its_service() {
    const CLIENTS_OF_A_NODE: u16 = 20;
    let (mut site, wires) = (Site::new(3), Wires::default());
    site.profile = Profile::Wan;
    let nodes = wires.up(&site, &disks()).await;
    uses(&nodes, Profile::Wan).await;
    let term = nodes[0].status().term;
    wires.lose(10);
    // At each node one after the other.
    let at_each = (0..).zip(&nodes).map(|(place, node)| async move {
        let mut times = Vec::new();
        for client in 0..CLIENTS_OF_A_NODE {
            let mut again = 0;
            while try_obtain(node, 100 * place + client).await.is_none() {
                again += 1;
            }
            times.push(again);
        }
        times
    });
    let mut asked = BTreeMap::<u32, usize>::new();
    for again in futures::future::join_all(at_each).await.concat() {
        *asked.entry(again).or_default() += 1;
    }
    let elections = nodes[0].status().term - term;
    println!("clients by how often they asked again: {asked:?}; {elections} elections");
    assert!(asked.keys().all(|again| *again <= 3), "{asked:?}");
    wires.lose(0);
    converged(&nodes).await;
}

/// The profile in the configuration is that of a new cluster; later an operator sets it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_founders_configuration_sets_no_profile_later() {
    let site = Site::new(3);
    let nodes = site.up().await;
    nodes[0].shutdown().await;
    let config = ClusterConfig {
        profile: Profile::Metro,
        ..site.config(1)
    };
    let founder = Cluster::start(config).await.unwrap();
    founder.begin(&bootstrap()).await.unwrap();
    in_service(&founder).await;
    assert_eq!(founder.read(|state| state.profile().revision), 0);
    assert_eq!(founder.profile().agreed, Profile::Lan);
    founder.shutdown().await;
    for node in &nodes[1..] {
        node.shutdown().await;
    }
}
