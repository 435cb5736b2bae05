//! A member that takes all places at once, from as many addresses as it likes (S12).
#![allow(missing_docs, clippy::unwrap_used)]

mod support;

use api::proto::peer::HealthRequest;
use api::proto::peer::peer_client::PeerClient;
use cluster::PeerTls;
use cluster::limits::{MAX_REQUESTS, MAX_REQUESTS_OF_ADDRESS};
use futures::StreamExt;
use hyper_util::client::legacy::connect::HttpConnector;
use std::fs::read;
use std::net::Ipv4Addr;
use support::intruder::CLUSTER;
use support::raw::Raw;
use support::*;
use tokio::task::JoinSet;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity};
use tonic::{Request, Status};

/// The way to node 1 of who has these files and this address.
fn channel(site: &Site, shows: &PeerTls, from: u8) -> Channel {
    let tls = ClientTlsConfig::new()
        .ca_certificate(Certificate::from_pem(read(&shows.ca).unwrap()))
        .domain_name("gatewayd-node-1")
        .identity(Identity::from_pem(
            read(&shows.certificate).unwrap(),
            read(&shows.key).unwrap(),
        ));
    let endpoint = Endpoint::from_shared(format!("https://{}", site.address(1))).unwrap();
    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    tcp.set_local_address(Some(Ipv4Addr::new(127, 2, 0, from).into()));
    endpoint
        .tls_config(tls)
        .unwrap()
        .connect_with_connector_lazy(tcp)
}

/// Begins a request, and does not end it.
async fn begin(channel: Channel) -> Result<(), Status> {
    let path = PathAndQuery::from_static("/gatewayd.peer.v1.Peer/Append");
    let mut client = tonic::client::Grpc::new(channel);
    client
        .ready()
        .await
        .map_err(|error| Status::unavailable(error.to_string()))?;
    let begun = futures::stream::iter([vec![0]]);
    let stream = Request::new(begun.chain(futures::stream::pending()));
    let answer = client.client_streaming(stream, path, Raw).await;
    answer.map(|_: tonic::Response<Vec<u8>>| ())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_member_that_takes_all_places_leaves_room_for_the_others() {
    let site = Site::with_tls(3);
    let nodes = site.up().await;
    let liars = site.certificate(2).unwrap();
    let mut held = JoinSet::new();
    for number in 0..MAX_REQUESTS + MAX_REQUESTS_OF_ADDRESS {
        let address = u8::try_from(number / MAX_REQUESTS_OF_ADDRESS).unwrap() + 1;
        held.spawn(begin(channel(&site, &liars, address)));
    }
    // The first answer is a refusal: there is no more room for it.
    let first = held.join_next().await.unwrap().unwrap().unwrap_err();
    assert_eq!(first.code(), tonic::Code::ResourceExhausted, "{first}");
    let honest = site.certificate(3).unwrap();
    let mut honest = PeerClient::new(channel(&site, &honest, 99));
    let request = HealthRequest {
        node_id: 3,
        cluster_id: CLUSTER.to_vec(),
        ..HealthRequest::default()
    };
    let heard = honest.health(request).await.unwrap();
    assert!(heard.into_inner().member);
    held.shutdown().await;
    for node in &nodes {
        in_service(node).await;
    }
}
