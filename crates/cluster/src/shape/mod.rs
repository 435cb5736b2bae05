//! How large each call and each answer may be, and how much may be in it, before it is decoded
//! ([`api::shape`]).
//!
//! Requests are looked at by the listener, answers by the transport, by one walker.

mod answer;
mod request;

use crate::limits::MAX_SMALL_MESSAGE_BYTES;
use api::shape::Shape;

pub(crate) use answer::of as of_answer;
pub(crate) use request::of as of_request;

/// What has no list in it.
const SMALL: Shape = Shape {
    bytes: MAX_SMALL_MESSAGE_BYTES,
    budgets: &[],
    fields: &[],
};

/// gRPC's own header: whether it is compressed, and four bytes of length.
pub(crate) const PREFIX: usize = 5;

/// How long the message is, by gRPC's header; 0 while that is not here.
pub(crate) fn announced(begun: &[u8]) -> usize {
    let header = begun.first_chunk::<PREFIX>();
    header.map_or(0, |[_, length @ ..]| {
        usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX)
    })
}

#[cfg(test)]
mod proto_tests;
