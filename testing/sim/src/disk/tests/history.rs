//! What a store was asked to do, and what may be left of it after a crash.

use raft_store::{LogId, Vote};
use std::collections::BTreeMap;

/// What is to be found on disk: the vote, the log, and how far it is purged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Kept {
    pub(super) vote: Option<Vote>,
    pub(super) committed: Option<LogId>,
    pub(super) purged: Option<LogId>,
    /// Each entry, and how many commands are in it.
    pub(super) log: Vec<(LogId, usize)>,
}

impl Kept {
    /// The index after the last entry.
    pub(super) fn end(&self) -> u64 {
        let last = self.log.last().map(|(last, _)| *last).or(self.purged);
        last.map_or(0, |last| last.index + 1)
    }
}

/// Everything that was asked, in order, as the states after each step; a crash leaves one of them,
/// and none that is older than the last acknowledged.
#[derive(Debug)]
pub(super) struct History {
    states: Vec<Kept>,
    /// Index of the newest acknowledged state.
    acknowledged: usize,
    /// The snapshots that were begun since the last acknowledged one, which is the first.
    snapshots: Vec<Option<LogId>>,
    /// The digest of the state in each snapshot that was ever begun.
    digests: BTreeMap<LogId, [u8; 32]>,
}

impl History {
    pub(super) fn new() -> Self {
        Self {
            states: vec![Kept::default()],
            acknowledged: 0,
            snapshots: vec![None],
            digests: BTreeMap::new(),
        }
    }

    /// As the store sees it.
    pub(super) fn newest(&self) -> &Kept {
        self.states.last().unwrap()
    }

    /// The newest acknowledged snapshot.
    pub(super) fn snapshot(&self) -> Option<LogId> {
        self.snapshots[0]
    }

    /// One step was asked for; its number.
    pub(super) fn step(&mut self, change: impl FnOnce(&mut Kept)) -> usize {
        let mut next = self.newest().clone();
        change(&mut next);
        self.states.push(next);
        self.states.len() - 1
    }

    /// The log was cut, which may be found half done: from the end on.
    pub(super) fn truncate(&mut self, keep: usize) {
        while self.newest().log.len() > keep {
            self.step(|kept| {
                kept.log.pop();
            });
        }
    }

    pub(super) fn acknowledge(&mut self, step: usize) {
        self.acknowledged = self.acknowledged.max(step);
    }

    pub(super) fn begin_snapshot(&mut self, last: LogId, digest: [u8; 32]) {
        self.snapshots.push(Some(last));
        self.digests.insert(last, digest);
    }

    /// Only the newest counts.
    pub(super) fn acknowledge_snapshot(&mut self, last: LogId) {
        self.snapshots.retain(|begun| *begun >= Some(last));
        self.snapshots.sort();
    }

    /// The number of the newest step.
    pub(super) fn newest_step(&self) -> usize {
        self.states.len() - 1
    }

    /// The entries of the newest log that are acknowledged.
    pub(super) fn durable_log(&self) -> Vec<LogId> {
        let newest = &self.newest().log;
        let durable = &self.states[self.acknowledged].log;
        let both = newest.iter().filter(|entry| durable.contains(entry));
        both.map(|(id, _)| *id).collect()
    }

    /// What was found after a crash must be one of the states; from here on it is the only one.
    pub(super) fn recover(
        &mut self,
        found: Kept,
        snapshot: Option<LogId>,
        digest: Option<[u8; 32]>,
    ) {
        let allowed = &self.states[self.acknowledged..];
        assert!(
            allowed.contains(&found),
            "found {found:?}\nacknowledged {:?}\nnewest {:?}",
            allowed[0],
            self.newest()
        );
        assert!(
            self.snapshots.contains(&snapshot),
            "found snapshot {snapshot:?} of {:?}",
            self.snapshots
        );
        let expected = snapshot.map(|last| self.digests[&last]);
        assert_eq!(digest, expected, "the state of snapshot {snapshot:?}");
        self.states = vec![found];
        self.acknowledged = 0;
        self.snapshots = vec![snapshot];
    }
}
