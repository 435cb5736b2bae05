//! Any bytes as a message of a peer, decoded as the peer server does it.
//!
//! The first byte picks the message. A request or an answer that decodes is one that comes back: sent
//! on, it means the same. A snapshot comes as its header and then its data; the data is opened as the
//! state machine opens it, and is refused unless it covers what the header says.
#![no_main]

use api::proto::peer as wire;
use ipam::{Outcome, RequestedCommand};
use libfuzzer_sys::fuzz_target;
use openraft_rt_tokio::TokioRuntime;
use prost::Message;
use raft_store::codec::{self, CodecError};
use raft_store::testing::open_snapshot;
use std::fmt::Debug;

fuzz_target!(|data: &[u8]| {
    let Some((kind, bytes)) = data.split_first() else {
        return;
    };
    match kind % 8 {
        0 => comes_back(
            bytes,
            codec::decode_append_request::<TokioRuntime>,
            codec::encode_append_request,
        ),
        1 => comes_back(
            bytes,
            codec::decode_append_response::<TokioRuntime>,
            codec::encode_append_response,
        ),
        2 => comes_back(
            bytes,
            codec::decode_vote_request::<TokioRuntime>,
            codec::encode_vote_request,
        ),
        3 => comes_back(
            bytes,
            codec::decode_vote_response::<TokioRuntime>,
            codec::encode_vote_response,
        ),
        4 => comes_back(
            bytes,
            codec::decode_transfer_request::<TokioRuntime>,
            codec::encode_transfer_request,
        ),
        5 => comes_back(
            bytes,
            codec::decode_transfer_response::<TokioRuntime>,
            codec::encode_transfer_response,
        ),
        6 => proposal(bytes),
        _ => snapshot(bytes),
    }
});

/// Decodes, and compares what comes of encoding it with what comes of that once more.
fn comes_back<M, V>(
    bytes: &[u8],
    decode: impl Fn(M) -> Result<V, CodecError>,
    encode: impl Fn(&V) -> M,
) where
    M: Message + Default + PartialEq + Debug,
{
    let Some(value) = M::decode(bytes).ok().and_then(|sent| decode(sent).ok()) else {
        return;
    };
    let message = encode(&value);
    let received = M::decode(&message.encode_to_vec()[..]).expect("what was sent can be read");
    assert_eq!(received, message);
    let again = decode(received).unwrap_or_else(|error| panic!("it was refused: {error}"));
    assert_eq!(encode(&again), message);
}

/// Commands that a node forwards, and the outcomes that it is told.
fn proposal(bytes: &[u8]) {
    if let Ok(request) = wire::ProposeRequest::decode(bytes) {
        for message in request.commands {
            if let Ok(command) = RequestedCommand::try_from(message) {
                let again = RequestedCommand::try_from(api::proto::log::Command::from(&command));
                assert_eq!(again.expect("what was sent can be read"), command);
            }
        }
    }
    let response = wire::ProposeResponse::decode(bytes);
    if let Ok(Some(wire::propose_response::Result::Outcomes(outcomes))) =
        response.map(|response| response.result)
    {
        for message in outcomes.outcomes {
            if let Ok(outcome) = Outcome::try_from(message) {
                let again = Outcome::try_from(api::proto::log::Outcome::from(&outcome));
                assert_eq!(again.expect("what was sent can be read"), outcome);
            }
        }
    }
}

/// A stream of chunks, each with its length before it.
fn snapshot(mut bytes: &[u8]) {
    let mut next = || {
        wire::SnapshotChunk::decode_length_delimited(&mut bytes)
            .ok()?
            .part
    };
    let Some(wire::snapshot_chunk::Part::Header(header)) = next() else {
        return;
    };
    let mut data = Vec::new();
    while let Some(wire::snapshot_chunk::Part::Data(part)) = next() {
        data.extend_from_slice(&part);
    }
    let Some(Ok(meta)) = header.meta.map(codec::decode_snapshot_meta) else {
        return;
    };
    if let Ok((found, state)) = open_snapshot(&data) {
        if found == meta {
            ipam::invariant::check(&state).expect("a snapshot that opens keeps the invariants");
        }
    }
}
