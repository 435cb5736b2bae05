//! Uses a store as openraft would, at random under a seed, and keeps the ledger.

use crate::entries::{NODE, entry, log_id};
use crate::known::{KnownSnapshot, Recovered};
use crate::ledger::{Doing, Ledger};
use crate::scratch::scratch;
use anyhow::{Context, Result, ensure};
use fastrand::Rng;
use faultfs::Device;
use openraft::storage::{IOFlushed, RaftLogStorage, RaftStateMachine};
use openraft::type_config::TypeConfigExt;
use openraft::type_config::alias::OneshotReceiverOf;
use openraft::{RaftLogReader, RaftSnapshotBuilder};
use raft_store::{Entry, LogId, OpenOptions, Snapshot, Store, TypeConfig, Vote, open};
use std::io;
use std::path::{Path, PathBuf};

/// How many entries a log has before it is time for a snapshot.
const LONG_LOG: usize = 250;
/// How often the store is closed and opened again, in percent of the steps.
const REOPENED_PERCENT: u8 = 3;
/// How many entries one append has at most.
const APPEND_ENTRIES: u64 = 12;

/// A store in use.
pub struct Workload<'a> {
    device: &'a Device,
    directory: PathBuf,
    rng: Rng,
    store: Store,
    ledger: Ledger,
    term: u64,
}

/// Entries that were handed over, and not acknowledged yet.
struct Pending {
    number: usize,
    done: OneshotReceiverOf<TypeConfig, Result<(), io::Error>>,
}

impl<'a> Workload<'a> {
    /// Opens the store, which must hold what is in `found`.
    pub async fn open(
        device: &'a Device,
        directory: &Path,
        found: Recovered,
        rng: Rng,
    ) -> Result<Self> {
        let doing = if found == Recovered::default() {
            Doing::Creating
        } else {
            Doing::Recovering
        };
        let mut ledger = Ledger::new(found.clone());
        ledger.begin(0, doing);
        let mut store = open_store(directory)?;
        let again = Recovered::read(&mut store).await?;
        ensure!(again == found, "opening twice gave two results");
        let terms = [
            found.known.vote.map(|vote| vote.leader_id.term),
            found.known.last().map(|last| last.leader_id.term),
            found.snapshot.map(|snapshot| snapshot.last.leader_id.term),
        ];
        let mut workload = Self {
            device,
            directory: directory.to_owned(),
            rng,
            store,
            ledger,
            term: terms.into_iter().flatten().max().unwrap_or(0),
        };
        workload.level_with_snapshot().await?;
        workload.vote().await?;
        Ok(workload)
    }

    /// Does so many things; the ledger of all of them. The store is closed.
    pub async fn run(mut self, steps: usize) -> Result<Ledger> {
        for _ in 0..steps {
            if self.rng.u8(0..100) < REOPENED_PERCENT {
                self.ledger.begin(self.device.recorded(), Doing::Closing);
                drop(self.store);
                self.ledger.begin(self.device.recorded(), Doing::Reopening);
                self.store = open_store(&self.directory)?;
                self.check_reopened().await?;
            } else {
                self.step().await?;
            }
        }
        let at = self.device.recorded();
        self.ledger.begin(at, Doing::Closing);
        drop(self.store);
        Ok(self.ledger)
    }

    async fn step(&mut self) -> Result<()> {
        if self.ledger.known().entries.len() > LONG_LOG {
            self.snapshot().await?;
            return self.purge().await;
        }
        match self.rng.u8(0..98) {
            0..45 => self.append().await,
            45..60 => self.append_several().await,
            60..68 => self.vote().await,
            68..77 => self.replace_end().await,
            77..84 => self.commit().await,
            84..89 => self.snapshot().await,
            89..94 => self.purge().await,
            _ => self.install().await,
        }
    }

    fn begin(&mut self, doing: Doing) {
        let at = self.device.recorded();
        self.ledger.begin(at, doing);
    }

    /// As a candidate, and sometimes as one who has won.
    async fn vote(&mut self) -> Result<()> {
        self.begin(Doing::Voting);
        self.term += 1;
        self.save_vote(Vote::new(self.term, NODE)).await?;
        if self.rng.bool() {
            self.save_vote(Vote::new_committed(self.term, NODE)).await?;
        }
        Ok(())
    }

    async fn save_vote(&mut self, vote: Vote) -> Result<()> {
        let at = self.device.recorded();
        let number = self.ledger.ask(at, |known| known.vote = Some(vote));
        let saved = RaftLogStorage::<TypeConfig>::save_vote(&mut self.store.log, &vote);
        saved.await.context("saving a vote")?;
        self.ledger.acknowledge(number, self.device.recorded());
        Ok(())
    }

    async fn append(&mut self) -> Result<()> {
        self.begin(Doing::Appending);
        let pending = self.hand_over().await?;
        self.wait(pending).await
    }

    /// One after the other without waiting: they share a sync.
    async fn append_several(&mut self) -> Result<()> {
        self.begin(Doing::Appending);
        let mut pending = Vec::new();
        for _ in 0..self.rng.usize(2..6) {
            pending.push(self.hand_over().await?);
            if self.rng.u8(0..4) == 0 {
                self.note_committed().await?;
            }
        }
        for pending in pending {
            self.wait(pending).await?;
        }
        Ok(())
    }

    async fn hand_over(&mut self) -> Result<Pending> {
        let first = self.ledger.known().next_index();
        let count = self.rng.u64(1..=APPEND_ENTRIES);
        let (term, rng) = (self.term, &mut self.rng);
        let entries: Vec<Entry> = (first..first + count)
            .map(|index| entry(rng, term, index))
            .collect();
        let at = self.device.recorded();
        let number = self
            .ledger
            .ask(at, |known| known.entries.extend(entries.clone()));
        let (done, receiver) = TypeConfig::oneshot();
        let callback = IOFlushed::<TypeConfig>::signal(done);
        let log = &mut self.store.log;
        let appended = RaftLogStorage::<TypeConfig>::append(log, entries, callback);
        appended.await.context("appending")?;
        Ok(Pending {
            number,
            done: receiver,
        })
    }

    async fn wait(&mut self, pending: Pending) -> Result<()> {
        let written = pending.done.await.context("the store forgot an append")?;
        written.context("appending")?;
        self.ledger
            .acknowledge(pending.number, self.device.recorded());
        Ok(())
    }

    /// As after an election that another node has won: the end of the log is not what it has.
    async fn replace_end(&mut self) -> Result<()> {
        self.vote().await?;
        self.begin(Doing::Truncating);
        let known = self.ledger.known();
        let (start, end) = (self.first_open_index(), known.next_index());
        if start >= end {
            return self.append().await;
        }
        let from = self.rng.u64(start..end);
        self.truncate_from(from).await?;
        self.append().await
    }

    /// The first index that may be truncated.
    fn first_open_index(&self) -> u64 {
        let known = self.ledger.known();
        let decided = [
            known.purged,
            known.committed,
            self.ledger.snapshot().map(|s| s.last),
        ];
        let decided = decided.into_iter().flatten().map(|id| id.index + 1);
        decided.max().unwrap_or(0)
    }

    async fn truncate_from(&mut self, from: u64) -> Result<()> {
        let at = self.device.recorded();
        let known = self.ledger.known();
        let kept = known
            .entries
            .iter()
            .take_while(|e| e.log_id.index < from)
            .count();
        let after = match kept {
            0 => known.purged,
            kept => Some(known.entries[kept - 1].log_id),
        };
        self.ledger.ask(at, |known| known.entries.truncate(kept));
        let log = &mut self.store.log;
        let truncated = RaftLogStorage::<TypeConfig>::truncate_after(log, after);
        truncated.await.context("truncating")
    }

    async fn commit(&mut self) -> Result<()> {
        self.begin(Doing::Committing);
        self.note_committed().await
    }

    async fn note_committed(&mut self) -> Result<()> {
        let start = self.first_open_index();
        let entries = &self.ledger.known().entries;
        let open: Vec<LogId> = entries
            .iter()
            .map(|e| e.log_id)
            .filter(|id| id.index >= start)
            .collect();
        let Some(committed) = self.rng.choice(&open).copied() else {
            return Ok(());
        };
        let at = self.device.recorded();
        self.ledger
            .ask(at, |known| known.committed = Some(committed));
        let log = &mut self.store.log;
        let saved = RaftLogStorage::<TypeConfig>::save_committed(log, Some(committed));
        saved.await.context("saving what is committed")
    }

    /// Applies what is committed, and makes a snapshot of it.
    async fn snapshot(&mut self) -> Result<()> {
        self.note_committed().await?;
        self.begin(Doing::Snapshotting);
        let applied = self.store.reader.with(|applied| applied.last_applied);
        let start = applied.map_or(0, |applied| applied.index + 1);
        let known = self.ledger.known();
        let Some(committed) = known.committed.filter(|id| id.index >= start) else {
            return Ok(());
        };
        self.apply(start, committed.index + 1).await?;
        let snapshot = KnownSnapshot {
            last: committed,
            digest: self.store.reader.digest(),
        };
        self.ledger.ask_snapshot(self.device.recorded(), snapshot);
        let machine = &mut self.store.state_machine;
        let mut builder = RaftStateMachine::<TypeConfig>::get_snapshot_builder(machine).await;
        let built = RaftSnapshotBuilder::<TypeConfig>::build_snapshot(&mut builder).await;
        built.context("building a snapshot")?;
        self.ledger.acknowledge_snapshot(self.device.recorded());
        Ok(())
    }

    async fn apply(&mut self, start: u64, end: u64) -> Result<()> {
        let log = &mut self.store.log;
        let mut reader = RaftLogStorage::<TypeConfig>::get_log_reader(log).await;
        let entries = RaftLogReader::<TypeConfig>::try_get_log_entries(&mut reader, start..end);
        let entries = entries.await.context("reading committed entries")?;
        apply_all(&mut self.store, entries).await
    }

    /// Up to some entry that the snapshot covers.
    async fn purge(&mut self) -> Result<()> {
        self.begin(Doing::Purging);
        let Some(snapshot) = self.ledger.snapshot() else {
            return Ok(());
        };
        let entries = &self.ledger.known().entries;
        let covered = entries.iter().map(|entry| entry.log_id);
        let covered: Vec<LogId> = covered
            .filter(|id| id.index <= snapshot.last.index)
            .collect();
        match self.rng.choice(&covered).copied() {
            Some(upto) => self.purge_upto(upto).await,
            None => Ok(()),
        }
    }

    async fn purge_upto(&mut self, upto: LogId) -> Result<()> {
        let at = self.device.recorded();
        self.ledger.ask(at, |known| {
            known.purged = Some(upto);
            known
                .entries
                .retain(|entry| entry.log_id.index > upto.index);
        });
        let log = &mut self.store.log;
        let purged = RaftLogStorage::<TypeConfig>::purge(log, upto);
        purged.await.context("purging")
    }

    /// A snapshot that another node has sent, somewhere after what is committed here.
    async fn install(&mut self) -> Result<()> {
        if self.rng.bool() {
            // From a new leader: what is not committed here may not be in its log.
            self.vote().await?;
        }
        self.begin(Doing::Installing);
        let start = self.first_open_index();
        let end = self.ledger.known().next_index();
        let last = log_id(self.term, self.rng.u64(start..=end.max(start) + 20));
        if last.index < end {
            self.truncate_from(last.index).await?;
        }
        let (snapshot, known) = donated(&mut self.rng, last).await?;
        self.ledger.ask_snapshot(self.device.recorded(), known);
        let machine = &mut self.store.state_machine;
        let Snapshot { meta, snapshot } = snapshot;
        let installed = RaftStateMachine::<TypeConfig>::install_snapshot(machine, &meta, snapshot);
        installed.await.context("installing a snapshot")?;
        self.ledger.acknowledge_snapshot(self.device.recorded());
        self.purge_upto(last).await
    }

    async fn check_reopened(&mut self) -> Result<()> {
        let found = Recovered::read(&mut self.store).await?;
        ensure!(
            found.known == *self.ledger.known(),
            "after an orderly end: {}; asked for: {}",
            found.known.describe(),
            self.ledger.known().describe()
        );
        Ok(())
    }

    /// What openraft does at the start with a snapshot that is ahead of the log.
    async fn level_with_snapshot(&mut self) -> Result<()> {
        let known = self.ledger.known();
        match self.ledger.snapshot() {
            Some(snapshot) if snapshot.last.index >= known.next_index() => {
                self.purge_upto(snapshot.last).await
            }
            _ => Ok(()),
        }
    }
}

/// Opens the store at `directory` as the product does.
pub fn open_store(directory: &Path) -> Result<Store> {
    let opened = open(&OpenOptions::new(directory, NODE));
    opened.with_context(|| format!("opening {}", directory.display()))
}

async fn apply_all(store: &mut Store, entries: Vec<Entry>) -> Result<()> {
    let entries = futures::stream::iter(entries.into_iter().map(|entry| Ok((entry, None))));
    let machine = &mut store.state_machine;
    let applied = RaftStateMachine::<TypeConfig>::apply(machine, entries);
    applied.await.context("applying")
}

/// Another node's snapshot that ends with `last`.
async fn donated(rng: &mut Rng, last: LogId) -> Result<(Snapshot, KnownSnapshot)> {
    let directory = scratch()?;
    let mut donor = open_store(directory.path())?;
    let term = last.leader_id.term;
    let mut entries = vec![entry(rng, term, 0)];
    entries.extend((0..20).map(|_| {
        let mut entry = entry(rng, term, last.index.max(1));
        entry.log_id = last;
        entry
    }));
    apply_all(&mut donor, entries).await?;
    let known = KnownSnapshot {
        last,
        digest: donor.reader.digest(),
    };
    let machine = &mut donor.state_machine;
    let mut builder = RaftStateMachine::<TypeConfig>::get_snapshot_builder(machine).await;
    let built = RaftSnapshotBuilder::<TypeConfig>::build_snapshot(&mut builder).await;
    Ok((built.context("building a snapshot elsewhere")?, known))
}
