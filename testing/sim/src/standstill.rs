//! A run that does not end: a task of a node goes round and never waits, so virtual time stands still, and a real node
//! would have a processor at full load. No event of the run can tell; the clock on the wall does.

use crate::report::replay;
use std::collections::BTreeMap;
use std::process;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Real time. Runs take seconds; on a machine that is busy with much else, a minute.
pub const STANDS_STILL: Duration = Duration::from_secs(600);
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// The seeds that are being played, and since when.
#[derive(Debug, Default)]
pub(crate) struct Playing(Mutex<BTreeMap<u64, Instant>>);

impl Playing {
    pub(crate) fn begins(&self, seed: u64) {
        self.lock().insert(seed, Instant::now());
    }

    pub(crate) fn ends(&self, seed: u64) {
        self.lock().remove(&seed);
    }

    /// Until the other end of `ended` is gone. A thread that stands still cannot be ended, so the program is.
    #[expect(
        clippy::disallowed_methods,
        reason = "the main thread waits for the one that stands still"
    )]
    pub(crate) fn watch(&self, ended: &Receiver<()>, nodes: Option<u64>) {
        while ended.recv_timeout(LOOK_EVERY) == Err(RecvTimeoutError::Timeout) {
            if let Some(seed) = self.since_before(STANDS_STILL) {
                eprintln!(
                    "seed {seed}: it has been playing for {STANDS_STILL:?} of real time: a task of a node never \
                     waits, or this machine is far too busy\n    {}",
                    replay(seed, nodes, None)
                );
                process::exit(1);
            }
        }
    }

    fn since_before(&self, limit: Duration) -> Option<u64> {
        let playing = self.lock();
        let mut stuck = playing.iter().filter(|(_, since)| since.elapsed() >= limit);
        stuck.next().map(|(seed, _)| *seed)
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<u64, Instant>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_that_plays_for_too_long_is_named() {
        let playing = Playing::default();
        playing.begins(7);
        assert_eq!(playing.since_before(STANDS_STILL), None);
        assert_eq!(playing.since_before(Duration::ZERO), Some(7));
        playing.ends(7);
        assert_eq!(playing.since_before(Duration::ZERO), None);
    }
}
