//! Whether what this node asks the cluster for is decided (contract S11).
//!
//! A quorum that answers heartbeats says only that it is there. What a client needs is that a command
//! commits and is applied here. So the age of the oldest command that waits is watched: past
//! [`Patience::commit`](crate::timing::Patience) the node does not serve, until one of its own commands has
//! come back. Without anybody who waits nothing is known and nothing is written (T5): the node counts
//! as well. Once it has stopped serving nobody would ask any more, so it asks itself, one `Tick` at a
//! time, while a quorum answers.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// The commands that wait for their outcome, and what came of earlier ones. Clones share it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Commits(Arc<Mutex<Waiting>>);

#[derive(Debug, Default)]
struct Waiting {
    next: u64,
    since: BTreeMap<u64, Instant>,
    /// How many have come back committed and applied.
    settled: u64,
    /// What `settled` was when one had waited too long.
    stalled_at: Option<u64>,
}

/// A command that waits; dropped when nobody waits for it any more.
#[derive(Debug)]
pub(crate) struct Wait {
    of: Commits,
    number: u64,
}

impl Commits {
    /// To be held while a command waits for its outcome.
    pub(crate) fn wait(&self) -> Wait {
        let mut waiting = self.lock();
        let number = waiting.next;
        waiting.next += 1;
        waiting.since.insert(number, Instant::now());
        Wait {
            of: self.clone(),
            number,
        }
    }

    /// Whether commands are not decided: one has waited for `limit`, and none has come back since.
    pub(crate) fn are_stalled(&self, limit: Duration) -> bool {
        let mut waiting = self.lock();
        let settled = waiting.settled;
        if waiting.stalled_at.is_some_and(|at| at != settled) {
            waiting.stalled_at = None;
        }
        let oldest = waiting.since.values().min();
        if oldest.is_some_and(|since| since.elapsed() >= limit) {
            waiting.stalled_at.get_or_insert(settled);
        }
        waiting.stalled_at.is_some()
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Wait {
    /// It has come back committed and applied.
    pub(crate) fn settled(self) {
        self.of.lock().settled += 1;
    }
}

impl Drop for Wait {
    fn drop(&mut self) {
        self.of.lock().since.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::advance;

    const LIMIT: Duration = Duration::from_secs(2);

    #[tokio::test(start_paused = true)]
    async fn an_idle_node_is_not_stalled() {
        let commits = Commits::default();
        advance(10 * LIMIT).await;
        assert!(!commits.are_stalled(LIMIT));
    }

    /// Its deadline ends the wait, not the stall: else the node would serve again for two seconds after
    /// each command that nobody decides.
    #[tokio::test(start_paused = true)]
    async fn a_stall_lasts_until_a_command_comes_back() {
        let commits = Commits::default();
        let lost = commits.wait();
        advance(LIMIT / 2).await;
        assert!(!commits.are_stalled(LIMIT));
        advance(LIMIT / 2).await;
        assert!(commits.are_stalled(LIMIT));
        drop(lost);
        assert!(commits.are_stalled(LIMIT), "it was given up, not decided");
        commits.wait().settled();
        assert!(!commits.are_stalled(LIMIT));
    }

    #[tokio::test(start_paused = true)]
    async fn a_lost_command_among_others_that_are_decided_is_a_stall_too() {
        let commits = Commits::default();
        let _lost = commits.wait();
        commits.wait().settled();
        advance(LIMIT).await;
        assert!(commits.are_stalled(LIMIT));
    }
}
