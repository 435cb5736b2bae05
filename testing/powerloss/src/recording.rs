//! One stretch of a store's life, with every step that its disk has taken; and its crash points.

use crate::known::Recovered;
use crate::ledger::{Doing, Ledger, Position};
use crate::scratch::scratch;
use crate::workload::Workload;
use anyhow::{Context, Result};
use fastrand::Rng;
use faultfs::{Change, Device, Disk, Image, Mounted, Survival};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use tokio::runtime::Builder;

/// Where in the file system the data directory is. Not at its root, which always exists.
pub const DATA: &str = "data";

/// What was there, what was done, and what was promised.
pub struct Recording {
    base: Image,
    history: Vec<Change>,
    ledger: Ledger,
}

/// Where the power goes, and what survives then of what was not synced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CrashPoint {
    /// After so many steps of the disk.
    pub at: Position,
    /// What survives.
    pub survival: Survival,
    /// Whether the step before it or after it is a sync.
    pub is_boundary: bool,
}

/// What the disk does with a sync.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Honesty {
    /// It makes durable what it should.
    Honest,
    /// It ignores the fsync of sled's file once the directory is made: all that is left is what
    /// sled's own `flush` does.
    IgnoresLogSync,
}

impl Recording {
    /// Uses the store on `base`, in which `found` must be, for so many steps.
    pub fn make(base: Image, found: Recovered, rng: Rng, steps: usize) -> Result<Self> {
        let directory = scratch()?;
        let device = Arc::new(Device::new(base.clone()));
        let mounted = Mounted::new(device.clone(), directory.path())?;
        device.record();
        let runtime = Builder::new_current_thread().build();
        let runtime = runtime.context("starting a runtime")?;
        let data = directory.path().join(DATA);
        let ledger = runtime.block_on(async {
            let workload = Workload::open(&device, &data, found, rng).await?;
            workload.run(steps).await
        })?;
        let history = device.take_history();
        mounted.unmount()?;
        Ok(Self {
            base,
            history,
            ledger,
        })
    }

    /// What was asked for and promised.
    #[must_use]
    pub const fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// How many places there are just before or just after a sync.
    #[must_use]
    pub fn boundaries(&self) -> usize {
        (1..=self.history.len())
            .filter(|at| self.is_boundary(*at))
            .count()
    }

    /// Crash points, in order: as many of the sync boundaries as there is room for in two thirds of
    /// `count`, and the rest anywhere, spread over what was being done.
    pub fn points(&self, rng: &mut Rng, count: usize) -> Vec<CrashPoint> {
        let all = 1..=self.history.len();
        let mut places: Vec<Position> = all.clone().filter(|at| self.is_boundary(*at)).collect();
        rng.shuffle(&mut places);
        places.truncate(count * 2 / 3);
        let mut by_doing: BTreeMap<Doing, Vec<Position>> = BTreeMap::new();
        for at in all {
            by_doing.entry(self.ledger.doing(at)).or_default().push(at);
        }
        let groups: Vec<_> = by_doing.into_values().collect();
        while places.len() < count
            && let Some(at) = rng.choice(&groups).and_then(|group| rng.choice(group))
        {
            places.push(*at);
        }
        places.sort_unstable();
        let point = |at| CrashPoint {
            at,
            survival: survival(rng),
            is_boundary: self.is_boundary(at),
        };
        places.into_iter().map(point).collect()
    }

    /// What is on the disk after each of the points, which are in order.
    pub fn images(
        &self,
        points: &[CrashPoint],
        honesty: Honesty,
    ) -> impl Iterator<Item = (CrashPoint, Image)> {
        let mut disk = Disk::new(self.base.clone());
        let mut taken = 0;
        let ignored = self.ignored(honesty);
        points.iter().map(move |point| {
            for step in &self.history[taken..point.at] {
                if ignored.as_ref().is_none_or(|ignored| ignored != step) {
                    disk.apply(step);
                }
            }
            taken = point.at;
            (*point, disk.crash(point.survival))
        })
    }

    /// The sync that a dishonest disk ignores.
    fn ignored(&self, honesty: Honesty) -> Option<Change> {
        match honesty {
            Honesty::Honest => None,
            Honesty::IgnoresLogSync => {
                let path = Path::new(DATA).join("log/db");
                let file = self.base.find(&path)?;
                Some(Change::SyncFile { file })
            }
        }
    }

    fn is_boundary(&self, at: Position) -> bool {
        let is_sync = |step: Option<&Change>| step.is_some_and(Change::is_sync);
        is_sync(self.history.get(at - 1)) || is_sync(self.history.get(at))
    }
}

fn survival(rng: &mut Rng) -> Survival {
    match rng.u8(0..10) {
        0..3 => Survival::Nothing,
        3 => Survival::Everything,
        4..6 => Survival::TornPrefix(rng.u64(..)),
        _ => Survival::AnySubset(rng.u64(..)),
    }
}
