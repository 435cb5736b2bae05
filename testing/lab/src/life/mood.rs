//! What a whole population is told to do, from another thread.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

const LIVELY: u8 = 0;
const SETTLED: u8 = 1;
const OVER: u8 = 2;

/// A switch that all populations of a run share. A clone is the same switch.
#[derive(Debug, Clone, Default)]
pub struct Mood {
    state: Arc<AtomicU8>,
    turns: Arc<Mutex<Turns>>,
}

/// Which node is asked by all who hold an address, and how many populations are done with which.
#[derive(Debug, Default)]
struct Turns {
    asked: Option<u8>,
    done: BTreeMap<u8, usize>,
}

impl Mood {
    /// Everybody lives by its habits.
    pub fn new() -> Self {
        Self::default()
    }

    /// From now on clients only acquire, keep and extend.
    pub fn settle(&self) {
        self.state.store(SETTLED, Ordering::Relaxed);
    }

    /// Every client that holds an address now asks this node for it, once.
    pub fn ask(&self, node: u8) {
        self.turns().asked = Some(node);
    }

    /// Which node that is, if it is any.
    pub fn asked(&self) -> Option<u8> {
        self.turns().asked
    }

    /// None of a population's clients waits for that node's answer any more.
    pub fn done(&self, node: u8) {
        *self.turns().done.entry(node).or_default() += 1;
    }

    /// How many populations are done with that node.
    pub fn count_done(&self, node: u8) -> usize {
        self.turns().done.get(&node).copied().unwrap_or_default()
    }

    fn turns(&self) -> MutexGuard<'_, Turns> {
        self.turns.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The populations end.
    pub fn end(&self) {
        self.state.store(OVER, Ordering::Relaxed);
    }

    /// Whether clients live by their habits.
    pub fn is_lively(&self) -> bool {
        self.state.load(Ordering::Relaxed) == LIVELY
    }

    /// Whether it is over.
    pub fn is_over(&self) -> bool {
        self.state.load(Ordering::Relaxed) == OVER
    }
}
