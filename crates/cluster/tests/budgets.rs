//! S12: what peers and operators send is bounded before it is kept, so that everything that was
//! accepted can be replicated.
#![allow(missing_docs, clippy::unwrap_used)]

mod support;

use api::proto::peer::peer_client::PeerClient;
use api::proto::peer::{
    ProposeRequest, Route, SnapshotChunk, SnapshotHeader, propose_response, snapshot_chunk,
};
use api::proto::storage::{
    LogId, Membership, Node, SnapshotMeta, StoredMembership, Vote, VoterSet,
};
use cluster::Cluster;
use futures::future::join_all;
use ipam::budget::{Item, OverBudget};
use ipam::{
    Change, ClusterRefusal, Command, NodeId, NodeRegistration, Operator, Outcome, Refusal,
    RequestId,
};
use std::time::Duration;
use support::*;
use tokio::time::timeout;
use tonic::Code;
use tonic::transport::{Channel, Endpoint};

const MIB: usize = 1024 * 1024;

fn register(address_bytes: usize) -> Command {
    Command::from(NodeRegistration {
        node: NodeId(2),
        listen: [(SUBNET, ip(11))].into(),
        peer_address: "a".repeat(address_bytes),
        listeners: Default::default(),
        addresses: Default::default(),
    })
}

fn stranger(address: &str) -> PeerClient<Channel> {
    let endpoint = Endpoint::from_shared(format!("http://{address}")).unwrap();
    PeerClient::new(endpoint.connect_lazy())
}

/// What node 2 would send to forward these commands to node 1.
fn forwarded(to: u64, commands: &[Command]) -> ProposeRequest {
    ProposeRequest {
        commands: commands
            .iter()
            .map(|command| (&command.clone().of(RequestId(1))).into())
            .collect(),
        timeout_millis: 2500,
        route: Some(Route {
            from: 2,
            to,
            cluster_id: vec![7; 16],
        }),
    }
}

async fn still_served(nodes: &[Cluster], first: u16) {
    for (number, node) in (first..).zip(nodes) {
        obtain(node, number).await;
    }
    converged(nodes).await;
    for node in nodes {
        in_service(node).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn oversize_commands_refused_at_any_node_and_replication_goes_on() {
    let site = Site::new(3);
    let nodes = site.up().await;
    let eight = (0..8).map(|number| {
        let node = &nodes[number % 3];
        node.propose(node.new_request(), register(9 * MIB))
    });
    for outcome in join_all(eight).await {
        assert!(
            matches!(
                outcome,
                Ok(Outcome::Refused(Refusal::Cluster(
                    ClusterRefusal::OverBudget(OverBudget::TooLarge {
                        what: Item::PeerAddress,
                        ..
                    })
                )))
            ),
            "{outcome:?}"
        );
    }
    still_served(&nodes, 0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn oversize_commands_of_a_peer_refused_and_replication_goes_on() {
    let site = Site::new(3);
    let nodes = site.up().await;
    let leader = leader_of(&nodes).unwrap() as u64 + 1;
    let client = stranger(&site.address(leader));
    let send = |request| {
        let mut client = client.clone().max_encoding_message_size(64 * MIB);
        async move { client.propose(request).await }
    };
    let three = |_| send(forwarded(leader, &[register(3 * MIB)]));
    for answer in join_all((0..8).map(three)).await {
        let result = answer.unwrap().into_inner().result;
        let Some(propose_response::Result::Outcomes(outcomes)) = result else {
            panic!("not refused: {result:?}");
        };
        let outcome = Outcome::try_from(outcomes.outcomes[0].clone()).unwrap();
        let refused = matches!(
            &outcome,
            Outcome::Refused(Refusal::Cluster(ClusterRefusal::OverBudget(
                OverBudget::TooLarge { .. }
            )))
        );
        assert!(refused, "{outcome:?}");
    }
    let nine = |_| send(forwarded(leader, &[register(9 * MIB)]));
    for answer in join_all((0..8).map(nine)).await {
        let status = answer.unwrap_err();
        assert_eq!(status.code(), Code::OutOfRange, "{status:?}");
    }
    let many = vec![Command::TICK; 257];
    let status = send(forwarded(leader, &many)).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument, "{status:?}");
    still_served(&nodes, 0).await;
}

/// What is accepted is small enough to be sent, however many of them come together.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn largest_commands_all_at_once_are_committed_on_every_node() {
    let site = Site::new(3);
    let nodes = site.up().await;
    let subnet = nodes[0].read(|state| state.subnets()[&SUBNET].config().clone());
    let large = |number: u16| {
        let mut subnet = subnet.clone();
        // Options that the server does not set itself.
        let codes = (60..=255).filter(|code| ![61, 82, 118, 119, 121, 255].contains(code));
        subnet.extra_options = codes.map(|code| (code, vec![7; 255])).collect();
        subnet.mtu = 1400 + number;
        let object = subnet.into();
        let expected = None;
        let replace = Change::Replace { object, expected };
        Command::from(replace.by(Operator::default()))
    };
    // The leader alone proposes these (ADR 0016).
    let leader = &nodes[leader_of(&nodes).unwrap()];
    let all = (0..60).map(|number| leader.propose(leader.new_request(), large(number)));
    for outcome in join_all(all).await {
        assert_eq!(outcome, Ok(Outcome::Done));
    }
    still_served(&nodes, 0).await;
}

/// How long something may take that must happen: no expectation.
const LONG: Duration = Duration::from_secs(60);

/// The header of a snapshot that the leader might send to node `to`, `index` entries long.
fn header(leader: u64, term: u64, to: u64, length: u64, index: u64) -> SnapshotChunk {
    let log_id = Some(LogId { term, index });
    let node = |node_id| Node {
        node_id,
        address: format!("127.0.0.1:{node_id}"),
        key: None,
    };
    let membership = Membership {
        configs: vec![VoterSet {
            node_ids: vec![1, 2, 3],
        }],
        nodes: (1..=3).map(node).collect(),
    };
    let header = SnapshotHeader {
        vote: Some(Vote {
            term,
            node_id: leader,
            committed: true,
        }),
        meta: Some(SnapshotMeta {
            last_log_id: log_id,
            last_membership: Some(StoredMembership {
                log_id,
                membership: Some(membership),
            }),
        }),
        length,
        route: Some(Route {
            from: leader,
            to,
            cluster_id: vec![7; 16],
        }),
    };
    SnapshotChunk {
        part: Some(snapshot_chunk::Part::Header(header)),
    }
}

fn data(bytes: usize) -> SnapshotChunk {
    SnapshotChunk {
        part: Some(snapshot_chunk::Part::Data(vec![7; bytes])),
    }
}

/// A snapshot that is none must not reach the storage, where it would stop the node for good.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn garbage_snapshots_refused_one_at_a_time_and_the_node_goes_on() {
    let site = Site::new(3);
    let nodes = site.up().await;
    let leader = nodes[0].status().leader.unwrap().0;
    let term = nodes[0].status().term;
    let to = (1..=3).find(|node| *node != leader).unwrap();
    let client = stranger(&site.address(to));
    let send = |chunks: Vec<SnapshotChunk>| {
        let mut client = client.clone();
        async move { client.install_snapshot(futures::stream::iter(chunks)).await }
    };
    let length = 3 * MIB as u64;
    let head = || header(leader, term, to, length, 900);
    let whole = send(vec![head(), data(MIB), data(MIB), data(MIB)]).await;
    assert_eq!(whole.unwrap_err().code(), Code::InvalidArgument);
    let short = send(vec![head(), data(MIB)]).await;
    assert_eq!(short.unwrap_err().code(), Code::InvalidArgument);
    let long = send(vec![head(), data(MIB), data(MIB), data(MIB), data(1)]).await;
    assert_eq!(long.unwrap_err().code(), Code::InvalidArgument);
    let huge = send(vec![header(leader, term, to, u64::MAX, 900)]).await;
    assert_eq!(huge.unwrap_err().code(), Code::InvalidArgument);

    // Eight that never end: each takes the place of the one before, and the last stands still.
    let endless = (0..8).map(|_| {
        let chunks = vec![head(), data(MIB), data(MIB)];
        let stream = futures::StreamExt::chain(
            futures::stream::iter(chunks),
            futures::stream::pending::<SnapshotChunk>(),
        );
        let mut client = client.clone();
        async move { client.install_snapshot(stream).await }
    });
    for answer in timeout(LONG, join_all(endless)).await.expect("it hangs") {
        let code = answer.unwrap_err().code();
        assert!(
            [Code::Aborted, Code::DeadlineExceeded].contains(&code),
            "{code:?}"
        );
    }
    let place = usize::try_from(to).unwrap() - 1;
    let snapshots = site.config(to).data_dir.join("snapshots");
    until("every received file is removed", || {
        std::fs::read_dir(&snapshots).unwrap().count() == 0
    })
    .await;
    assert_eq!(nodes[place].storage_error(), None);
    still_served(&nodes, 0).await;
}
