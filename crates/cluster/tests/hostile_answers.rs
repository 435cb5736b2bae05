//! What a member's server answers costs whoever asks it little memory (S12).
//!
//! Two nodes and the liar are in this process, so the liar's own buffers are part of the figure.
#![allow(missing_docs, clippy::unwrap_used)]

mod support;

use bytes::Bytes;
use futures::StreamExt;
use futures::future::join_all;
use http_body_util::{BodyExt, BodyStream, Full, StreamBody};
use ipam::{ClientKey, HardwareAddress};
use std::convert::Infallible;
use std::future::{Ready, ready};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use support::*;
use tonic::body::Body;
use tonic::codegen::http::{HeaderMap, HeaderValue, Request, Response};
use tonic::server::NamedService;
use tonic::transport::Server;
use tower::Service;

/// How much the process may grow under all of it: see docs/limits.md.
const MAX_GROWTH_BYTES: u64 = 128 * 1024 * 1024;
const LIMITS: &str = include_str!("../../../docs/limits.md");
const MESSAGE: usize = 4 * 1024 * 1024 - 64;
const SMALL: usize = 60 * 1024;
/// How often each call is to be answered.
const ANSWERS: usize = 30;
const AT_ONCE: usize = 8;

/// What is answered to a call of one name.
struct Answer {
    call: &'static str,
    given: AtomicUsize,
    /// Empty fields that decode large: a whole message of them, and what is within the bytes.
    bulky: [Bytes; 2],
}

/// Has taken a member's place.
#[derive(Clone)]
struct Liar(Arc<Vec<Answer>>);

impl Liar {
    fn new() -> Self {
        // Notes, packets, outcomes, members; of the others what nobody knows.
        let known: [(&str, &[u8]); 4] = [
            ("Health", &[0xba, 1, 0]),
            ("Explain", &[0x0a, 0]),
            ("Append", &[0x7a, 0]),
            ("Vote", &[0x7a, 0]),
        ];
        let answers = known.map(|(call, field)| Answer {
            call,
            given: AtomicUsize::new(0),
            bulky: [MESSAGE, SMALL].map(|bytes| framed(&field.repeat(bytes / field.len()))),
        });
        Self(Arc::new(answers.into()))
    }

    fn given(&self, call: &str) -> usize {
        let answers = self.0.iter().filter(|answer| answer.call == call);
        answers
            .map(|answer| answer.given.load(Ordering::Relaxed))
            .sum()
    }
}

fn framed(message: &[u8]) -> Bytes {
    let length = u32::try_from(message.len()).unwrap();
    [&[0], &length.to_be_bytes()[..], message].concat().into()
}

impl Service<Request<Body>> for Liar {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Ready<Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let path = request.uri().path();
        let call = path.rsplit('/').next().unwrap();
        let answer = self.0.iter().find(|answer| answer.call == call);
        let body = answer.map_or_else(endless, |answer| {
            match answer.given.fetch_add(1, Ordering::Relaxed) % 3 {
                0 => endless(),
                which => {
                    let body = Full::new(answer.bulky[which - 1].clone());
                    Body::new(body.with_trailers(ready(all_is_well())))
                }
            }
        });
        let mut response = Response::new(body);
        let grpc = HeaderValue::from_static("application/grpc");
        response.headers_mut().insert("content-type", grpc);
        ready(Ok(response))
    }
}

fn all_is_well() -> Option<Result<HeaderMap, Infallible>> {
    let ok = HeaderValue::from_static("0");
    Some(Ok(HeaderMap::from_iter([(
        "grpc-status".parse().unwrap(),
        ok,
    )])))
}

/// As long as it is taken.
fn endless() -> Body {
    let piece = Bytes::from(vec![0; 64 * 1024]);
    let pieces = futures::stream::repeat(piece);
    let frames = pieces.flat_map(|piece| BodyStream::new(Full::new(piece)));
    Body::new(StreamBody::new(frames))
}

impl NamedService for Liar {
    const NAME: &'static str = "gatewayd.peer.v1.Peer";
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s12_small_answers_do_not_become_large_memory() {
    let row = format!("| {} | MiB | `hostile_answers` |", MAX_GROWTH_BYTES >> 20);
    assert!(LIMITS.contains(&row), "docs/limits.md does not say {row}");
    let site = Site::new(3);
    let mut nodes = site.up().await;
    obtain(&nodes[0], 1).await;
    nodes.pop().unwrap().shutdown().await;
    let liar = Liar::new();
    let served = Server::builder().add_service(liar.clone());
    let served = tokio::spawn(served.serve(site.address(3).parse().unwrap()));
    let before = memory::begin();
    let grown = || memory::grown(before) >> 20;
    until("the liar is asked", || {
        liar.given("Health") >= ANSWERS && liar.given("Append") >= ANSWERS
    })
    .await;
    let client = ClientKey::Hardware(HardwareAddress::ethernet([2, 0, 0, 0, 0, 1]));
    let mut said = Vec::new();
    while liar.given("Explain") < ANSWERS {
        let asked = (0..AT_ONCE).map(|_| nodes[0].explain(&client));
        said.extend(join_all(asked).await);
    }
    assert!(grown() < MAX_GROWTH_BYTES >> 20, "{} MiB", grown());
    let said = said.iter().map(|answers| answers[2].1.clone().unwrap_err());
    let said: Vec<String> = said.collect();
    for limit in ["more than 64 Packets", "larger than 262144 bytes"] {
        assert!(said.iter().any(|said| said.contains(limit)), "{said:?}");
    }
    for (number, node) in (10..).zip(&nodes) {
        in_service(node).await;
        obtain(node, number).await;
    }
    converged(&nodes).await;
    for node in &nodes {
        node.shutdown().await;
    }
    served.abort();
}
