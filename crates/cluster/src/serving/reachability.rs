//! One line when a peer goes away, and one when it is back.
//!
//! openraft warns of every request that fails, some nine a second for one dead follower; operators
//! want to know when it began, and how long it took.

use ipam::NodeId;
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::time::Instant;

/// How long a peer may say nothing before it is called unreachable. Shorter gaps are no news.
const PATIENCE: Duration = Duration::from_secs(3);

/// What was said last of each peer.
#[derive(Debug, Default)]
pub(crate) struct Reachability {
    peers: BTreeMap<NodeId, Seen>,
}

#[derive(Debug)]
struct Seen {
    /// When it answered last; for one that never did, when it was first asked.
    last: Instant,
    unreachable: bool,
}

/// What changed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Change {
    Unreachable(NodeId),
    Back(NodeId, Duration),
}

impl Reachability {
    /// Takes note of which of the `members` have `answered` lately, at `now`.
    pub(crate) fn note<'a>(
        &mut self,
        members: impl Iterator<Item = &'a NodeId> + Clone,
        answered: impl Fn(NodeId) -> bool,
        now: Instant,
    ) -> Vec<Change> {
        let mut changes = Vec::new();
        let known = members.clone();
        self.peers
            .retain(|peer, _| known.clone().any(|node| node == peer));
        for peer in members.copied() {
            let seen = self.peers.entry(peer).or_insert(Seen {
                last: now,
                unreachable: false,
            });
            let silent_for = now.duration_since(seen.last);
            if answered(peer) {
                seen.last = now;
                if std::mem::take(&mut seen.unreachable) {
                    changes.push(Change::Back(peer, silent_for));
                }
            } else if !seen.unreachable && silent_for >= PATIENCE {
                seen.unreachable = true;
                changes.push(Change::Unreachable(peer));
            }
        }
        changes
    }
}

impl Change {
    /// Says it in the log, with the peer's address.
    pub(crate) fn log(&self, members: &BTreeMap<NodeId, String>) {
        let (Self::Unreachable(node) | Self::Back(node, _)) = self;
        let address = members.get(node).map_or("", String::as_str);
        match self {
            Self::Unreachable(node) => tracing::warn!(
                %node, %address,
                "a peer is unreachable: it has not answered for {PATIENCE:?}"
            ),
            Self::Back(node, silent_for) => tracing::info!(
                %node, %address, seconds = silent_for.as_secs(),
                "a peer is reachable again"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_that_goes_and_comes_is_told_once_each_way() {
        let mut reachability = Reachability::default();
        let (start, peers) = (Instant::now(), [NodeId(2), NodeId(3)]);
        let mut changes = Vec::new();
        for tenths in 0..1000_u64 {
            let now = start + Duration::from_millis(100 * tenths);
            // Node 3 is away from 10 s to 70 s, and for a second at 80 s.
            let away = (100..700).contains(&tenths) || (800..810).contains(&tenths);
            let answered = |node| node == NodeId(2) || !away;
            changes.extend(reachability.note(peers.iter(), answered, now));
        }
        let back = Duration::from_millis(60_100);
        assert_eq!(
            changes,
            [
                Change::Unreachable(NodeId(3)),
                Change::Back(NodeId(3), back)
            ]
        );
    }

    #[test]
    fn a_peer_that_left_the_cluster_is_forgotten() {
        let mut reachability = Reachability::default();
        let now = Instant::now();
        reachability.note([NodeId(2)].iter(), |_| false, now);
        assert!(
            reachability
                .note([].iter(), |_| false, now + 2 * PATIENCE)
                .is_empty()
        );
        assert!(reachability.peers.is_empty());
    }
}
