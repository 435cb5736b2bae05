//! A leader that hears no quorum falls silent for a while, so that the others can elect another one.
//!
//! openraft has no check of the quorum (Raft thesis §6.2): a leader whose messages get out, and to whom no
//! answer comes back, keeps its followers waiting for ever. Their leases never run out, and nothing is
//! decided (contract L1, L7). So such a leader sends no more Raft messages for as long as an election takes,
//! then tries again, in turns. Votes are not its messages: it may still be elected, or elect.
//!
//! In: whether this node leads, and when a quorum last answered it. Out: a flag that the network looks at
//! before it sends. A crash forgets it, and a node that starts does not lead.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// How long a leader goes on without an answer, in longest election timeouts.
const GOES_ON: u32 = 2;
/// How long it is silent then: the others' lease, and an election that may be split once.
const SILENT: u32 = 3;

/// Whether a leader may speak. Clones share it.
#[derive(Clone, Debug, Default)]
pub(crate) struct CheckQuorum {
    silent: Arc<AtomicBool>,
    turns: Arc<Mutex<Turns>>,
}

#[derive(Debug, Default)]
struct Turns {
    /// The term that this node leads.
    term: Option<u64>,
    /// When it was last heard, or began to speak.
    heard: Option<Instant>,
    silent_since: Option<Instant>,
}

/// What one look shows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Look {
    pub(crate) now: Instant,
    /// The term that this node leads, with others.
    pub(crate) term: Option<u64>,
    /// When a quorum answered it last.
    pub(crate) acked: Option<Instant>,
    pub(crate) election_max: Duration,
}

impl CheckQuorum {
    /// Whether Raft's messages are not to be sent.
    pub(crate) fn is_silent(&self) -> bool {
        //~ mutant l1_unheard_leader_goes_on: return false;
        self.silent.load(Ordering::Relaxed)
    }

    /// Takes note of one look.
    pub(crate) fn note(&self, look: Look) {
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        let silent = turns.step(look);
        if self.silent.swap(silent, Ordering::Relaxed) != silent && silent {
            tracing::warn!(
                "this leader hears no quorum: it keeps quiet for a while, so that the others can elect \
                 another one"
            );
        }
    }
}

impl Turns {
    /// Whether to be silent from now on.
    fn step(&mut self, look: Look) -> bool {
        if look.term.is_none() || look.term != self.term {
            *self = Self {
                term: look.term,
                heard: Some(look.now),
                silent_since: None,
            };
            return false;
        }
        self.heard = self.heard.max(look.acked);
        let has_passed = |since: Option<Instant>, times| {
            since.is_some_and(|since| look.now - since > look.election_max * times)
        };
        if self.silent_since.is_some() {
            if has_passed(self.silent_since, SILENT) {
                self.silent_since = None;
                self.heard = Some(look.now);
            }
        } else if has_passed(self.heard, GOES_ON) {
            self.silent_since = Some(look.now);
        }
        self.silent_since.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// L1: whom nobody answers, nobody has to wait for; and if there is nobody else, it tries again.
    #[tokio::test(start_paused = true)]
    async fn leader_without_answers_takes_turns() {
        let election_max = Duration::from_secs(1);
        let begun = Instant::now();
        let mut turns = Turns::default();
        let mut look = |millis, term, acked: Option<u64>| {
            turns.step(Look {
                now: begun + Duration::from_millis(millis),
                term,
                acked: acked.map(|acked| begun + Duration::from_millis(acked)),
                election_max,
            })
        };
        assert!(!look(0, Some(3), None));
        assert!(!look(1900, Some(3), None), "it has just been elected");
        assert!(!look(3800, Some(3), Some(1900)), "it was heard");
        assert!(look(4000, Some(3), Some(1900)));
        assert!(look(6900, Some(3), Some(1900)));
        assert!(!look(7100, Some(3), Some(1900)), "it tries again");
        assert!(!look(9000, Some(3), Some(8000)), "and is heard");
        assert!(look(10_200, Some(3), Some(8000)));
        assert!(!look(10_300, None, Some(8000)), "another one leads");
        assert!(!look(10_400, Some(5), Some(8000)), "it is elected anew");
    }
}
