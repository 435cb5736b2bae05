//! What a store holds, as openraft would read it.

use anyhow::{Context, Result};
use openraft::RaftLogReader;
use openraft::storage::RaftLogStorage;
use raft_store::{Entry, LogId, StateDigest, Store, TypeConfig, Vote};

/// The log and the vote.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Known {
    /// The vote.
    pub vote: Option<Vote>,
    /// The last entry that is known to be committed.
    pub committed: Option<LogId>,
    /// The last purged entry.
    pub purged: Option<LogId>,
    /// The entries after it.
    pub entries: Vec<Entry>,
}

/// A snapshot: what it covers, and the state in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownSnapshot {
    /// The last entry in it.
    pub last: LogId,
    /// The state's digest.
    pub digest: Option<StateDigest>,
}

/// All of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Recovered {
    /// The log and the vote.
    pub known: Known,
    /// The newest snapshot.
    pub snapshot: Option<KnownSnapshot>,
}

impl Known {
    /// The last entry, or the last purged one.
    #[must_use]
    pub fn last(&self) -> Option<LogId> {
        let last = self.entries.last().map(|entry| entry.log_id);
        last.or(self.purged)
    }

    /// The index that the next entry has.
    #[must_use]
    pub fn next_index(&self) -> u64 {
        self.last().map_or(0, |last| last.index + 1)
    }

    /// In a line, for a report.
    #[must_use]
    pub fn describe(&self) -> String {
        let show = |id: Option<LogId>| id.map_or("-".to_owned(), |id| id.to_string());
        let first = self.entries.first().map(|entry| entry.log_id);
        format!(
            "vote {}, committed {}, purged {}, {} entries {} to {}",
            self.vote.map_or("-".to_owned(), |vote| vote.to_string()),
            show(self.committed),
            show(self.purged),
            self.entries.len(),
            show(first),
            show(self.entries.last().map(|entry| entry.log_id)),
        )
    }
}

impl Recovered {
    /// Reads it all from a store that was just opened.
    pub async fn read(store: &mut Store) -> Result<Self> {
        let log = &mut store.log;
        let state = RaftLogStorage::<TypeConfig>::get_log_state(log).await;
        let state = state.context("reading the log's state")?;
        let committed = RaftLogStorage::<TypeConfig>::read_committed(log).await;
        let committed = committed.context("reading the committed entry")?;
        let mut reader = RaftLogStorage::<TypeConfig>::get_log_reader(log).await;
        let vote = RaftLogReader::<TypeConfig>::read_vote(&mut reader).await;
        let vote = vote.context("reading the vote")?;
        let entries = RaftLogReader::<TypeConfig>::try_get_log_entries(&mut reader, 0..u64::MAX);
        let entries = entries.await.context("reading the log")?;
        let last = store.reader.with(|applied| applied.last_applied);
        let snapshot = last.map(|last| KnownSnapshot {
            last,
            digest: store.reader.digest(),
        });
        Ok(Self {
            known: Known {
                vote,
                committed,
                purged: state.last_purged_log_id,
                entries,
            },
            snapshot,
        })
    }
}
