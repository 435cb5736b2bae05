//! For fuzzing: a snapshot file, as it is on disk and on the wire.

use super::{Damage, content, file};
use crate::SnapshotMeta;
use ipam::State;

/// What a snapshot covers, and the state: any bytes, or what is wrong with them.
pub fn open_snapshot(bytes: &[u8]) -> Result<(SnapshotMeta, State), String> {
    content::decode(bytes).map_err(told)
}

/// The same of one that a peer sent.
pub fn open_received(bytes: &[u8]) -> Result<(SnapshotMeta, State), String> {
    content::decode_received(bytes).map_err(told)
}

fn told(damage: Damage) -> String {
    match damage {
        Damage::File(reason) => reason.to_owned(),
        Damage::Content(error) => error.to_string(),
        Damage::State(broken) => broken,
    }
}

/// The file of a snapshot.
#[must_use]
pub fn seal_snapshot(meta: &SnapshotMeta, state: &State) -> Vec<u8> {
    content::encode(meta, state).to_vec()
}

/// A file with a right checksum around any content, so that a fuzzer gets past it.
#[must_use]
pub fn wrap_snapshot(content: &[u8]) -> Vec<u8> {
    file::seal(content)
}
