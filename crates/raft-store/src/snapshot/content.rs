//! What is in a snapshot: what it covers, and the state.

use super::file;
use crate::codec::{CodecError, decode_snapshot_meta, encode_snapshot_meta};
use crate::{SnapshotData, SnapshotMeta};
use api::proto::raft as wire;
use ipam::State;
use prost::Message;

/// Why bytes are not a snapshot.
#[derive(Debug)]
pub(crate) enum Damage {
    /// The file is not whole.
    File(&'static str),
    /// The file is whole, and does not decode.
    Content(CodecError),
}

/// A snapshot as it is on disk and on the wire.
pub(crate) fn encode(meta: &SnapshotMeta, state: &State) -> SnapshotData {
    let message = wire::Snapshot {
        meta: Some(encode_snapshot_meta(meta)),
        state: Some(state.into()),
    };
    file::seal(&message.encode_to_vec()).into()
}

/// A snapshot from bytes that anybody may have written.
pub(crate) fn decode(bytes: &[u8]) -> Result<(SnapshotMeta, State), Damage> {
    let content = file::open(bytes).map_err(Damage::File)?;
    decode_content(content).map_err(Damage::Content)
}

fn decode_content(content: &[u8]) -> Result<(SnapshotMeta, State), CodecError> {
    let what = "a snapshot";
    let message = wire::Snapshot::decode(content);
    let message = message.map_err(|source| CodecError::Malformed { what, source })?;
    let meta = message.meta.ok_or(CodecError::Missing("Snapshot.meta"))?;
    let state = message.state.ok_or(CodecError::Missing("Snapshot.state"))?;
    Ok((decode_snapshot_meta(meta)?, state.try_into()?))
}
