//! A member that comes back at another peer address announces itself, and the others take it over.
#![allow(missing_docs, clippy::unwrap_used)]

mod support;

use api::proto::peer::peer_client::PeerClient;
use api::proto::peer::{JoinRequest, JoinResponse, Route, join_response};
use cluster::{Cluster, ClusterConfig, PeerTls, Start};
use ipam::NodeId;
use std::fs::read;
use std::path::Path;
use std::time::Duration;
use support::*;
use tokio::time::timeout;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity};
use tonic::{Code, Status};

/// How long a call may take that the test makes itself. No expectation.
const CALL: Duration = Duration::from_secs(20);

fn address_of(seen_by: &Cluster, node: u64) -> Option<String> {
    let members = seen_by.status().members;
    let member = members
        .into_iter()
        .find(|member| member.node == NodeId(node));
    member.map(|member| member.peer_address)
}

/// Restarts `node` at a new address, as an operator would who changed GATEWAY_PEER_LISTEN.
async fn move_node(site: &mut Site, nodes: &mut [Cluster], node: usize, how: &Start) {
    nodes[node - 1].shutdown().await;
    site.relocate(node as u64);
    nodes[node - 1] = site.start(node as u64, how).await;
}

async fn is_known_everywhere(site: &Site, nodes: &[Cluster], node: u64) {
    let address = site.address(node);
    until("every node knows the new address", || {
        let known = |seen_by| address_of(seen_by, node).as_ref() == Some(&address);
        nodes.iter().all(known)
    })
    .await;
    for node in nodes {
        in_service(node).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_that_move_one_after_the_other_stay_in_service() {
    let mut site = Site::new(3);
    let mut nodes = site.up().await;
    let lease = obtain(&nodes[2], 1).await;
    for node in [3, 2, 1] {
        move_node(&mut site, &mut nodes, node, &Start::Wait).await;
        is_known_everywhere(&site, &nodes, node as u64).await;
        assert_eq!(obtain(&nodes[node - 1], 1).await, lease, "L5");
    }
    converged(&nodes).await;
}

/// The one that is down is at its old address for ever, so the leader needs the one that has moved to
/// write down that it has.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_the_quorum_needs_may_move() {
    let mut site = Site::with_tls(3);
    let mut nodes = site.up().await;
    nodes.remove(0).shutdown().await;
    nodes[1].shutdown().await;
    site.relocate(3);
    nodes[1] = site.start(3, &Start::Wait).await;
    is_known_everywhere(&site, &nodes, 3).await;
    obtain(&nodes[1], 1).await;
}

/// All of them at once, as when their network is renumbered: each knows the others by GATEWAY_JOIN.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_nodes_may_move_at_once() {
    let mut site = Site::new(3);
    for node in site.up().await {
        node.shutdown().await;
    }
    for node in 1..=3 {
        site.relocate(node);
    }
    let join = Start::Join((1..=3).map(|node| site.address(node)).collect());
    let starts = (1..=3).map(|node| site.start(node, &join));
    let nodes = futures::future::join_all(starts).await;
    for node in 1..=3 {
        is_known_everywhere(&site, &nodes, node).await;
    }
}

/// Addresses are given anew: another cluster's node of the same id is where this one was.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stranger_at_the_old_address_holds_nobody_up() {
    let (mut site, elsewhere) = (Site::new(3), Site::new(1));
    let mut nodes = site.up().await;
    nodes[2].shutdown().await;
    let old = site.address(3);
    site.relocate(3);
    let config = ClusterConfig {
        node: NodeId(3),
        peer_listen: old.parse().unwrap(),
        peer_address: old,
        ..elsewhere.config(1)
    };
    let Start::Bootstrap(mut theirs, nobody) = bootstrap() else {
        panic!("a bootstrap");
    };
    theirs.cluster_id = [8; 16];
    let stranger = Cluster::start(config).await.unwrap();
    let founded = stranger.begin(&Start::Bootstrap(theirs, nobody)).await;
    founded.unwrap();
    let moved = timeout(CALL, site.start(3, &Start::Wait)).await;
    nodes[2] = moved.expect("the others take its new address over");
    is_known_everywhere(&site, &nodes, 3).await;
    stranger.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_is_alone_may_move() {
    let mut site = Site::new(1);
    let mut nodes = site.up().await;
    move_node(&mut site, &mut nodes, 1, &Start::Wait).await;
    is_known_everywhere(&site, &nodes, 1).await;
}

/// Asks node 1 to believe that node 3 is at `address`, with the certificate of `shows`.
async fn claim(
    site: &Site,
    shows: Option<&PeerTls>,
    address: &str,
) -> Result<JoinResponse, Status> {
    let scheme = if shows.is_some() { "https" } else { "http" };
    let endpoint = Endpoint::from_shared(format!("{scheme}://{}", site.address(1))).unwrap();
    let endpoint = match shows {
        None => endpoint,
        Some(files) => {
            let identity =
                Identity::from_pem(read(&files.certificate).unwrap(), read(&files.key).unwrap());
            let tls = ClientTlsConfig::new()
                .ca_certificate(Certificate::from_pem(read(&files.ca).unwrap()))
                .domain_name("gatewayd-node-1")
                .identity(identity);
            endpoint.tls_config(tls).unwrap()
        }
    };
    let mut client = PeerClient::<Channel>::new(endpoint.connect_lazy());
    let request = JoinRequest {
        node_id: 3,
        peer_address: address.to_owned(),
        has_data: true,
        nonce: Vec::new(),
        route: Some(Route {
            from: 3,
            to: 0,
            cluster_id: vec![7; 16],
        }),
    };
    let answer = timeout(CALL, client.join(request)).await.unwrap();
    answer.map(tonic::Response::into_inner)
}

fn refusal(answer: &JoinResponse) -> &str {
    match answer.result.as_ref().unwrap() {
        join_response::Result::Rejected(rejected) => &rejected.reason,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_moves_another_node() {
    let site = Site::with_tls(3);
    let nodes = site.up().await;
    let authority = site.authority.as_ref().unwrap();
    let before = address_of(&nodes[0], 3);
    // Node 2 says so.
    let other = authority.node(2);
    let refused = claim(&site, Some(&other), &site.address(2)).await;
    assert_eq!(refused.unwrap_err().code(), Code::PermissionDenied);
    // Node 3 says so itself, and is not there: another node is, a stranger, nobody.
    let own = authority.node(3);
    let taken = claim(&site, Some(&own), &site.address(2)).await.unwrap();
    assert!(refusal(&taken).contains("node 2 has the peer address"));
    let stranger = Site::new(1).address(1);
    let nobody = claim(&site, Some(&own), &stranger).await.unwrap_err();
    assert_eq!(
        nobody.code(),
        Code::Unavailable,
        "no refusal: it may be the way that is cut"
    );
    assert!(nobody.message().contains("does not answer"), "{nobody:?}");
    assert_eq!(address_of(&nodes[0], 3), before);
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to);
        } else {
            std::fs::copy(entry.path(), to).unwrap();
        }
    }
}

/// All start at once, and the copy is the first to stand for election, if it may.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_does_not_lead_before_it_is_taken_for_the_member() {
    let mut site = Site::with_tls(3);
    for node in site.up().await {
        node.shutdown().await;
    }
    let mut configs: Vec<ClusterConfig> = (1..=3).map(|node| site.config(node)).collect();
    let directory = site.directories[2].path().join("copy");
    copy(&configs[2].data_dir, &directory);
    let before = site.address(3);
    site.relocate(3);
    let mut hasty = site.config(3);
    hasty.data_dir = directory;
    hasty.timings.election_min = Duration::from_millis(100);
    hasty.timings.election_max = Duration::from_millis(120);
    configs.push(hasty);
    let started = configs.into_iter().map(Cluster::start);
    let started = futures::future::join_all(started).await;
    let nodes: Vec<Cluster> = started.into_iter().map(Result::unwrap).collect();
    let begun = nodes.iter().map(|node| node.begin(&Start::Wait));
    let all_begin = futures::future::join_all(begun);
    let serve = async {
        for node in &nodes[..3] {
            in_service(node).await;
        }
    };
    tokio::select! {
        _ = all_begin => panic!("the copy is taken for the member"),
        () = serve => {}
    }
    assert_eq!(address_of(&nodes[0], 3), Some(before));
    assert!(!nodes[3].service().in_service());
}

/// A copy was taken for the member while that was down, and is gone now. The member knows nothing of it, for its
/// log is older: it says all the same where it is.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_member_comes_back_from_a_copy_that_took_its_place() {
    let mut site = Site::with_tls(3);
    let mut nodes = site.up().await;
    let original = site.config(3);
    nodes.remove(2).shutdown().await;
    let directory = site.directories[2].path().join("copy");
    copy(&original.data_dir, &directory);
    site.relocate(3);
    let mut config = site.config(3);
    config.data_dir = directory;
    let copied = Cluster::start(config).await.unwrap();
    copied.begin(&Start::Wait).await.unwrap();
    in_service(&copied).await;
    for number in 1..9 {
        obtain(&copied, number).await;
    }
    let member = Cluster::start(original).await.unwrap();
    let begin = member.begin(&Start::Wait);
    let serves = async {
        copied.shutdown().await;
        in_service(&member).await;
    };
    let (begun, ()) = futures::future::join(begin, serves).await;
    begun.unwrap();
}

/// A second daemon from a copy of node 3's directory, at an address of its own. `node` is node 3, and runs again.
async fn with_a_copy(site: &mut Site, node: &mut Cluster) -> Cluster {
    node.shutdown().await;
    let original = site.config(3);
    let directory = site.directories[2].path().join("copy");
    copy(&original.data_dir, &directory);
    *node = site.start(3, &Start::Wait).await;
    in_service(node).await;
    site.relocate(3);
    let mut config = site.config(3);
    config.data_dir = directory;
    Cluster::start(config).await.unwrap()
}

/// A copy has the key, too. While the member answers where it was, nobody else is taken for it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_beside_the_member_is_not_taken_for_it() {
    let mut site = Site::with_tls(3);
    let mut nodes = site.up().await;
    let before = address_of(&nodes[0], 3);
    let copied = with_a_copy(&mut site, &mut nodes[2]).await;
    let start = Start::Wait;
    let begin = copied.begin(&start);
    tokio::pin!(begin);
    let refused = until("the copy is refused", || {
        let reason = copied.service().not_serving_reason;
        reason.is_some_and(|reason| reason.contains("it still answers at"))
    });
    tokio::select! {
        began = &mut begin => panic!("the copy is taken for the member: {began:?}"),
        () = refused => {}
    }
    assert_eq!(address_of(&nodes[0], 3), before);
    for node in &nodes {
        in_service(node).await;
    }
}

/// Without TLS an id is only a number: one that answers where it was is not believed elsewhere.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_tls_the_old_address_must_be_silent() {
    let mut site = Site::new(3);
    let nodes = site.up().await;
    let before = address_of(&nodes[0], 3);
    // Another cluster's node 3.
    site.relocate(3);
    let elsewhere = Site::new(3);
    let others = elsewhere.up().await;
    let foreign = claim(&site, None, &elsewhere.address(3)).await.unwrap();
    let reason = refusal(&foreign);
    assert!(reason.contains("it still answers at"), "{reason}");
    nodes[2].shutdown().await;
    let empty = site.directories[2].path().join("empty");
    let mut config = site.config(3);
    config.data_dir = empty;
    let empty = Cluster::start(config).await.unwrap();
    let emptied = claim(&site, None, &site.address(3)).await.unwrap();
    let reason = refusal(&emptied);
    assert!(
        reason.contains("has not got this cluster's data"),
        "{reason}"
    );
    assert_eq!(address_of(&nodes[0], 3), before);
    drop((others, empty));
}
