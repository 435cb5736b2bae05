//! How long Raft hears nodes that this one does not know as members.
//!
//! A member that was added, and elected, while this node was away is unknown to it, and must be heard: else
//! this node never comes back. But whoever has a certificate of the CA can say that it leads, or call for
//! votes, as often as it likes, and nobody would be elected meanwhile (S12). So they are heard for a turn, all
//! together, and then refused for a pause in which the members elect. Each node counts its own turns, so a
//! stranger may speak to one while the others refuse it: the pause doubles with each turn, until all of them
//! fall together for longer than an election. A leader with a quorum in sight ends it: then strangers are refused
//! anyway ([`super::route`]).
//!
//! * **An honest one** needs an election, if that takes this node's vote, and a few round trips: then this node has
//!   its entries, and knows it. A snapshot that began in the turn goes on after it.
//! * **What it is not.** It proves nothing: an unknown node is believed what a member is.
//! * **A crash** forgets it.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// A pause is at most so many times the first one.
const MOST: u32 = 8;

/// Whose turn it is.
#[derive(Debug, Default)]
pub(crate) struct UnknownTurns(Mutex<Option<Turn>>);

#[derive(Clone, Copy, Debug)]
struct Turn {
    begun: Instant,
    /// The pause after it.
    pause: Duration,
}

impl UnknownTurns {
    /// Whether an unknown node is heard now: for `turn` from the first that speaks, and then not for `pause`, or
    /// twice as long as the last time.
    pub(super) fn is_heard(&self, turn: Duration, pause: Duration) -> bool {
        let now = Instant::now();
        let mut current = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let ended = |it: &Turn| it.begun + turn + it.pause;
        let it = match *current {
            Some(it) if now < ended(&it) => it,
            // One that was silent for long is another case.
            Some(it) if now < ended(&it) + MOST * pause => *current.insert(Turn {
                begun: now,
                pause: (2 * it.pause).min(MOST * pause),
            }),
            _ => *current.insert(Turn { begun: now, pause }),
        };
        now.duration_since(it.begun) < turn
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::advance;

    const TURN: Duration = Duration::from_secs(2);
    const PAUSE: Duration = Duration::from_secs(5);

    #[tokio::test(start_paused = true)]
    async fn whoever_speaks_without_end_is_heard_for_turns_with_longer_and_longer_pauses() {
        let turns = UnknownTurns::default();
        let mut heard = Vec::new();
        for second in 0..150 {
            if turns.is_heard(TURN, PAUSE) {
                heard.push(second);
            }
            advance(Duration::from_secs(1)).await;
        }
        assert_eq!(heard, [0, 1, 7, 8, 19, 20, 41, 42, 83, 84, 125, 126]);
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_comes_after_a_long_silence_is_heard_at_once_and_as_often_as_at_first() {
        let turns = UnknownTurns::default();
        assert!(turns.is_heard(TURN, PAUSE));
        advance(TURN + PAUSE + MOST * PAUSE).await;
        assert!(turns.is_heard(TURN, PAUSE));
        advance(TURN + PAUSE).await;
        assert!(
            turns.is_heard(TURN, PAUSE),
            "the pause is the first one again"
        );
    }
}
