//! What a whole population is told to do, from another thread.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

const LIVELY: u8 = 0;
const SETTLED: u8 = 1;
const OVER: u8 = 2;

/// A switch that all populations of a run share. A clone is the same switch.
#[derive(Debug, Clone, Default)]
pub struct Mood {
    state: Arc<AtomicU8>,
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
