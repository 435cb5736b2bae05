//! How long Raft hears nodes that this one does not know as members.
//!
//! A member that was added, and elected, while this node was away is unknown to it, and must be heard: else
//! this node never comes back. But whoever has a certificate of the CA can say that it leads, or call for
//! votes, as often as it likes, and nobody would be elected meanwhile (S12). So they are heard for a turn, all
//! together, and then refused for one in which the members elect. A leader with a quorum in sight ends it:
//! then they are refused anyway ([`super::route`]).
//!
//! * **An honest one** needs an election, if that takes this node's vote, and a few round trips: then this node has its
//!   entries, and knows it. A snapshot that
//!   began in the turn goes on after it.
//! * **What it is not.** It proves nothing: an unknown node is believed what a member is.
//! * **A crash** forgets it.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// Whose turn it is.
#[derive(Debug, Default)]
pub(crate) struct UnknownTurns(Mutex<Option<Instant>>);

impl UnknownTurns {
    /// Whether an unknown node is heard now: for `turn` from the first that speaks, and then not for `pause`.
    pub(super) fn is_heard(&self, turn: Duration, pause: Duration) -> bool {
        let now = Instant::now();
        let mut begun = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_over = |begun: Instant| now.duration_since(begun) >= turn + pause;
        let since = match *begun {
            Some(since) if !is_over(since) => since,
            _ => *begun.insert(now),
        };
        now.duration_since(since) < turn
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::advance;

    const TURN: Duration = Duration::from_secs(2);
    const PAUSE: Duration = Duration::from_secs(5);

    #[tokio::test(start_paused = true)]
    async fn whoever_speaks_without_end_is_heard_for_a_turn_and_then_not() {
        let turns = UnknownTurns::default();
        let mut heard = Vec::new();
        for _ in 0..14 {
            heard.push(turns.is_heard(TURN, PAUSE));
            advance(Duration::from_secs(1)).await;
        }
        let one = [true, true, false, false, false, false, false];
        assert_eq!(heard, [one, one].concat());
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_comes_after_a_long_silence_is_heard_at_once() {
        let turns = UnknownTurns::default();
        assert!(turns.is_heard(TURN, PAUSE));
        advance(TURN + PAUSE).await;
        assert!(turns.is_heard(TURN, PAUSE));
    }
}
