//! Followers whose log went back: their disk is older than what they acknowledged.
//!
//! openraft takes a follower's `Conflict` to a heartbeat for the answer of a quorum, and a leader of a
//! release build goes on believing that the follower has what it once had. So the heartbeat's own
//! client ([`crate::transport`]) turns such an answer into an error, which counts for nothing, and tells
//! it here. Replication starts over at its own next conflict (`allow_log_reversion`), which needs an
//! entry to send: the leader writes one, for then the cluster is not idle.

use ipam::NodeId;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// How long without a conflict until the next one is news.
const OVER: Duration = Duration::from_secs(10);

/// Whose log went back. Clones share it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reversions(Arc<Mutex<BTreeMap<NodeId, Seen>>>);

#[derive(Debug)]
struct Seen {
    at: Instant,
    /// Whether the leader has acted on this conflict.
    handled: bool,
}

impl Reversions {
    /// The follower `node` lacks what it had acknowledged.
    pub(crate) fn conflict(&self, node: NodeId) {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let before = seen.insert(
            node,
            Seen {
                at: Instant::now(),
                handled: false,
            },
        );
        if before.is_none_or(|before| before.at.elapsed() > OVER) {
            tracing::warn!(
                %node,
                "the log of this follower went back: it lacks entries that it had acknowledged. Its disk \
                 was rolled back, or lies; it is filled again"
            );
        }
    }

    /// Whether there was a conflict since the last time.
    pub(crate) fn take(&self) -> bool {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut any = false;
        for seen in seen.values_mut() {
            any |= !std::mem::replace(&mut seen.handled, true);
        }
        any
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn each_conflict_is_handled_once() {
        let reversions = Reversions::default();
        assert!(!reversions.take());
        reversions.conflict(NodeId(2));
        assert!(reversions.take());
        assert!(!reversions.take());
        reversions.conflict(NodeId(2));
        assert!(reversions.take());
    }
}
