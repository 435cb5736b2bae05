//! An answer is one message of a peer's shape, or there is none.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use super::*;
use crate::limits::{MAX_SMALL_MESSAGE_BYTES, MAX_TEXT_BYTES};
use api::proto::peer as wire;
use api::proto::peer::peer_client::PeerClient;
use prost::Message;
use tonic::Code;
use tower::service_fn;

fn framed(message: &[u8]) -> Vec<u8> {
    let length = u32::try_from(message.len()).unwrap();
    [&[0], &length.to_be_bytes()[..], message].concat()
}

/// What a Health call returns when this is answered to it.
async fn asked(body: Vec<u8>, status: &Status) -> Result<wire::HealthResponse, Status> {
    let mut trailers = HeaderMap::new();
    status.add_header(&mut trailers).unwrap();
    let channel = service_fn(move |_: Request<Body>| {
        let trailers = ready(Some(Ok(trailers.clone())));
        let body = Full::new(Bytes::from(body.clone())).with_trailers(trailers);
        ready(Ok(Response::new(Body::new(body))))
    });
    let mut client = PeerClient::new(checked(PeerChannel::new(channel)));
    let answer = client.health(wire::HealthRequest::default()).await;
    answer.map(tonic::Response::into_inner)
}

async fn refused(body: Vec<u8>) -> String {
    let refused = asked(body, &Status::ok("")).await.unwrap_err();
    refused.message().to_owned()
}

#[tokio::test]
async fn an_honest_answer_comes_as_it_is() {
    let answer = wire::HealthResponse {
        node_id: 2,
        voters: (1..=128).collect(),
        ..Default::default()
    };
    let taken = asked(framed(&answer.encode_to_vec()), &Status::ok("")).await;
    assert_eq!(taken.unwrap(), answer);
    let status = Status::failed_precondition("node 2 is not the leader");
    let taken = asked(Vec::new(), &status).await.unwrap_err();
    assert_eq!(taken.code(), Code::FailedPrecondition);
    assert_eq!(taken.message(), "node 2 is not the leader");
}

#[tokio::test]
async fn a_body_that_is_not_one_small_message_is_refused_with_its_limit() {
    let empty = framed(&[]);
    let mut compressed = empty.clone();
    compressed[0] = 1;
    let notes = [0xba, 1, 0].repeat(513);
    for (body, why) in [
        (compressed, "it is compressed"),
        ([empty.clone(), empty.clone()].concat(), "not one message"),
        (empty[..3].to_vec(), "it breaks off"),
        (vec![0, 0, 0, 0, 9, 1], "not one message"),
        (framed(&[0x0a, 5]), "cannot be read"),
        (framed(&notes), "more than 512 Notes"),
        (framed(&[0; MAX_SMALL_MESSAGE_BYTES + 1]), "65536 bytes"),
    ] {
        let said = refused(body).await;
        assert!(said.contains("the answer to Health"), "{said}");
        assert!(said.contains(why), "{said}: {why}");
    }
}

#[tokio::test]
async fn a_status_that_a_peer_gives_is_bounded() {
    let status = Status::failed_precondition(format!("\u{1b}[2J{}", "no ".repeat(1000)));
    let said = asked(Vec::new(), &status).await.unwrap_err();
    assert_eq!(said.code(), Code::FailedPrecondition);
    assert!(said.message().starts_with("\\u{1b}[2Jno no"), "{said}");
    assert!(said.message().len() <= MAX_TEXT_BYTES);
}
