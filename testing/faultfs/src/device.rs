//! The device: what programs see, what is durable, and the switches.
//!
//! Every verb takes one lock, so all see the same order of steps. After [`Device::cut`] the device is
//! off: everything fails until [`Device::power_on`], and what was open before stays dead, so a
//! program that was not killed in time cannot write to the disk of the next boot.

mod files;

use crate::change::{Change, Ino};
use crate::disk::Disk;
use crate::faults::{Faults, Sync};
use crate::image::Image;
use crate::refusal::Refusal;
use crate::survival::Survival;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::sleep;

pub(crate) use files::{Attributes, Listing};

/// A disk in memory. Shared by the mount and by whoever holds the switches.
#[derive(Debug, Default)]
pub struct Device(Mutex<State>);

#[derive(Debug)]
struct State {
    live: Image,
    disk: Disk,
    /// Every step since it was asked for.
    history: Option<Vec<Change>>,
    faults: Faults,
    is_on: bool,
    /// What is open: the files, and the directories with their names at that moment.
    files: BTreeMap<u64, Ino>,
    listings: BTreeMap<u64, Listing>,
    next_handle: u64,
    next_ino: Ino,
    counts: Counts,
    /// After so many more steps the power goes.
    trap: Option<(usize, Survival)>,
}

#[derive(Debug, Default)]
struct Counts {
    writes: u64,
    syncs: u64,
    refused: u64,
    cuts: u64,
}

impl Default for State {
    fn default() -> Self {
        Self::new(Image::default())
    }
}

impl State {
    fn new(image: Image) -> Self {
        Self {
            next_ino: image.last_ino() + 1,
            disk: Disk::new(image.clone()),
            live: image,
            history: None,
            faults: Faults::default(),
            is_on: true,
            files: BTreeMap::new(),
            listings: BTreeMap::new(),
            next_handle: 1,
            counts: Counts::default(),
            trap: None,
        }
    }

    fn check_power(&self) -> Result<(), Refusal> {
        if self.is_on { Ok(()) } else { Err(Refusal::Io) }
    }

    /// A step that programs see from now on.
    fn step(&mut self, change: Change) {
        self.live.apply(&change);
        self.disk.apply(&change);
        if let Some(history) = &mut self.history {
            history.push(change);
        }
        if let Some((left, survival)) = self.trap.take() {
            match left.checked_sub(1) {
                None | Some(0) => self.cut(survival),
                Some(left) => self.trap = Some((left, survival)),
            }
        }
    }

    fn cut(&mut self, survival: Survival) {
        let image = self.disk.crash(survival);
        self.live = image.clone();
        self.disk = Disk::new(image);
        self.history = None;
        self.trap = None;
        self.files.clear();
        self.listings.clear();
        self.is_on = false;
        self.counts.cuts += 1;
    }

    /// A sync, as far as it is an honest one.
    fn sync(&mut self, change: Change) -> Result<(), Refusal> {
        self.check_power()?;
        self.counts.syncs += 1;
        match self.faults.sync {
            Sync::Honest => {
                self.step(change);
                self.disk.prune(&self.live);
                Ok(())
            }
            Sync::Lie => Ok(()),
            Sync::Fail => Err(Refusal::Io),
            Sync::FailOnce => {
                self.faults.sync = Sync::Honest;
                if let Change::SyncFile { file } = change {
                    self.disk.give_up(file);
                }
                Err(Refusal::Io)
            }
        }
    }
}

impl Device {
    /// A disk with this on it, all of it durable.
    #[must_use]
    pub fn new(image: Image) -> Self {
        Self(Mutex::new(State::new(image)))
    }

    /// Switches faults.
    pub fn set_faults(&self, change: impl FnOnce(&mut Faults)) {
        change(&mut self.lock().faults);
    }

    /// The power goes: of what was not synced, only so much survives.
    pub fn cut(&self, survival: Survival) {
        self.lock().cut(survival);
    }

    /// The power goes after so many more steps: in the middle of whatever is being done then.
    pub fn cut_after(&self, steps: usize, survival: Survival) {
        self.lock().trap = Some((steps, survival));
    }

    /// Whether there is power.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.lock().is_on
    }

    /// The power comes back.
    pub fn power_on(&self) {
        self.lock().is_on = true;
    }

    /// What would be on the disk after a power cut now.
    #[must_use]
    pub fn crash_image(&self, survival: Survival) -> Image {
        self.lock().disk.crash(survival)
    }

    /// What programs see.
    #[must_use]
    pub fn live_image(&self) -> Image {
        self.lock().live.clone()
    }

    /// Begins to write down every step. A cut ends it.
    pub fn record(&self) {
        self.lock().history = Some(Vec::new());
    }

    /// How many steps are written down.
    #[must_use]
    pub fn recorded(&self) -> usize {
        self.lock().history.as_ref().map_or(0, Vec::len)
    }

    /// Ends the recording.
    #[must_use]
    pub fn take_history(&self) -> Vec<Change> {
        self.lock().history.take().unwrap_or_default()
    }

    /// Flips one bit of a file, for readers and on the disk; which one it was.
    pub fn flip_bit(&self, path: &Path, seed: u64) -> Result<u64, Refusal> {
        let mut state = self.lock();
        let file = state.live.find(path).ok_or(Refusal::NotFound)?;
        let content = state.live.file(file).ok_or(Refusal::IsADirectory)?;
        if content.is_empty() {
            return Err(Refusal::NotFound);
        }
        let mut rng = fastrand::Rng::with_seed(seed);
        let (byte, bit) = (rng.usize(0..content.len()), rng.u8(0..8));
        let offset = byte as u64;
        let flipped = [content[byte] ^ (1 << bit)];
        state.live.write(file, offset, &flipped);
        state.disk.damage(file, offset, &flipped);
        Ok(offset * 8 + u64::from(bit))
    }

    /// The state of the switches and what is at stake, as `name=value` pairs.
    #[must_use]
    pub fn status(&self) -> String {
        let state = self.lock();
        let (steps, bytes) = state.disk.at_risk();
        let power = if state.is_on { "on" } else { "off" };
        format!(
            "power={power} {} files={} bytes={} unsynced_steps={steps} unsynced_bytes={bytes} \
             writes={} syncs={} refused={} cuts={}",
            state.faults,
            state.live.len(),
            state.live.bytes(),
            state.counts.writes,
            state.counts.syncs,
            state.counts.refused,
            state.counts.cuts,
        )
    }

    /// Waits as long as a sync takes, then does it.
    fn sync(&self, change: impl FnOnce(&State) -> Result<Change, Refusal>) -> Result<(), Refusal> {
        let delay = self.lock().faults.delay;
        if !delay.is_zero() {
            sleep(delay);
        }
        self.refusing(|state| {
            let change = change(state)?;
            state.sync(change)
        })
    }

    /// Does something under the lock, and counts refusals that are faults.
    fn refusing<T>(
        &self,
        verb: impl FnOnce(&mut State) -> Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        let mut state = self.lock();
        let result = state.check_power().and_then(|()| verb(&mut state));
        if let Err(Refusal::Io | Refusal::NoSpace) = result {
            state.counts.refused += 1;
        }
        result
    }

    /// Nothing that holds the lock can panic half-way through a change that matters to another.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
