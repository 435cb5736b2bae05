//! Group commit: many operations, one sync.
//!
//! In: operations in order. Out: their completions, in order, each after its operation is durable.
//! The first error fails the operations of its group and every later one: after a failed fsync
//! nobody knows what the disk holds, so nothing more is written. How long it waits for the disk can be
//! seen from outside ([`UnfinishedWrites`]): a disk that hangs reports nothing.

use super::disk::Disk;
use super::operation::{Completion, Operation, Queued};
use super::view::SharedView;
use crate::failure::Failure;
use crate::unfinished::Underway;
use crate::{StoreError, UnfinishedWrites, WriteKind};
use std::sync::Arc;

/// Applies operations to a disk.
pub(super) struct Engine {
    disk: Box<dyn Disk>,
    view: SharedView,
    failure: Arc<Failure>,
    unfinished: UnfinishedWrites,
    /// Entries up to here are purged, and perhaps still on disk.
    purging: Option<u64>,
}

/// Operations that are written and not yet durable: who waits for them.
pub(super) struct Written {
    completions: Vec<Completion>,
    underway: Underway,
}

impl Written {
    /// Whether somebody waits for the sync.
    pub(super) const fn is_awaited(&self) -> bool {
        !self.completions.is_empty()
    }
}

impl Engine {
    pub(super) fn new(
        disk: Box<dyn Disk>,
        view: SharedView,
        failure: Arc<Failure>,
        unfinished: UnfinishedWrites,
        purging: Option<u64>,
    ) -> Self {
        Self {
            disk,
            view,
            failure,
            unfinished,
            purging,
        }
    }

    /// Whether there are purged entries to remove.
    pub(super) const fn is_purging(&self) -> bool {
        self.purging.is_some()
    }

    /// Does a group of operations with one sync, and completes them.
    pub(super) fn commit(&mut self, group: Vec<Queued>) {
        let written = self.write(group);
        self.complete(written);
    }

    /// The first half of [`Engine::commit`]: after it the operations are readable.
    pub(super) fn write(&mut self, group: Vec<Queued>) -> Written {
        let underway = self.unfinished.begin(WriteKind::Log);
        if let Err(error) = self.try_write(&group) {
            self.failure.record(error);
        }
        let completions = group.into_iter().filter_map(|queued| queued.completion);
        Written {
            completions: completions.collect(),
            underway,
        }
    }

    /// The second half: one sync, if somebody waits for it, then the completions.
    pub(super) fn complete(&mut self, written: Written) {
        let Written {
            completions,
            underway,
        } = written;
        if !completions.is_empty() && self.failure.check().is_ok() {
            self.sync();
        }
        drop(underway);
        for completion in completions {
            completion(self.failure.check().map_err(Into::into));
        }
    }

    /// Removes some purged entries.
    pub(super) fn purge_step(&mut self) {
        let Some(upto) = self.purging else { return };
        let _underway = self.unfinished.begin(WriteKind::Log);
        let step = self.failure.check();
        match step.and_then(|()| self.disk.purge_step(upto)) {
            Ok(true) => {}
            Ok(false) => self.purging = None,
            Err(error) => {
                self.failure.record(error);
                self.purging = None;
            }
        }
    }

    /// Makes what is left durable: the store is being closed.
    pub(super) fn finish(&mut self) {
        if self.failure.check().is_ok()
            && let Err(error) = self.disk.close()
        {
            self.failure.record(error);
        }
    }

    fn sync(&mut self) {
        // S2: what is acknowledged is durable.
        //~ mutant s2_append_not_synced: return;
        let synced = self.disk.sync();
        // S2: after a failed sync nothing is acknowledged.
        //~ mutant s2_ack_after_failed_sync: let synced = Ok(());
        if let Err(error) = synced {
            self.failure.record(error);
        }
        if self.failure.check().is_ok() {
            self.view.lock().durable = self.disk.durable();
        }
    }

    fn try_write(&mut self, group: &[Queued]) -> Result<(), StoreError> {
        self.failure.check()?;
        for queued in group {
            self.disk.write(&queued.operation)?;
            self.note(&queued.operation);
        }
        Ok(())
    }

    fn note(&mut self, operation: &Operation) {
        match operation {
            Operation::Append { sequence, .. } => self.view.lock().mark_written(*sequence),
            Operation::Purge { upto, .. } => self.purging = self.purging.max(Some(*upto)),
            Operation::Truncate { .. } | Operation::Vote { .. } | Operation::Committed { .. } => {}
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;
    use std::sync::Mutex;

    /// Writes down what happens, and fails when told to.
    #[derive(Clone, Default)]
    struct Journal(Arc<Mutex<Vec<String>>>);

    struct FakeDisk {
        journal: Journal,
        unfinished: UnfinishedWrites,
        fail_sync: bool,
    }

    impl Journal {
        fn add(&self, line: impl Into<String>) {
            self.0.lock().unwrap().push(line.into());
        }

        fn take(&self) -> Vec<String> {
            std::mem::take(&mut *self.0.lock().unwrap())
        }
    }

    impl Disk for FakeDisk {
        fn write(&mut self, operation: &Operation) -> Result<(), StoreError> {
            self.journal.add(match operation {
                Operation::Append { records, .. } => format!("append {}", records[0].0),
                Operation::Truncate { from } => format!("truncate {from}"),
                Operation::Vote { .. } => "vote".into(),
                Operation::Committed { .. } => "committed".into(),
                Operation::Purge { upto, .. } => format!("purge {upto}"),
            });
            Ok(())
        }

        fn sync(&mut self) -> Result<(), StoreError> {
            self.journal.add("sync");
            let is_seen = self.unfinished.oldest(WriteKind::Log).is_some();
            assert!(is_seen, "a sync that hangs must be seen from outside");
            if self.fail_sync {
                return Err(StoreError::CutShort("syncing"));
            }
            Ok(())
        }

        fn close(&mut self) -> Result<(), StoreError> {
            self.journal.add("close");
            Ok(())
        }

        fn purge_step(&mut self, upto: u64) -> Result<bool, StoreError> {
            self.journal.add(format!("purge step {upto}"));
            Ok(false)
        }
    }

    fn engine(journal: &Journal, fail_sync: bool) -> Engine {
        let unfinished = UnfinishedWrites::default();
        let disk = FakeDisk {
            journal: journal.clone(),
            unfinished: unfinished.clone(),
            fail_sync,
        };
        let view = SharedView::default();
        Engine::new(Box::new(disk), view, Arc::default(), unfinished, None)
    }

    fn append(journal: &Journal, index: u64) -> Queued {
        let journal = journal.clone();
        Queued {
            operation: Operation::Append {
                records: vec![(index, Vec::new())],
                sequence: index,
            },
            completion: Some(Box::new(move |result| {
                let word = if result.is_ok() { "done" } else { "failed" };
                journal.add(format!("{word} {index}"));
            })),
        }
    }

    fn committed() -> Queued {
        Queued {
            operation: Operation::Committed { record: Vec::new() },
            completion: None,
        }
    }

    #[test]
    fn nothing_is_completed_before_the_one_sync_of_its_group() {
        let journal = Journal::default();
        let mut engine = engine(&journal, false);
        engine.commit(vec![append(&journal, 1), committed(), append(&journal, 2)]);
        assert_eq!(
            journal.take(),
            [
                "append 1",
                "committed",
                "append 2",
                "sync",
                "done 1",
                "done 2"
            ]
        );
    }

    #[test]
    fn a_write_is_unfinished_until_it_is_durable() {
        let journal = Journal::default();
        let mut engine = engine(&journal, false);
        let unfinished = engine.unfinished.clone();
        let written = engine.write(vec![append(&journal, 1)]);
        assert!(unfinished.oldest(WriteKind::Log).is_some());
        engine.complete(written);
        assert_eq!(unfinished.oldest(WriteKind::Log), None);
    }

    #[test]
    fn what_nobody_waits_for_is_synced_with_the_next_group_or_at_the_end() {
        let journal = Journal::default();
        let mut engine = engine(&journal, false);
        engine.commit(vec![committed()]);
        assert_eq!(journal.take(), ["committed"]);
        engine.finish();
        assert_eq!(journal.take(), ["close"]);
    }

    #[test]
    fn after_a_failed_sync_nothing_more_is_written() {
        let journal = Journal::default();
        let mut engine = engine(&journal, true);
        engine.commit(vec![append(&journal, 1), append(&journal, 2)]);
        assert_eq!(
            journal.take(),
            ["append 1", "append 2", "sync", "failed 1", "failed 2"]
        );
        engine.commit(vec![append(&journal, 3)]);
        engine.finish();
        assert_eq!(journal.take(), ["failed 3"]);
    }

    #[test]
    fn purged_entries_are_removed_after_the_mark() {
        let journal = Journal::default();
        let mut engine = engine(&journal, false);
        let record = Vec::new();
        engine.commit(vec![Queued {
            operation: Operation::Purge { upto: 7, record },
            completion: None,
        }]);
        assert!(engine.is_purging());
        engine.purge_step();
        assert!(!engine.is_purging());
        assert_eq!(journal.take(), ["purge 7", "purge step 7"]);
    }
}
