//! Something that can be changed, synced and cut off: what files, directories and databases share.

use super::DiskCounters;
use fastrand::Rng;

/// How much of what was not synced is on the disk after all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// All of it.
    All,
    /// A prefix.
    Prefix,
}

/// A kind of change, and what it does to the content.
pub(super) trait Content: Clone + Default {
    /// One change.
    type Change: Clone;
    /// Whether nothing after a lost change can be found again.
    const ENDS_AT_A_LOSS: bool;

    /// Does the change.
    fn apply(&mut self, change: &Self::Change);

    /// Does a part of the first change that is lost, if this kind can be torn.
    fn tear(&mut self, lost: &Self::Change, rng: &mut Rng, counters: &mut DiskCounters);

    /// Counts changes that have come to the disk without a sync, and such that never will.
    fn count(counters: &mut DiskCounters, kept: usize, lost: usize);
}

/// Content on the disk, what the cache shows, and what is between them.
#[derive(Clone, Debug)]
pub(super) struct Cached<C: Content> {
    durable: C,
    current: C,
    unsynced: Vec<C::Change>,
    /// A failed sync has lost a change without which nothing later can be found.
    is_cut: bool,
}

impl<C: Content> Default for Cached<C> {
    fn default() -> Self {
        Self {
            durable: C::default(),
            current: C::default(),
            unsynced: Vec::new(),
            is_cut: false,
        }
    }
}

impl<C: Content> Cached<C> {
    /// What everybody sees.
    pub(super) const fn current(&self) -> &C {
        &self.current
    }

    /// What a power cut cannot take.
    pub(super) const fn durable(&self) -> &C {
        &self.durable
    }

    /// Whether a sync has something to do.
    pub(super) const fn is_dirty(&self) -> bool {
        !self.unsynced.is_empty()
    }

    /// What was changed since the last sync.
    pub(super) fn unsynced(&self) -> &[C::Change] {
        &self.unsynced
    }

    /// Changes what everybody sees.
    pub(super) fn change(&mut self, change: C::Change) {
        self.current.apply(&change);
        self.unsynced.push(change);
    }

    /// A sync that works. What a failed one has lost stays lost.
    pub(super) fn sync(&mut self) {
        let changes = std::mem::take(&mut self.unsynced);
        if !self.is_cut {
            changes.iter().for_each(|change| self.durable.apply(change));
        }
    }

    /// A sync that fails: a prefix has come to the disk, and the rest never will.
    pub(super) fn fail_sync(&mut self, rng: &mut Rng, counters: &mut DiskCounters) {
        let lost = self.settle(Fate::Prefix, rng, counters);
        self.is_cut |= lost && C::ENDS_AT_A_LOSS;
    }

    /// The end of a life: the cache is gone, and shows what the disk has.
    pub(super) fn end(&mut self, fate: Fate, rng: &mut Rng, counters: &mut DiskCounters) {
        self.settle(fate, rng, counters);
        self.current = self.durable.clone();
        self.is_cut = false;
    }

    /// Decides what becomes of what was not synced; whether anything is lost.
    fn settle(&mut self, fate: Fate, rng: &mut Rng, counters: &mut DiskCounters) -> bool {
        let changes = std::mem::take(&mut self.unsynced);
        let kept = match fate {
            _ if self.is_cut => 0,
            Fate::All => changes.len(),
            Fate::Prefix => rng.usize(..=changes.len()),
        };
        let (survivors, lost) = changes.split_at(kept);
        survivors
            .iter()
            .for_each(|change| self.durable.apply(change));
        if let Some(first) = lost.first().filter(|_| !self.is_cut) {
            self.durable.tear(first, rng, counters);
        }
        C::count(counters, kept, lost.len());
        !lost.is_empty()
    }
}
