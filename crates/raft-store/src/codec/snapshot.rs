//! What a snapshot covers, and the answer to one.

use super::error::required;
use super::{
    CodecError, decode_log_id, decode_stored_membership, decode_vote, encode_log_id,
    encode_stored_membership, encode_vote,
};
use crate::{RaftTypes, SnapshotMeta};
use api::proto::{peer, storage};
use openraft::AsyncRuntime;
use openraft::raft::SnapshotResponse;

/// What a snapshot covers.
#[must_use]
pub fn encode_snapshot_meta(meta: &SnapshotMeta) -> storage::SnapshotMeta {
    storage::SnapshotMeta {
        last_log_id: meta.last_log_id.as_ref().map(encode_log_id),
        last_membership: Some(encode_stored_membership(&meta.last_membership)),
    }
}

/// What a snapshot covers.
pub fn decode_snapshot_meta(message: storage::SnapshotMeta) -> Result<SnapshotMeta, CodecError> {
    let membership = required("SnapshotMeta.last_membership", message.last_membership)?;
    Ok(SnapshotMeta {
        last_log_id: message.last_log_id.map(decode_log_id),
        last_membership: decode_stored_membership(membership)?,
    })
}

/// The answer to a snapshot.
#[must_use]
pub fn encode_snapshot_response<RT: AsyncRuntime>(
    response: &SnapshotResponse<RaftTypes<RT>>,
) -> peer::SnapshotResponse {
    peer::SnapshotResponse {
        vote: Some(encode_vote(&response.vote)),
    }
}

/// The answer to a snapshot.
pub fn decode_snapshot_response<RT: AsyncRuntime>(
    message: peer::SnapshotResponse,
) -> Result<SnapshotResponse<RaftTypes<RT>>, CodecError> {
    let vote = required("SnapshotResponse.vote", message.vote)?;
    Ok(SnapshotResponse::new(decode_vote(vote)))
}
