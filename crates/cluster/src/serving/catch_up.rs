//! Catching up: whether this node keeps up with the leader, and its replication lag if not.
//!
//! A node that is behind offers from a view that the cluster has left, so it does not serve (L2).
//! Being a few entries behind is every follower's life under load; being behind and not moving, or
//! without anybody who could say how far the cluster is, is not.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// What was seen of how this node catches up.
#[derive(Debug, Default)]
pub(crate) struct CatchUp(Mutex<Seen>);

#[derive(Debug, Default)]
struct Seen {
    /// Whether the node has been level with the leader, and has kept up since.
    keeps_up: bool,
    applied: u64,
    /// Since when the node is behind and has applied nothing.
    stalled_since: Option<Instant>,
}

impl CatchUp {
    /// By how many entries this node is too far behind to serve: 0 if it keeps up. `goal` is what
    /// the leader says that it has applied, if there is one that says so.
    /// One that has been behind for `stalled` without applying anything does not keep up.
    pub(super) fn replication_lag(
        &self,
        applied: u64,
        goal: Option<u64>,
        now: Instant,
        stalled: Duration,
    ) -> u64 {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(goal) = goal else {
            // What is committed meanwhile is unknown here. Another reason keeps the node silent.
            seen.keeps_up = false;
            seen.stalled_since = None;
            return 0;
        };
        let behind = goal.saturating_sub(applied);
        let is_level = behind == 0;
        if is_level || applied != seen.applied {
            seen.stalled_since = None;
        }
        seen.applied = applied;
        if is_level {
            seen.keeps_up = true;
        } else if now - *seen.stalled_since.get_or_insert(now) > stalled {
            seen.keeps_up = false;
        }
        if seen.keeps_up { 0 } else { behind }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STALLED: Duration = Duration::from_secs(1);

    /// What a node says, asked every 200 ms: (applied, the leader's applied).
    fn behind(rounds: impl IntoIterator<Item = (u64, Option<u64>)>) -> Vec<u64> {
        let (catch_up, start) = (CatchUp::default(), Instant::now());
        let at = |round| start + Duration::from_millis(200) * round;
        let rounds = (0..).zip(rounds);
        rounds
            .map(|(round, (applied, goal))| {
                catch_up.replication_lag(applied, goal, at(round), STALLED)
            })
            .collect()
    }

    #[test]
    fn a_node_serves_once_it_is_level() {
        let rounds = [(0, Some(9)), (5, Some(9)), (9, Some(9)), (9, Some(12))];
        assert_eq!(behind(rounds), [9, 4, 0, 0]);
    }

    #[test]
    fn one_that_stands_still_behind_the_leader_is_silent_until_it_is_level_again() {
        let stalled = [(9, Some(9))].into_iter().chain([(9, Some(12)); 7]).chain([
            (11, Some(13)),
            (13, Some(13)),
            (13, Some(14)),
        ]);
        assert_eq!(behind(stalled), [0, 0, 0, 0, 0, 0, 0, 3, 2, 0, 0]);
    }

    #[test]
    fn one_that_is_always_behind_and_always_moves_serves() {
        let load = (0..50).map(|round| (9 + round, Some(9 + 5 * round)));
        assert!(behind(load).iter().all(|behind| *behind == 0));
    }

    #[test]
    fn after_a_time_without_a_leader_it_must_be_level_again() {
        let rounds = [(9, Some(9)), (9, None), (9, Some(90)), (90, Some(90))];
        assert_eq!(behind(rounds), [0, 0, 81, 0]);
    }
}
