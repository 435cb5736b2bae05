//! A peer's answers, looked at before they are decoded: a body is one message of a [`shape`] that peers
//! send, and what it brings for people is [`bounded`].
//!
//! How long an answer may take is up to whoever asks. Cancel-safe.

use super::PeerChannel;
use super::text::bounded;
use crate::shape::{self, PREFIX, announced};
use api::shape::Shape;
use http_body_util::{BodyExt, Full};
use std::future::ready;
use std::task::{Context, Poll};
use tonic::Status;
use tonic::body::Body;
use tonic::codegen::http::{HeaderMap, Request, Response};
use tonic::codegen::{BoxFuture, Bytes};
use tower::Service;

/// The way to a peer, from which nothing comes that was not looked at.
#[derive(Clone)]
struct CheckedAnswers(PeerChannel);

/// `channel`, with its answers checked.
pub(super) fn checked(channel: PeerChannel) -> PeerChannel {
    PeerChannel::new(CheckedAnswers(channel))
}

impl Service<Request<Body>> for CheckedAnswers {
    type Response = Response<Body>;
    type Error = Status;
    type Future = BoxFuture<Self::Response, Status>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Status>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let call = call_of(request.uri().path()).to_owned();
        let shape = shape::of_answer(request.uri().path());
        let answer = self.0.call(request);
        Box::pin(async move { whole(&call, shape, answer.await?).await })
    }
}

fn call_of(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// The answer, once all of it is here and may be decoded.
async fn whole(
    call: &str,
    shape: &Shape,
    answer: Response<Body>,
) -> Result<Response<Body>, Status> {
    let (mut head, mut body) = answer.into_parts();
    bound_status(&mut head.headers);
    let (mut whole, mut trailers) = (Vec::new(), None);
    while let Some(frame) = body.frame().await {
        match frame?.into_data() {
            Ok(data) if whole.len() + data.len() > shape.bytes + PREFIX => {
                return Err(Status::out_of_range(format!(
                    "the answer to {call} is larger than {} bytes, the most that is taken",
                    shape.bytes
                )));
            }
            Ok(data) => whole.extend_from_slice(&data),
            Err(frame) => trailers = frame.into_trailers().ok().or(trailers),
        }
    }
    check(shape, &whole)
        .map_err(|why| Status::out_of_range(format!("the answer to {call}: {why}")))?;
    if let Some(trailers) = &mut trailers {
        bound_status(trailers);
    }
    let body = Full::new(Bytes::from(whole)).with_trailers(ready(trailers.map(Ok)));
    Ok(Response::from_parts(head, Body::new(body)))
}

/// One message, or none where there is only a status.
fn check(shape: &Shape, body: &[u8]) -> Result<(), String> {
    let Some((header, message)) = body.split_at_checked(PREFIX) else {
        return match body.is_empty() {
            true => Ok(()),
            false => Err("it breaks off".to_owned()),
        };
    };
    if header.first() != Some(&0) {
        return Err("it is compressed, and nobody asked for that".to_owned());
    }
    if announced(header) != message.len() {
        return Err("it is not one message".to_owned());
    }
    shape.check(message).map_err(|error| error.to_string())
}

/// What the peer says of a failure is logged, and shown by status.
fn bound_status(headers: &mut HeaderMap) {
    let Some(status) = Status::from_header_map(headers) else {
        return;
    };
    let message = bounded(status.message());
    if message == status.message() {
        return;
    }
    let bounded = Status::new(status.code(), message).add_header(headers);
    if bounded.is_err() {
        headers.remove(Status::GRPC_MESSAGE);
    }
}

#[cfg(test)]
#[path = "checked_answers_tests.rs"]
mod tests;
