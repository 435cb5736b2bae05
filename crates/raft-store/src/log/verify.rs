//! What is on disk, read and checked when the store is opened.
//!
//! sled recovers a prefix of what was written. All that was acknowledged is in it, unless the disk
//! itself lost something; these checks find what can be found of that, because a node that has
//! lost a vote or an entry must not go on.

use super::database::{Database, RawRecord};
use super::operation::MetaKey;
use super::view::View;
use super::watermark::Mark;
use super::{key, record};
use crate::codec::{CodecError, decode_entry, decode_log_id, decode_vote, encode_entry};
use crate::{Entry, LogId, StoreError, Vote, poison};
use api::proto::storage as wire;
use ipam::{ClusterCommand, Command};
use openraft::EntryPayload;
use prost::Message;

/// A cluster is laid down by one of its first entries.
const FIRST_ENTRIES: u64 = 64;

/// The log on disk, and how far purged entries may still be there.
pub(super) struct Restored {
    pub(super) view: View,
    pub(super) purging: Option<u64>,
    /// What in it is too large to count on from; then the view is empty.
    pub(super) poison: Option<String>,
}

/// Reads and checks everything; at least what `mark` says must be there.
pub(super) fn restore(database: &Database, mark: Mark) -> Result<Restored, StoreError> {
    let vote = meta(database, MetaKey::Vote)?.map(decode_vote);
    let committed = meta(database, MetaKey::Committed)?.map(decode_log_id);
    let purged = meta(database, MetaKey::Purged)?.map(decode_log_id);
    let poisoned = poison::vote(vote)
        .or_else(|| poison::position("the log", committed.max(purged)))
        .or_else(|| poison::position("the log", purged));
    if poisoned.is_some() {
        return Ok(Restored::poisoned(poisoned));
    }
    let entries = check_entries(database, purged, mark)?;
    let last = entries.map(|(_, last)| last).or(purged);
    let poisoned = poison::position("the log", last);
    if poisoned.is_some() {
        return Ok(Restored::poisoned(poisoned));
    }
    check_tail(last, committed, mark)?;
    check_vote(vote, last, mark)?;
    Ok(Restored {
        view: View::restored(vote, committed, purged, entries),
        purging: purged.map(|purged| purged.index),
        poison: None,
    })
}

impl Restored {
    fn poisoned(poison: Option<String>) -> Self {
        Self {
            view: View::default(),
            purging: None,
            poison,
        }
    }
}

/// The cluster that the log lays down, if it does so once.
pub(super) fn cluster_laid_down(database: &Database) -> Result<Option<[u8; 16]>, StoreError> {
    let mut laid_down = None;
    for found in database.records(0..FIRST_ENTRIES) {
        let EntryPayload::Normal(batch) = open_entry(&found?)?.payload else {
            continue;
        };
        for command in &batch.commands {
            if let Command::Cluster(ClusterCommand::Bootstrap(bootstrap)) = &command.command {
                let id = bootstrap.cluster_id;
                if laid_down.is_some_and(|other| other != id) {
                    return Ok(None);
                }
                laid_down = Some(id);
            }
        }
    }
    Ok(laid_down)
}

fn check_tail(last: Option<LogId>, committed: Option<LogId>, mark: Mark) -> Result<(), StoreError> {
    let next = |log_id: LogId| log_id.index + 1;
    let needed = mark.next_index.max(committed.map_or(0, next));
    if last.map_or(0, next) < needed {
        return Err(StoreError::LostTail {
            last: last.map(|last| last.index),
            known: needed - 1,
        });
    }
    Ok(())
}

fn check_vote(vote: Option<Vote>, last: Option<LogId>, mark: Mark) -> Result<(), StoreError> {
    let term = |vote: Vote| vote.leader_id.term;
    // The first entry of a cluster is made before any vote, in term 0.
    let written = last.map_or(0, |last| last.leader_id.term);
    let known = mark.vote.map_or(0, term).max(written);
    let lost = vote.map_or(0, term) < known || mark.vote.is_some_and(|m| !is_no_older(vote, m));
    if lost {
        return Err(StoreError::LostVote {
            known,
            vote: vote.map(term),
        });
    }
    Ok(())
}

/// Whether `vote` is `known` or one that may have come after it.
fn is_no_older(vote: Option<Vote>, known: Vote) -> bool {
    vote.is_some_and(|vote| vote >= known)
}

/// Checks that entries follow one another with good checksums; the first index and the last id.
fn check_entries(
    database: &Database,
    purged: Option<LogId>,
    mark: Mark,
) -> Result<Option<(u64, LogId)>, StoreError> {
    let start = purged.map_or(0, |purged| purged.index + 1);
    let mut first = None;
    let mut last: Option<RawRecord> = None;
    for found in database.records(start..u64::MAX) {
        let found = found?;
        open_record(&found)?;
        check_marked(&found, mark)?;
        let expected = last
            .as_ref()
            .map_or(purged.map(|_| start), |r| Some(r.index + 1));
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

/// The entry that the watermark names must be the one that it means.
fn check_marked(found: &RawRecord, mark: Mark) -> Result<(), StoreError> {
    let checksum = record::checksum_of(&found.bytes);
    let marked = found.index + 1 == mark.next_index && mark.last_checksum.is_some();
    if marked && checksum != mark.last_checksum {
        return Err(StoreError::StaleEntry(found.index));
    }
    Ok(())
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

fn meta<M: Message + Default>(database: &Database, key: MetaKey) -> Result<Option<M>, StoreError> {
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
