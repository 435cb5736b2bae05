//! Mutual TLS on the peer port: who has no certificate of the CA, or another's, gets nowhere.
#![allow(missing_docs, clippy::unwrap_used)]

mod support;

use api::proto::peer::peer_client::PeerClient;
use api::proto::peer::{
    AppendEntriesRequest, HealthRequest, InviteRequest, JoinRequest, ProposeRequest, Route,
    SnapshotChunk, SnapshotHeader, TransferLeaderRequest, VoteRequest, snapshot_chunk,
};
use cluster::{Cluster, PeerTls, Start, StartError};
use ipam::{ClusterCommand, Command, NodeId, RequestId};
use std::error::Error;
use std::fs::{Permissions, read, set_permissions, write};
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;
use support::*;
use tokio::time::timeout;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity};
use tonic::{Code, Status};

/// Long enough for a node to be let in, were it let in.
const LONG_ENOUGH: Duration = Duration::from_secs(3);

/// How an intruder connects: in the clear, without a certificate, or with one.
enum Shows<'a> {
    NoTls,
    NoCertificate,
    This(&'a PeerTls),
}

/// How long a stranger may try.
const NEVER_CONNECTED: Duration = Duration::from_secs(5);

/// A client that says what it likes. It trusts the site's CA, so only the server can refuse it.
fn intruder(site: &Site, shows: &Shows<'_>) -> PeerClient<Channel> {
    let address = site.address(1);
    let authority = read(site.config(1).tls.unwrap().ca).unwrap();
    let tls = ClientTlsConfig::new()
        .ca_certificate(Certificate::from_pem(authority))
        .domain_name("gatewayd-node-1");
    let secure = |tls| {
        let endpoint = Endpoint::from_shared(format!("https://{address}")).unwrap();
        endpoint.tls_config(tls).unwrap()
    };
    let endpoint = match shows {
        Shows::NoTls => Endpoint::from_shared(format!("http://{address}")).unwrap(),
        Shows::NoCertificate => secure(tls),
        Shows::This(files) => secure(tls.identity(Identity::from_pem(
            read(&files.certificate).unwrap(),
            read(&files.key).unwrap(),
        ))),
    };
    PeerClient::new(endpoint.connect_lazy())
}

/// With TLS 1.3 a client takes its handshake for done before the server has looked at its
/// certificate. When the refusal comes before the request is sent, tonic connects again, and may go on
/// so for ever: never to be connected is to be refused.
async fn bounded<T>(call: impl Future<Output = Result<T, Status>>) -> Result<T, Status> {
    let never = || Err(Status::deadline_exceeded("never connected"));
    timeout(NEVER_CONNECTED, call)
        .await
        .unwrap_or_else(|_| never())
}

fn route(from: u64) -> Option<Route> {
    let (to, cluster_id) = (1, vec![7; 16]);
    Some(Route {
        from,
        to,
        cluster_id,
    })
}

fn health(node_id: u64) -> HealthRequest {
    HealthRequest {
        node_id,
        cluster_id: vec![7; 16],
        notes: vec![],
        has_notes: false,
    }
}

async fn propose(client: &mut PeerClient<Channel>, from: u64) -> Result<(), Status> {
    let remove = Command::from(ClusterCommand::RemoveNode(NodeId(2)));
    let request = ProposeRequest {
        timeout_millis: 1000,
        commands: vec![(&remove.of(RequestId(1))).into()],
        route: route(from),
    };
    client.propose(request).await.map(drop)
}

async fn join(client: &mut PeerClient<Channel>, node_id: u64) -> Result<(), Status> {
    let request = JoinRequest {
        node_id,
        peer_address: "127.0.0.1:9".to_owned(),
        route: Some(Route {
            to: 0,
            ..route(node_id).unwrap()
        }),
        ..JoinRequest::default()
    };
    client.join(request).await.map(drop)
}

async fn append(client: &mut PeerClient<Channel>, from: u64) -> Result<(), Status> {
    let request = AppendEntriesRequest {
        route: route(from),
        ..AppendEntriesRequest::default()
    };
    client.append(request).await.map(drop)
}

async fn install_snapshot(client: &mut PeerClient<Channel>, from: u64) -> Result<(), Status> {
    let header = SnapshotHeader {
        route: route(from),
        ..SnapshotHeader::default()
    };
    let part = Some(snapshot_chunk::Part::Header(header));
    let chunks = futures::stream::iter([SnapshotChunk { part }]);
    client.install_snapshot(chunks).await.map(drop)
}

async fn transfer_leader(client: &mut PeerClient<Channel>, from: u64) -> Result<(), Status> {
    let request = TransferLeaderRequest {
        route: route(from),
        ..TransferLeaderRequest::default()
    };
    client.transfer_leader(request).await.map(drop)
}

fn assert_untouched(nodes: &[Cluster]) {
    for node in nodes {
        assert_eq!(node.status().members.len(), nodes.len());
        assert!(node.read(|state| state.nodes().contains_key(&NodeId(2))));
    }
}

fn chain(error: &dyn Error) -> String {
    let cause = error.source().map(chain).unwrap_or_default();
    format!("{error}: {cause}")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_nodes_with_certificates_serve() {
    let site = Site::with_tls(3);
    let mut nodes = site.up().await;
    for number in 0..9 {
        obtain(&nodes[usize::from(number) % 3], number).await;
    }
    converged(&nodes).await;
    let leader = leader_of(&nodes).unwrap();
    nodes.remove(leader).shutdown().await;
    obtain(&nodes[0], 100).await;
    for node in &nodes {
        in_service(node).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn strangers_can_neither_join_nor_propose() {
    let site = Site::with_tls(3);
    let nodes = site.up().await;
    let authority = site.authority.as_ref().unwrap();
    let elsewhere = Authority::new();
    let foreign = elsewhere.node(2);
    let nameless = authority.issue(&["gatewayd-node-2"]);
    let strangers = [
        Shows::NoTls,
        Shows::NoCertificate,
        Shows::This(&foreign),
        Shows::This(&nameless),
    ];
    for stranger in &strangers {
        let mut client = intruder(&site, stranger);
        assert!(bounded(join(&mut client, 2)).await.is_err());
        assert!(bounded(propose(&mut client, 2)).await.is_err());
        let health = health(2);
        assert!(bounded(client.health(health)).await.is_err());
        let invite = InviteRequest {
            node_id: 1,
            cluster_id: vec![7; 16],
            route: route(2),
            ..InviteRequest::default()
        };
        assert!(bounded(client.invite(invite)).await.is_err());
    }
    assert_untouched(&nodes);
    let member = site.config(2).tls.unwrap();
    let mut client = intruder(&site, &Shows::This(&member));
    let heard = client.health(health(2)).await;
    assert!(heard.is_ok(), "the refusals were not for another reason");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_cannot_speak_for_another() {
    let site = Site::with_tls(3);
    let nodes = site.up().await;
    let third = site.config(3).tls.unwrap();
    let mut client = intruder(&site, &Shows::This(&third));
    let vote = VoteRequest {
        route: route(2),
        ..VoteRequest::default()
    };
    let in_anothers_name = health(2);
    let refused = [
        propose(&mut client, 2).await,
        join(&mut client, 4).await,
        client.vote(vote.clone()).await.map(drop),
        client.pre_vote(vote).await.map(drop),
        client.health(in_anothers_name).await.map(drop),
        append(&mut client, 2).await,
        install_snapshot(&mut client, 2).await,
        transfer_leader(&mut client, 2).await,
    ];
    for refusal in refused {
        let status = refusal.unwrap_err();
        assert_eq!(status.code(), Code::PermissionDenied, "{status}");
    }
    assert_untouched(&nodes);
    // The same client is heard when it speaks for itself.
    assert!(client.health(health(3)).await.unwrap().into_inner().member);
    // What the leader alone does is not taken even from a member.
    let refused = propose(&mut client, 3).await.unwrap_err();
    assert_eq!(refused.code(), Code::FailedPrecondition, "{refused}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_with_a_foreign_certificate_or_none_is_not_let_in() {
    let site = Site::with_tls(2);
    let first = site.start(1, &bootstrap()).await;
    let foreign = Authority::new();
    for tls in [Some(foreign.node(2)), None] {
        let mut config = site.config(2);
        config.tls = tls;
        let second = Cluster::start(config).await.unwrap();
        let join = Start::Join(vec![site.address(1)]);
        let joined = timeout(LONG_ENOUGH, second.begin(&join)).await;
        assert!(joined.is_err(), "it must go on asking in vain");
        let added = first.add_node(NodeId(2), &site.address(2)).await;
        let refusal = added.unwrap_err().to_string();
        assert!(refusal.contains("does not answer"), "{refusal}");
        assert_eq!(first.status().members.len(), 1);
        second.shutdown().await;
    }
    // It was the certificate: with its own, the same node comes in by the same way.
    let join = Start::Join(vec![site.address(1)]);
    let second = site.start(2, &join).await;
    in_service(&second).await;
    assert_eq!(first.status().members.len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_must_be_the_node_that_is_meant() {
    let site = Site::with_tls(2);
    let first = site.start(1, &bootstrap()).await;
    let second = Cluster::start(site.config(2)).await.unwrap();
    let waits = second.clone();
    tokio::spawn(async move { waits.begin(&Start::Wait).await });
    let added = first.add_node(NodeId(3), &site.address(2)).await;
    let refusal = added.unwrap_err().to_string();
    assert!(refusal.contains("gatewayd-node-3"), "{refusal}");
    first.add_node(NodeId(2), &site.address(2)).await.unwrap();
    in_service(&second).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_authorities_are_known_while_one_replaces_the_other() {
    let site = Site::with_tls(2);
    let next = Authority::new();
    let (old, new) = (site.config(1).tls.unwrap(), next.node(2));
    let both = [read(&old.ca).unwrap(), read(&new.ca).unwrap()].concat();
    write(&old.ca, both).unwrap();
    let first = site.start(1, &bootstrap()).await;
    let mut config = site.config(2);
    config.tls = Some(PeerTls { ca: old.ca, ..new });
    let second = Cluster::start(config).await.unwrap();
    let join = Start::Join(vec![site.address(1)]);
    second.begin(&join).await.unwrap();
    in_service(&first).await;
    in_service(&second).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_that_cannot_be_right_are_refused_at_start() {
    let site = Site::with_tls(1);
    let good = site.config(1).tls.unwrap();
    let other = site.authority.as_ref().unwrap().node(2);
    let exposed = site.config(1).tls.unwrap();
    set_permissions(&exposed.key, Permissions::from_mode(0o640)).unwrap();
    let change = |change: &dyn Fn(&mut PeerTls)| {
        let mut files = good.clone();
        change(&mut files);
        files
    };
    let wrong = [
        (exposed, "chmod 600"),
        (other.clone(), "gatewayd-node-1"),
        (
            change(&|f| f.ca = "/nowhere/ca.crt".into()),
            "GATEWAY_TLS_CA",
        ),
        (change(&|f| f.ca = good.key.clone()), "certificate in PEM"),
        (
            change(&|f| f.certificate = good.key.clone()),
            "GATEWAY_TLS_CERT",
        ),
        (
            change(&|f| f.key = other.key.clone()),
            "cannot be used together",
        ),
    ];
    for (files, expected) in wrong {
        let mut config = site.config(1);
        config.tls = Some(files);
        let error = Cluster::start(config).await.err().unwrap();
        assert!(matches!(error, StartError::Tls(_)), "{error:?}");
        let text = chain(&error);
        assert!(text.contains(expected), "{expected} in {text}");
    }
}
