//! Log entries.

use super::error::required;
use super::{CodecError, decode_log_id, decode_membership, encode_log_id, encode_membership};
use crate::{Entry, Proposal};
use api::proto::raft as wire;
use ipam::Batch;
use openraft::EntryPayload;
use wire::entry::Payload;

/// An entry.
#[must_use]
pub fn encode_entry(entry: &Entry) -> wire::Entry {
    let payload = match &entry.payload {
        EntryPayload::Blank => Payload::Blank(wire::Blank {}),
        EntryPayload::Normal(proposal) => {
            let batch: &Batch = proposal;
            Payload::Batch(batch.into())
        }
        EntryPayload::Membership(membership) => Payload::Membership(encode_membership(membership)),
    };
    wire::Entry {
        log_id: Some(encode_log_id(&entry.log_id)),
        payload: Some(payload),
    }
}

/// An entry.
pub fn decode_entry(message: wire::Entry) -> Result<Entry, CodecError> {
    let log_id = decode_log_id(required("Entry.log_id", message.log_id)?);
    let payload = match required("Entry.payload", message.payload)? {
        Payload::Blank(wire::Blank {}) => EntryPayload::Blank,
        Payload::Batch(batch) => EntryPayload::Normal(Proposal::new(batch.try_into()?)),
        Payload::Membership(membership) => EntryPayload::Membership(decode_membership(membership)?),
    };
    Ok(Entry { log_id, payload })
}
