//! What came of it, for people.

use crate::ledger::{Doing, Wrong};
use crate::recording::{CrashPoint, Recording};
use faultfs::Survival;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// How many failures are shown in full.
const SHOWN_FAILURES: usize = 10;

/// A tally of crash points.
#[derive(Clone, Debug)]
pub struct Report {
    seed: u64,
    started: Instant,
    took: Duration,
    by_doing: BTreeMap<Doing, usize>,
    by_survival: BTreeMap<&'static str, usize>,
    boundaries_cut: usize,
    boundaries: usize,
    acknowledged: usize,
    failures: Vec<Failure>,
}

/// A crash point at which something is wrong.
#[derive(Clone, Debug)]
pub struct Failure {
    /// The seed of this life of a store.
    pub seed: u64,
    /// How many points were asked for: they are spread over a life.
    pub points: usize,
    /// How often it had been cut off before.
    pub generation: usize,
    /// What was being done.
    pub doing: Doing,
    /// Where.
    pub point: CrashPoint,
    /// What is wrong.
    pub wrong: Wrong,
    /// What was left on the disk.
    pub evidence: PathBuf,
}

impl Report {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            seed,
            started: Instant::now(),
            took: Duration::ZERO,
            by_doing: BTreeMap::new(),
            by_survival: BTreeMap::new(),
            boundaries_cut: 0,
            boundaries: 0,
            acknowledged: 0,
            failures: Vec::new(),
        }
    }

    pub(crate) fn recorded(&mut self, recording: &Recording, points: &[CrashPoint]) {
        let boundaries = points.iter().filter(|point| point.is_boundary);
        let places: BTreeSet<_> = boundaries.map(|point| point.at).collect();
        self.boundaries_cut += places.len();
        self.acknowledged += recording.ledger().acknowledged();
        self.boundaries += recording.boundaries();
    }

    pub(crate) fn point(&mut self, doing: Doing, point: &CrashPoint) {
        *self.by_doing.entry(doing).or_default() += 1;
        let survival = match point.survival {
            Survival::Nothing => "nothing",
            Survival::Everything => "everything",
            Survival::TornPrefix(_) => "a prefix, torn",
            Survival::AnySubset(_) => "any pages",
        };
        *self.by_survival.entry(survival).or_default() += 1;
    }

    pub(crate) fn failed(&mut self, failure: Failure) {
        self.failures.push(failure);
    }

    pub(crate) fn finish(&mut self) {
        self.took = self.started.elapsed();
    }

    /// How many crash points there were.
    #[must_use]
    pub fn points(&self) -> usize {
        self.by_doing.values().sum()
    }

    /// At how many of them something was lost, or was there that should not be.
    #[must_use]
    pub fn lost(&self) -> usize {
        let is_loss = |failure: &&Failure| matches!(failure.wrong, Wrong::Lost(_));
        self.failures.iter().filter(is_loss).count()
    }

    /// After how many of them the store did not open.
    #[must_use]
    pub fn refused(&self) -> usize {
        self.failures.len() - self.lost()
    }

    /// Whether there is nothing wrong, and enough was looked at to say so.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.failures.is_empty() && self.points() > 0 && self.acknowledged > 0
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let CrashPoint { at, survival, .. } = self.point;
        let (seed, points, generation) = (self.seed, self.points, self.generation);
        writeln!(f, "{}", self.wrong)?;
        writeln!(
            f,
            "  while {}, at step {at} of generation {generation}; of what was not synced survived: {survival}",
            self.doing
        )?;
        writeln!(f, "  kept: {}", self.evidence.display())?;
        write!(f, "  again: ./x power-loss --seed {seed} --points {points}")
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "crash points     {:>7}   seed {}",
            self.points(),
            self.seed
        )?;
        writeln!(
            f,
            "  at a sync      {:>7}   of {} sync boundaries",
            self.boundaries_cut, self.boundaries
        )?;
        for (doing, count) in &self.by_doing {
            writeln!(f, "  while {doing:<13}{count:>4}")?;
        }
        for (survival, count) in &self.by_survival {
            writeln!(
                f,
                "  {count:>5} with {survival} left of what was not synced"
            )?;
        }
        writeln!(f, "acknowledged     {:>7}   operations", self.acknowledged)?;
        writeln!(f, "opened           {:>7}", self.points() - self.refused())?;
        writeln!(f, "refused          {:>7}", self.refused())?;
        writeln!(f, "lost             {:>7}", self.lost())?;
        write!(f, "took             {:>7.1} s", self.took.as_secs_f64())?;
        for failure in self.failures.iter().take(SHOWN_FAILURES) {
            write!(f, "\n\n{failure}")?;
        }
        Ok(())
    }
}
