//! How often one peer is believed that there is a higher term.
//!
//! A leader that is told of a higher term steps down, as Raft has it. A voter that lies could say so in
//! every answer, and no leader would last long enough to remove it (S12). So a peer that has made this
//! node go to a higher term [`MOST`] times within [`WINDOW`] is not believed for [`SILENCE`]: its answer
//! counts as none. That is time to remove it.
//!
//! * **What it is not.** It judges no term: [`crate::bounds`] does. Safety does not hang
//!   on it: an answer that is not taken is a lost one.
//! * **An honest peer** needs one raise: the terms agree then. Two nodes that a liar has driven far apart
//!   meet in steps of 2^20.
//! * **A crash** forgets it.

use crate::peer_refusals::PeerRefusals;
use ipam::NodeId;
use ipam::budget::MAX_NODES;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// So often a peer is believed within [`WINDOW`].
pub(crate) const MOST: u32 = 8;
/// Counted from the first time. A leader of a liar's cluster lasts for an election at most, 2 s in the
/// profile wan, and four of five nodes may take turns.
pub(crate) const WINDOW: Duration = Duration::from_secs(120);
/// How long it is not believed then.
pub(crate) const SILENCE: Duration = Duration::from_secs(60);
/// How many peers are remembered: the members, and as many that went lately.
const MAX_REMEMBERED: usize = 2 * MAX_NODES;

/// A peer says again that there is a higher term.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "node {0} has called {MOST} terms over within {WINDOW:?}: of terms it is not believed for {SILENCE:?}; \
     if this goes on, remove it"
)]
pub(crate) struct TooMany(NodeId);

/// Who made this node go to a higher term, and how often.
#[derive(Debug, Default)]
pub(crate) struct TermRaises {
    peers: Mutex<BTreeMap<NodeId, Raises>>,
    refusals: Arc<PeerRefusals>,
}

#[derive(Clone, Copy, Debug)]
struct Raises {
    first: Instant,
    last: Instant,
    count: u32,
    /// The term that this node left at the last one.
    left: u64,
}

impl TermRaises {
    /// Where a peer is counted that is not believed.
    pub(crate) const fn refusals(&self) -> &Arc<PeerRefusals> {
        &self.refusals
    }

    /// Whether `peer` is believed that there is a higher term than `own`. `call` is what it answered
    /// or asked.
    pub(crate) fn believe(&self, peer: NodeId, call: &str, own: u64) -> Result<(), TooMany> {
        let now = Instant::now();
        let mut peers = self.peers.lock().unwrap_or_else(PoisonError::into_inner);
        if peers.len() >= MAX_REMEMBERED {
            peers.retain(|_, raises| now.duration_since(raises.last) < WINDOW);
        }
        let next = match peers.get(&peer) {
            Some(raises) => raises.and_another(now, own),
            None => (peers.len() < MAX_REMEMBERED).then(|| Raises::first(now, own)),
        };
        if let Some(next) = next {
            peers.insert(peer, next);
            return Ok(());
        }
        drop(peers);
        let refused = TooMany(peer);
        self.refusals
            .count(peer, call, "higher_terms", &refused.to_string());
        Err(refused)
    }
}

impl Raises {
    const fn first(now: Instant, own: u64) -> Self {
        Self {
            first: now,
            last: now,
            count: 1,
            left: own,
        }
    }

    /// What comes of it when the peer says so again; nothing if it is not believed.
    fn and_another(self, now: Instant, own: u64) -> Option<Self> {
        if own <= self.left {
            // Answers to several calls of one term are one raise.
            return Some(self);
        }
        let is_over = match self.count < MOST {
            true => now.duration_since(self.first) >= WINDOW,
            false => now.duration_since(self.last) >= SILENCE,
        };
        if is_over {
            return Some(Self::first(now, own));
        }
        (self.count < MOST).then_some(Self {
            last: now,
            count: self.count + 1,
            left: own,
            ..self
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::advance;

    const LIAR: NodeId = NodeId(3);

    fn said(raises: &TermRaises, terms: std::ops::Range<u64>) -> usize {
        let believed = terms.filter(|own| raises.believe(LIAR, "Append", *own).is_ok());
        believed.count()
    }

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_calls_term_after_term_over_is_silenced_for_a_while() {
        let raises = TermRaises::default();
        let most = usize::try_from(MOST).expect("small");
        assert_eq!(said(&raises, 1..100), most);
        assert_eq!(raises.refusals.counts().get("higher_terms"), Some(&91));
        assert_eq!(raises.believe(NodeId(2), "Append", 7), Ok(()));
        advance(SILENCE - Duration::from_secs(1)).await;
        assert_eq!(said(&raises, 100..200), 0);
        advance(Duration::from_secs(1)).await;
        assert_eq!(said(&raises, 200..300), most);
    }

    #[tokio::test(start_paused = true)]
    async fn who_raises_the_term_now_and_then_is_believed() {
        let raises = TermRaises::default();
        for own in 1..100 {
            assert_eq!(said(&raises, own..own + 1), 1, "{own}");
            advance(WINDOW / 4).await;
        }
    }

    #[tokio::test(start_paused = true)]
    async fn answers_to_several_calls_of_one_term_are_one_raise() {
        let raises = TermRaises::default();
        for _ in 0..100 {
            assert_eq!(said(&raises, 7..8), 1);
        }
        assert_eq!(said(&raises, 8..9), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn the_table_is_bounded() {
        let raises = TermRaises::default();
        for peer in 0..1000 {
            let believed = raises.believe(NodeId(peer), "Append", 1).is_ok();
            assert_eq!(believed, peer < MAX_REMEMBERED as u64);
        }
        advance(WINDOW).await;
        assert_eq!(raises.believe(NodeId(1000), "Append", 1), Ok(()));
    }
}
