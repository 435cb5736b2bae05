//! What is on disk, read and checked when the store is opened.
//!
//! sled recovers a prefix of what was written. All that was acknowledged is in it, unless the disk
//! itself lost something; these checks find what can be found of that, because a node that has
//! lost a vote or an entry must not go on.

use super::database::{Database, RawRecord};
use super::operation::MetaKey;
use super::view::View;
use super::{key, record};
use crate::codec::{CodecError, decode_entry, decode_log_id, decode_vote, encode_entry};
use crate::{Entry, LogId, StoreError};
use api::proto::raft as wire;
use prost::Message;

/// The log on disk, and how far purged entries may still be there.
pub(super) struct Restored {
    pub(super) view: View,
    pub(super) purging: Option<u64>,
}

/// Reads and checks everything.
pub(super) fn restore(database: &Database) -> Result<Restored, StoreError> {
    let vote = meta(database, MetaKey::Vote)?.map(decode_vote);
    let committed: Option<LogId> = meta(database, MetaKey::Committed)?.map(decode_log_id);
    let purged: Option<LogId> = meta(database, MetaKey::Purged)?.map(decode_log_id);
    let entries = check_entries(database, purged)?;
    let last = entries.map(|(_, last)| last).or(purged);

    if let Some(committed) = committed
        && last.is_none_or(|last| last.index < committed.index)
    {
        return Err(StoreError::LostTail {
            last: last.map(|last| last.index),
            committed: committed.index,
        });
    }
    if let Some((_, last)) = entries {
        let term = last.leader_id.term;
        let voted = vote.map(|vote| vote.leader_id.term);
        // The first entry of a cluster is made before any vote, in term 0.
        if voted.unwrap_or(0) < term {
            return Err(StoreError::LostVote {
                log: term,
                vote: voted,
            });
        }
    }
    Ok(Restored {
        view: View::restored(vote, committed, purged, entries),
        purging: purged.map(|purged| purged.index),
    })
}

/// Checks that entries follow one another with good checksums; the first index and the last id.
fn check_entries(
    database: &Database,
    purged: Option<LogId>,
) -> Result<Option<(u64, LogId)>, StoreError> {
    let start = purged.map_or(0, |purged| purged.index + 1);
    let mut first = None;
    let mut last: Option<RawRecord> = None;
    for found in database.records(start..u64::MAX) {
        let found = found?;
        open_record(&found)?;
        let expected = last.as_ref().map_or(purged.map(|_| start), |r| Some(r.index + 1));
        if expected.is_some_and(|expected| expected != found.index) {
            return Err(StoreError::Hole(expected.unwrap_or(start)));
        }
        first = first.or(Some(found.index));
        last = Some(found);
    }
    match (first, last) {
        (Some(first), Some(last)) => Ok(Some((first, open_entry(&last)?.log_id))),
        _ => Ok(None),
    }
}

/// The record of an entry.
pub(super) fn seal_entry(entry: &Entry) -> Result<Vec<u8>, StoreError> {
    let index = entry.log_id.index;
    let content = encode_entry(entry).encode_to_vec();
    let record = record::seal(&index.to_be_bytes(), &content);
    if record.len() > key::RECORD_BYTES {
        return Err(StoreError::TooLarge {
            index,
            bytes: record.len(),
            limit: key::RECORD_BYTES,
        });
    }
    Ok(record)
}

/// The entry of a record.
pub(super) fn open_entry(found: &RawRecord) -> Result<Entry, StoreError> {
    let content = open_record(found)?;
    let what = || format!("log entry {}", found.index);
    let message: wire::Entry = decode(content, what)?;
    let entry = decode_entry(message);
    let entry = entry.map_err(|source| StoreError::Undecodable {
        what: what(),
        source,
    })?;
    if entry.log_id.index != found.index {
        return Err(StoreError::DamagedRecord {
            what: what(),
            reason: "it says that it has another index",
        });
    }
    Ok(entry)
}

fn open_record(found: &RawRecord) -> Result<&[u8], StoreError> {
    let content = record::open(&found.index.to_be_bytes(), &found.bytes);
    content.map_err(|reason| StoreError::DamagedRecord {
        what: format!("log entry {}", found.index),
        reason,
    })
}

fn meta<M: Message + Default>(
    database: &Database,
    key: MetaKey,
) -> Result<Option<M>, StoreError> {
    let content = database.meta(key)?;
    let message = content.map(|bytes| decode(&bytes, || format!("the log's {}", key.name())));
    message.transpose()
}

fn decode<M: Message + Default>(
    bytes: &[u8],
    what: impl FnOnce() -> String,
) -> Result<M, StoreError> {
    M::decode(bytes).map_err(|source| StoreError::Undecodable {
        what: what(),
        source: CodecError::Malformed {
            what: "a record of the log",
            source,
        },
    })
}
