//! What an operator is told by a node of its own: a real one, alone in its cluster.
#![allow(missing_docs, clippy::unwrap_used)]

use cluster::{Cluster, ClusterConfig, Snapshots, Start, Timings};
use ipam::{
    AddressRange, AnyKey, Bootstrap, Change, Forward, ForwardKey, ForwardPolicy, ForwardTarget,
    Ipv4Network, Kind, NodeId, Object, Profile, Protocol, Reservation, SubnetConfig, SubnetId,
};
use node::{Node, StartConfig};
use operator::verdict::Level;
use operator::{Caller, ErrorKind, LeaseFilter, Operations};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;

const SUBNET: SubnetId = SubnetId(1);
/// In the pool.
const ADDRESS: Ipv4Addr = Ipv4Addr::new(10, 15, 3, 77);

/// A node whose store is open, and which waits for a cluster.
struct Waiting {
    operations: Operations,
    cluster: Cluster,
    becoming: tokio::task::JoinHandle<()>,
    directory: TempDir,
}

fn bootstrap() -> Bootstrap {
    let pool = AddressRange::new([10, 15, 3, 20].into(), [10, 15, 3, 254].into());
    Bootstrap {
        cluster_id: [7; 16],
        subnet: SubnetConfig::new(
            SUBNET,
            Ipv4Network::new([10, 15, 3, 0].into(), 24).unwrap(),
            [10, 15, 3, 1].into(),
            pool.unwrap(),
        ),
        source_nat: None,
        forward_policy: ForwardPolicy::Drop,
    }
}

async fn waiting() -> Waiting {
    let directory = TempDir::new().unwrap();
    let peers: SocketAddr = free_port();
    let config = ClusterConfig {
        node: NodeId(1),
        data_dir: directory.path().join("data"),
        peer_listen: peers,
        peer_address: peers.to_string(),
        listen_ip: [10, 15, 3, 10].into(),
        tls: None,
        timings: Timings::default(),
        profile: Profile::default(),
        snapshots: Snapshots::default(),
        alone: false,
    };
    let cluster = Cluster::start(config).await.unwrap();
    let (node, requests) = Node::new(cluster.clone(), vec!["GATEWAY_X is no key".to_owned()]);
    let operations = Operations::new(Arc::new(node));
    let start = StartConfig {
        start: Start::Wait,
        own_bootstrap: bootstrap(),
        others: Vec::new(),
    };
    let member = cluster.clone();
    let becoming = tokio::spawn(async move {
        node::become_member(&start, &member, requests)
            .await
            .unwrap();
    });
    Waiting {
        operations,
        cluster,
        becoming,
        directory,
    }
}

/// A node that is a cluster of its own, and the directory that it lives in.
async fn bootstrapped() -> (Operations, Cluster, TempDir) {
    let Waiting {
        operations,
        cluster,
        becoming,
        directory,
    } = waiting().await;
    let made = operations.bootstrap(&caller(), true).await.unwrap();
    assert!(!made.already);
    becoming.await.unwrap();
    (operations, cluster, directory)
}

fn free_port() -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.local_addr().unwrap()
}

fn caller() -> Caller {
    Caller::new("192.0.2.9:40000")
}

fn forward(target: Ipv4Addr) -> Forward {
    Forward {
        key: ForwardKey {
            protocol: Protocol::Tcp,
            port: 2222,
        },
        target: ForwardTarget::Address(target),
        target_port: 22,
    }
}

fn reservation() -> Reservation {
    Reservation {
        subnet: SUBNET,
        client: operator::text::parse_client("02:aa:00:00:00:01").unwrap(),
        address: ADDRESS,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn operations_without_a_cluster_say_so_and_do_nothing() {
    let Waiting {
        operations,
        cluster,
        becoming,
        ..
    } = waiting().await;
    let status = operations.status();
    assert_eq!(status.verdict.level, Level::NotServing);
    assert_eq!(status.cluster_id, None);
    assert_eq!(status.notices, ["GATEWAY_X is no key"]);
    let change = Change::Create(reservation().into());
    let refused = operations.change(&caller(), change, false).await;
    assert_eq!(refused.unwrap_err().kind(), ErrorKind::Unavailable);
    let refused = operations.release_lease(&caller(), ADDRESS).await;
    assert_eq!(refused.unwrap_err().kind(), ErrorKind::NotFound);
    becoming.abort();
    cluster.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn operations_on_a_bootstrapped_node_change_list_and_refuse() {
    let (operations, cluster, _directory) = bootstrapped().await;
    let again = operations.bootstrap(&caller(), true).await.unwrap();
    assert_eq!((again.already, again.cluster_id), (true, Some([7; 16])));

    let create = Change::Create(reservation().into());
    let made = operations.change(&caller(), create.clone(), false).await;
    assert_eq!(made, Ok(Vec::new()));
    let twice = Change::Create(
        Reservation {
            address: [10, 15, 3, 78].into(),
            ..reservation()
        }
        .into(),
    );
    let refused = operations.change(&caller(), twice, false).await;
    assert_eq!(refused.unwrap_err().kind(), ErrorKind::Exists);
    let listed = operations.list(Kind::Reservation);
    assert_eq!(listed.len(), 1);
    assert_eq!(
        listed[0].stored.object.to_string(),
        reservation().to_string()
    );
    let key = AnyKey::Reservation(reservation().key());
    let delete = Change::Delete {
        key,
        expected: Some(listed[0].stored.revision.changed + 1),
    };
    let stale = operations.change(&caller(), delete, false).await;
    assert_eq!(stale.unwrap_err().kind(), ErrorKind::Refused);

    let nowhere = Change::Create(forward([192, 0, 2, 1].into()).into());
    let refused = operations.change(&caller(), nowhere, false).await;
    assert_eq!(refused.unwrap_err().kind(), ErrorKind::Refused);
    let subnet = Change::Replace {
        object: bootstrap().subnet.into(),
        expected: None,
    };
    let refused = operations.change(&caller(), subnet, true).await;
    assert_eq!(refused.unwrap_err().kind(), ErrorKind::Refused);
    let refused = operations.release_lease(&caller(), ADDRESS).await;
    assert_eq!(refused.unwrap_err().kind(), ErrorKind::NotFound);
    assert!(operations.leases(&LeaseFilter::default()).is_empty());
    cluster.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn status_of_a_node_alone_names_no_blocker_of_others() {
    let (operations, cluster, _directory) = bootstrapped().await;
    let mut service = cluster.watch_service();
    let serves = service.wait_for(cluster::ServiceStatus::in_service);
    let within = Duration::from_secs(30);
    drop(tokio::time::timeout(within, serves).await.unwrap().unwrap());
    let status = operations.status();
    assert_eq!(status.verdict.blockers, []);
    assert_eq!(status.members.len(), 1);
    assert_eq!(status.subnets[0].free, 235);
    assert_eq!(status.subnets[0].reserved, 0);
    cluster.shutdown().await;
}

/// A change that leaves something behind says so, once it is made.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn change_that_leaves_a_forward_open_says_so() {
    let (operations, cluster, _directory) = bootstrapped().await;
    let ask = async |change| operations.change(&caller(), change, false).await.unwrap();
    let moved = |host: u8| Reservation {
        address: [10, 15, 3, host].into(),
        ..reservation()
    };
    let replace = |host| Change::Replace {
        object: moved(host).into(),
        expected: None,
    };
    let unreserved = Change::Create(forward([10, 15, 3, 90].into()).into());
    assert_eq!(ask(unreserved).await.len(), 1, "nobody is there");
    assert_eq!(ask(Change::Create(moved(90).into())).await, [""; 0]);
    assert_eq!(ask(replace(90)).await, [""; 0], "nothing changes");
    let left = ask(replace(91)).await;
    assert!(left[0].contains("tcp/2222"), "{left:?}");
    assert_eq!(ask(replace(90)).await, [""; 0]);
    let key = AnyKey::Reservation(reservation().key());
    let expected = None;
    let left = ask(Change::Delete { key, expected }).await;
    assert!(left[0].contains("tcp/2222"), "{left:?}");
    cluster.shutdown().await;
}
