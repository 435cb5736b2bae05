//! S12: what peers and operators send is bounded before it is kept, so that everything that was
//! accepted can be replicated.
#![allow(missing_docs, clippy::unwrap_used)]

mod support;

use api::proto::raft::peer_client::PeerClient;
use api::proto::raft::{ProposeRequest, Route, propose_response};
use cluster::Cluster;
use futures::future::join_all;
use ipam::{Command, NodeId, NodeRegistration, Outcome, Refusal};
use support::*;
use tonic::Code;
use tonic::transport::{Channel, Endpoint};

const MIB: usize = 1024 * 1024;

fn register(address_bytes: usize) -> Command {
    Command::RegisterNode(NodeRegistration {
        node: NodeId(2),
        listen_ip: ip(11),
        peer_address: "a".repeat(address_bytes),
        listeners: Default::default(),
    })
}

fn stranger(address: &str) -> PeerClient<Channel> {
    let endpoint = Endpoint::from_shared(format!("http://{address}")).unwrap();
    PeerClient::new(endpoint.connect_lazy())
}

/// What node 2 would send to forward these commands to node 1.
fn forwarded(to: u64, commands: &[Command]) -> ProposeRequest {
    ProposeRequest {
        commands: commands.iter().map(Into::into).collect(),
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
    let eight = (0..8).map(|number| nodes[number % 3].propose(register(9 * MIB)));
    for outcome in join_all(eight).await {
        assert!(
            matches!(
                outcome,
                Ok(Outcome::Refused(Refusal::TooLarge {
                    what: "peer address",
                    ..
                }))
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
        let refused = matches!(outcome, Outcome::Refused(Refusal::TooLarge { .. }));
        assert!(refused, "{outcome:?}");
    }
    let nine = |_| send(forwarded(leader, &[register(9 * MIB)]));
    for answer in join_all((0..8).map(nine)).await {
        let status = answer.unwrap_err();
        assert_eq!(status.code(), Code::OutOfRange, "{status:?}");
    }
    let many = vec![Command::Tick; 257];
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
        let codes = (60..=255).filter(|code| ![61, 82, 119, 121, 255].contains(code));
        subnet.extra_options = codes.map(|code| (code, vec![7; 255])).collect();
        subnet.mtu = 1400 + number;
        Command::PutSubnet(subnet)
    };
    let all = (0..60).map(|number| nodes[usize::from(number) % 3].propose(large(number)));
    for outcome in join_all(all).await {
        assert_eq!(outcome, Ok(Outcome::Done));
    }
    still_served(&nodes, 0).await;
}
