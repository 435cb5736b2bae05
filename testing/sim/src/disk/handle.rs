//! The disk as the world holds it: it outlives the node's lives.

use super::storage_env::Life;
use super::volume::Volume;
use super::{DiskCounters, DiskFaults};
use fastrand::Rng;
use raft_store::storage_env::StorageEnv;
use std::collections::BTreeMap;
use std::io::{Error, ErrorKind, Result};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// One machine's disk. Clones are the same disk.
#[derive(Clone, Debug)]
pub struct Disk(Arc<Mutex<State>>);

/// How a life ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Crash {
    /// The process dies; the machine goes on.
    Process,
    /// The power fails.
    Power,
}

/// What a disk is, behind its lock.
#[derive(Debug)]
pub(super) struct State {
    pub(super) volume: Volume,
    pub(super) faults: DiskFaults,
    pub(super) counters: DiskCounters,
    pub(super) rng: Rng,
    /// Held locks, and by which of all that were ever taken.
    pub(super) locks: BTreeMap<PathBuf, u64>,
    pub(super) locks_taken: u64,
    /// Counts the lives; the newest may use the disk while it is running.
    lives: u64,
    running: bool,
    /// After how many more changes and syncs the life ends, and how.
    ending: Option<(u64, Crash)>,
}

impl Disk {
    /// An empty disk. Everything random about it comes from `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(Arc::new(Mutex::new(State {
            volume: Volume::new(),
            faults: DiskFaults::default(),
            counters: DiskCounters::default(),
            rng: Rng::with_seed(seed),
            locks: BTreeMap::new(),
            locks_taken: 0,
            lives: 0,
            running: false,
            ending: None,
        })))
    }

    /// Begins a life of the node. A life that still runs ends as a process dies.
    #[must_use]
    pub fn start(&self) -> Arc<dyn StorageEnv> {
        let mut state = self.lock();
        state.end(Crash::Process);
        state.lives += 1;
        state.running = true;
        Arc::new(Life::new(self.clone(), state.lives))
    }

    /// Ends the life that runs, if one does: nothing of it can change the disk any more.
    pub fn crash(&self, crash: Crash) {
        self.lock().end(crash);
    }

    /// Ends the life that runs at one of its operations to come: `operations` more changes and
    /// syncs work, and the next one no more. The node is to be stopped when [`Disk::is_running`]
    /// says so.
    pub fn crash_after(&self, operations: u64, crash: Crash) {
        let mut state = self.lock();
        if state.running {
            state.ending = Some((operations, crash));
        }
    }

    /// Whether a life runs.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.lock().running
    }

    /// Whether something is written and not synced.
    #[must_use]
    pub fn has_unsynced(&self) -> bool {
        self.lock().volume.is_dirty()
    }

    /// Breaks or mends the disk.
    pub fn set_faults(&self, faults: DiskFaults) {
        self.lock().faults = faults;
    }

    /// What is wrong with it now.
    #[must_use]
    pub fn faults(&self) -> DiskFaults {
        self.lock().faults.clone()
    }

    /// What has happened so far.
    #[must_use]
    pub fn counters(&self) -> DiskCounters {
        self.lock().counters
    }

    /// Nothing panics while it holds the lock.
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Fails unless `life` runs.
    pub(super) fn check(&mut self, life: u64) -> Result<()> {
        if self.running && self.lives == life {
            return Ok(());
        }
        self.counters.refused_dead += 1;
        Err(Error::new(
            ErrorKind::BrokenPipe,
            "the simulated machine is off",
        ))
    }

    /// Before a change or a sync: it may be the one that does not happen.
    pub(super) fn check_change(&mut self, life: u64) -> Result<()> {
        self.check(life)?;
        match &mut self.ending {
            Some((0, crash)) => {
                let crash = *crash;
                self.counters.ends_at_an_operation += 1;
                self.end(crash);
                self.check(life)
            }
            Some((operations, _)) => {
                *operations -= 1;
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// Fails when the disk is full.
    pub(super) fn check_space(&mut self) -> Result<()> {
        if !self.faults.full {
            return Ok(());
        }
        self.counters.refused_full += 1;
        Err(ErrorKind::StorageFull.into())
    }

    /// How long the next sync takes.
    pub(super) fn sync_latency(&mut self) -> Duration {
        let (least, most) = self.faults.sync_latency.clone().into_inner();
        let spread = most.saturating_sub(least).as_micros();
        let spread = u64::try_from(spread).unwrap_or(u64::MAX);
        least + Duration::from_micros(self.rng.u64(..=spread))
    }

    pub(super) fn end(&mut self, crash: Crash) {
        if !self.running {
            return;
        }
        self.running = false;
        self.ending = None;
        self.locks.clear();
        match crash {
            Crash::Process => self.counters.process_deaths += 1,
            Crash::Power => self.counters.power_cuts += 1,
        }
        self.counters.ends_between_write_and_sync += u64::from(self.volume.is_dirty());
        self.volume.end(crash, &mut self.rng, &mut self.counters);
    }
}
