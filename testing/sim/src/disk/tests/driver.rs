//! One life of a store: random operations, and what came of them.

use super::history::{History, Kept};
use crate::disk::Disk;
use fastrand::Rng;
use futures::FutureExt;
use ipam::{
    Batch, ClusterCommand, ClusterTime, Command, ForwardPolicy, Operator, RequestId, Stamp,
};
use openraft::storage::{IOFlushed, RaftLogStorage, RaftStateMachine};
use openraft::type_config::TypeConfigExt;
use openraft::{EntryPayload, RaftLogReader, RaftSnapshotBuilder};
use raft_store::{
    CommittedLeaderId, Entry, Execution, LogId, OpenOptions, Proposal, Snapshot, Store, StoreError,
    TypeConfig, Vote, open_on,
};
use std::io;
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

const NODE: u64 = 3;

/// Whose acknowledgement is awaited.
enum Pending {
    Step(usize, oneshot::Receiver<io::Result<()>>),
    /// And whether it was begun before anything was refused.
    Snapshot(LogId, bool, JoinHandle<io::Result<()>>),
}

/// One life.
pub(super) struct Driver<'a> {
    store: Store,
    history: &'a mut History,
    rng: &'a mut Rng,
    pending: Vec<Pending>,
    applied: Option<LogId>,
    /// The first step that was refused: none from there on may be acknowledged.
    refused: Option<usize>,
    pub(super) acknowledged: u64,
}

/// Begins a life and opens the store in it; `begun` is called between the two.
pub(super) fn open(disk: &Disk, begun: impl FnOnce()) -> Result<Store, StoreError> {
    let mut options = OpenOptions::new("/var/lib/node", NODE);
    options.execution = Execution::Tasks;
    let env = disk.start();
    begun();
    open_on(env, &options)
}

/// What the store found, in the history's words.
pub(super) async fn found(store: &mut Store) -> Kept {
    let log = &mut store.log;
    let state = RaftLogStorage::<TypeConfig>::get_log_state(log)
        .await
        .unwrap();
    let committed = RaftLogStorage::<TypeConfig>::read_committed(log).await;
    let mut reader = RaftLogStorage::<TypeConfig>::get_log_reader(log).await;
    let vote = RaftLogReader::<TypeConfig>::read_vote(&mut reader).await;
    let entries = RaftLogReader::<TypeConfig>::try_get_log_entries(&mut reader, ..).await;
    Kept {
        vote: vote.unwrap(),
        committed: committed.unwrap(),
        purged: state.last_purged_log_id,
        log: entries.unwrap().iter().map(described).collect(),
    }
}

impl<'a> Driver<'a> {
    pub(super) fn new(store: Store, history: &'a mut History, rng: &'a mut Rng) -> Self {
        let applied = store.reader.with(|applied| applied.last_applied);
        Self {
            store,
            history,
            rng,
            pending: Vec::new(),
            applied,
            refused: None,
            acknowledged: 0,
        }
    }

    /// Where randomness comes from.
    pub(super) const fn random(&mut self) -> &mut Rng {
        self.rng
    }

    /// Does one random thing.
    pub(super) async fn step(&mut self) {
        match self.rng.u8(..16) {
            0..=6 => self.append().await,
            7 => self.vote().await,
            8 => self.truncate().await,
            9 => self.commit().await,
            10 => self.apply().await,
            11 => self.snapshot().await,
            12 => self.purge().await,
            13 => self.install().await,
            _ => tokio::time::sleep(Duration::from_millis(self.rng.u64(..15))).await,
        }
        tokio::task::yield_now().await;
        self.collect();
    }

    /// Whether the store has refused something.
    pub(super) const fn has_refused(&self) -> bool {
        self.refused.is_some()
    }

    /// Closes the store: all that was asked for is durable then, if the disk has never been broken
    /// (nobody is told when the last sync fails).
    pub(super) async fn close(self, disk: &Disk) {
        let Store {
            log,
            state_machine,
            reader,
            local,
            release,
            cluster: _,
            notes: _,
            poisoned: _,
        } = self.store;
        drop((log, state_machine, reader, local));
        release.released().await;
        let faults = disk.faults();
        let broken = faults.full || faults.failing_sync || self.refused.is_some();
        if disk.is_running() && !broken {
            self.history.acknowledge(self.history.newest_step());
        }
    }

    fn acknowledge(&mut self, step: usize) {
        assert!(self.refused.is_none_or(|refused| step < refused), "{step}");
        self.history.acknowledge(step);
        self.acknowledged += 1;
    }

    fn refuse(&mut self, step: usize) {
        let first = self.refused.map_or(step, |first| first.min(step));
        self.refused = Some(first);
    }

    /// For what is not acknowledged by itself.
    fn expect<T, E>(&mut self, done: Result<T, E>) {
        if done.is_err() {
            self.refuse(self.history.newest_step());
        }
    }

    /// Collects what was acknowledged so far: none of it after a refusal.
    pub(super) fn collect(&mut self) {
        for pending in std::mem::take(&mut self.pending) {
            match pending {
                Pending::Step(step, mut answer) => match answer.try_recv() {
                    Ok(Ok(())) => self.acknowledge(step),
                    Ok(Err(_)) => self.refuse(step),
                    Err(_) => self.pending.push(Pending::Step(step, answer)),
                },
                Pending::Snapshot(last, in_time, mut built) => match (&mut built).now_or_never() {
                    Some(Ok(Ok(()))) => {
                        assert!(in_time, "{last}");
                        self.history.acknowledge_snapshot(last);
                        self.acknowledged += 1;
                    }
                    Some(_) => self.refuse(self.history.newest_step() + 1),
                    None => self.pending.push(Pending::Snapshot(last, in_time, built)),
                },
            }
        }
    }

    async fn append(&mut self) {
        let kept = self.history.newest();
        let next = kept.end();
        let Some(term) = kept.vote.map(|vote| vote.leader_id.term) else {
            return;
        };
        let mut entries = Vec::new();
        for index in next..next + self.rng.u64(1..5) {
            // A few are longer than a part of a record.
            let commands = match self.rng.u8(..16) {
                0 => 1200,
                few => usize::from(few % 3),
            };
            entries.push(entry(term, index, commands));
        }
        let described: Vec<_> = entries.iter().map(described).collect();
        let step = self.history.step(|kept| kept.log.extend(described));
        let (sender, answer) = TypeConfig::oneshot();
        let flushed = IOFlushed::<TypeConfig>::signal(sender);
        match self.store.log.append(entries, flushed).await {
            Ok(()) => self.pending.push(Pending::Step(step, answer)),
            Err(_) => self.refuse(step),
        }
    }

    async fn vote(&mut self) {
        let term = self
            .history
            .newest()
            .vote
            .map_or(0, |vote| vote.leader_id.term);
        let vote = Vote::new(term + 1, self.rng.u64(..3));
        let step = self.history.step(|kept| kept.vote = Some(vote));
        match RaftLogStorage::<TypeConfig>::save_vote(&mut self.store.log, &vote).await {
            Ok(()) => self.acknowledge(step),
            Err(_) => self.refuse(step),
        }
    }

    /// Never what is committed or applied.
    async fn truncate(&mut self) {
        let kept = self.history.newest();
        let fixed = kept.committed.max(self.applied);
        let first = kept.log.iter().position(|(id, _)| Some(*id) > fixed);
        let Some(first) = first else { return };
        let keep = self.rng.usize(first..kept.log.len());
        let after = match keep.checked_sub(1) {
            Some(last) => Some(kept.log[last].0),
            None => kept.purged,
        };
        self.history.truncate(keep);
        let log = &mut self.store.log;
        match RaftLogStorage::<TypeConfig>::truncate_after(log, after).await {
            Ok(()) if self.refused.is_none() => self.acknowledge(self.history.newest_step()),
            // What was refused before is not in its log: there may be nothing to cut.
            Ok(()) => {}
            Err(_) => self.refuse(self.history.newest_step()),
        }
    }

    /// Only what is acknowledged: a quorum has it, this node may be in it.
    async fn commit(&mut self) {
        self.collect();
        let durable = self.history.durable_log();
        let Some(committed) = self.pick_after(&durable, self.history.newest().committed) else {
            return;
        };
        self.history.step(|kept| kept.committed = Some(committed));
        let log = &mut self.store.log;
        let saved = RaftLogStorage::<TypeConfig>::save_committed(log, Some(committed)).await;
        self.expect(saved);
    }

    async fn apply(&mut self) {
        let kept = self.history.newest();
        let (applied, committed) = (self.applied, kept.committed);
        let due = |id: &LogId| Some(*id) > applied && Some(*id) <= committed;
        let entries: Vec<_> = kept.log.iter().filter(|(id, _)| due(id)).cloned().collect();
        let Some((last, _)) = entries.last() else {
            return;
        };
        self.applied = Some(*last);
        let entries = entries
            .into_iter()
            .map(|(id, commands)| Ok((entry(id.leader_id.term, id.index, commands), None)));
        let machine = &mut self.store.state_machine;
        let entries = futures::stream::iter(entries.collect::<Vec<_>>());
        RaftStateMachine::<TypeConfig>::apply(machine, entries)
            .await
            .unwrap();
    }

    async fn snapshot(&mut self) {
        let (Some(last), Some(digest)) = (self.applied, self.store.reader.digest()) else {
            return;
        };
        if self.history.snapshot() >= Some(last) {
            return;
        }
        self.history.begin_snapshot(last, digest.sha256);
        let machine = &mut self.store.state_machine;
        let mut builder = RaftStateMachine::<TypeConfig>::get_snapshot_builder(machine).await;
        let built = tokio::spawn(async move {
            let built = RaftSnapshotBuilder::<TypeConfig>::build_snapshot(&mut builder);
            built.await.map(|_| ())
        });
        let in_time = self.refused.is_none();
        self.pending.push(Pending::Snapshot(last, in_time, built));
    }

    /// Only what an acknowledged snapshot covers.
    async fn purge(&mut self) {
        self.collect();
        let snapshot = self.history.snapshot();
        let kept = self.history.newest();
        let covered = kept.log.iter().map(|(id, _)| *id);
        let covered: Vec<_> = covered.filter(|id| Some(*id) <= snapshot).collect();
        let Some(upto) = self.pick_after(&covered, None) else {
            return;
        };
        self.purge_upto(upto).await;
    }

    async fn purge_upto(&mut self, upto: LogId) {
        self.history.step(|kept| {
            kept.purged = Some(upto);
            kept.log.retain(|(id, _)| id.index > upto.index);
        });
        let log = &mut self.store.log;
        let purged = RaftLogStorage::<TypeConfig>::purge(log, upto).await;
        self.expect(purged);
    }

    /// Receives the snapshot of a leader that is ahead; then the whole log is in it.
    async fn install(&mut self) {
        let kept = self.history.newest();
        let Some(term) = kept.vote.map(|vote| vote.leader_id.term) else {
            return;
        };
        let end = kept
            .end()
            .max(self.applied.map_or(0, |last| last.index + 1));
        let index = end + self.rng.u64(..3);
        let (snapshot, digest) = snapshot_of_another(entry(term, index, 1)).await;
        let in_time = self.refused.is_none();
        let last = LogId::new(CommittedLeaderId::new(term), index);
        self.history.begin_snapshot(last, digest);
        let machine = &mut self.store.state_machine;
        let Snapshot { meta, snapshot } = snapshot;
        let installed =
            RaftStateMachine::<TypeConfig>::install_snapshot(machine, &meta, snapshot).await;
        if installed.is_err() {
            self.refuse(self.history.newest_step() + 1);
            return;
        }
        assert!(in_time, "{last}");
        self.history.acknowledge_snapshot(last);
        self.acknowledged += 1;
        self.applied = Some(last);
        self.purge_upto(last).await;
    }

    /// As openraft does when it starts: a crash may have come between a received snapshot and the
    /// purge that follows it.
    pub(super) async fn start(&mut self) {
        if let Some(last) = self.applied
            && last.index >= self.history.newest().end()
        {
            self.purge_upto(last).await;
        }
    }

    fn pick_after(&mut self, ids: &[LogId], after: Option<LogId>) -> Option<LogId> {
        let later: Vec<_> = ids.iter().filter(|id| Some(**id) > after).collect();
        self.rng.choice(later).copied()
    }
}

fn entry(term: u64, index: u64, commands: usize) -> Entry {
    let time = ClusterTime(index);
    let policy = match commands % 2 {
        0 => ForwardPolicy::Accept,
        _ => ForwardPolicy::Drop,
    };
    let operator = Operator::default();
    let command = ClusterCommand::SetForwardPolicy { operator, policy };
    let batch = Batch {
        stamp: Some(Stamp { term, time }),
        commands: vec![Command::from(command).of(RequestId(index)); commands],
    };
    Entry {
        log_id: LogId::new(CommittedLeaderId::new(term), index),
        payload: EntryPayload::Normal(Proposal::new(batch)),
    }
}

/// The snapshot of a node that has applied `entry` alone, and the digest of its state.
async fn snapshot_of_another(entry: Entry) -> (Snapshot, [u8; 32]) {
    let mut store = open(&Disk::new(0), || ()).unwrap();
    let machine = &mut store.state_machine;
    let entries = futures::stream::iter([Ok((entry, None))]);
    RaftStateMachine::<TypeConfig>::apply(machine, entries)
        .await
        .unwrap();
    let mut builder = RaftStateMachine::<TypeConfig>::get_snapshot_builder(machine).await;
    let built = RaftSnapshotBuilder::<TypeConfig>::build_snapshot(&mut builder).await;
    (built.unwrap(), store.reader.digest().unwrap().sha256)
}

fn described(entry: &Entry) -> (LogId, usize) {
    match &entry.payload {
        EntryPayload::Normal(proposal) => (entry.log_id, proposal.commands.len()),
        EntryPayload::Blank | EntryPayload::Membership(_) => (entry.log_id, 0),
    }
}
