//! Nodes of other clusters that this node hears: they are named, and count for nothing (contract S12).
//!
//! A node that lost its disk and was told to found a cluster while nobody was in reach is a stranger
//! at a member's address. Nothing that it says of itself may touch the members: not that it leads, not
//! that it does not count them. The other way round a cluster that never had a second voter, and hears
//! another one, takes itself for the mistake and does not serve: whoever it gives an address to may
//! get one that is held (S1). It is so until it is restarted if the other answers where this node asks
//! (`GATEWAY_JOIN`), because what it cannot hear any more is still there; else for a minute after each
//! call.

use crate::lock::lock;
use crate::raft_view::RaftView;
use ipam::NodeId;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;
use tokio::time::Instant;

/// The most that are remembered: more than a cluster has members.
const MAX_STRANGERS: usize = 16;
/// Bytes of a cluster's id.
const CLUSTER_ID: usize = 16;
/// How long a cluster yields to another one that it has not asked itself, after each call of it.
const YIELDS_TO_A_CALLER: Duration = Duration::from_secs(60);

/// Strangers heard lately.
pub(crate) struct Strangers {
    heard: Mutex<Heard>,
    /// Whether this node's own cluster ever had a second voter.
    view: RaftView,
}

#[derive(Debug, Default)]
struct Heard {
    strangers: BTreeMap<NodeId, Stranger>,
    /// Why this node's own cluster is the mistake.
    yields: Option<Yields>,
}

/// Why, and until when unless it is heard again; nothing if until a restart.
#[derive(Clone, Debug)]
struct Yields {
    reason: String,
    until: Option<Instant>,
}

#[derive(Clone, Debug)]
struct Stranger {
    cluster: Vec<u8>,
    /// Where it answers, if it was asked.
    address: Option<String>,
    at: Instant,
}

impl Strangers {
    /// None so far.
    pub(crate) fn new(view: RaftView) -> Self {
        Self {
            heard: Mutex::default(),
            view,
        }
    }

    /// Notes that `node` belongs to another cluster; `address` is where it answers, if it was asked.
    pub(crate) fn heard(&self, node: NodeId, cluster: &[u8], address: Option<&str>) {
        if self.note(node, cluster, address) {
            tracing::warn!(
                %node, cluster = short(cluster), address,
                "a node of another cluster is heard: nothing that it says counts"
            );
        }
        if cluster.len() != CLUSTER_ID || !self.view.never_had_second_voter() {
            return;
        }
        let reason = format!(
            "another cluster ({}) is heard from node {node}, and this one never had a second voter, so \
             it was founded beside it: stop gatewayd here, empty its data directory, start it without \
             --bootstrap (if this cluster is the right one, stop the other and restart gatewayd here)",
            short(cluster)
        );
        // What answers where this node asks is there to stay; of one that only calls nobody knows.
        let until = match address {
            Some(_) => None,
            None => Some(Instant::now() + YIELDS_TO_A_CALLER),
        };
        let mut heard = self.lock();
        match &mut heard.yields {
            Some(yields) if yields.until.is_none() => {}
            Some(yields) => yields.until = until,
            None => heard.yields = Some(Yields { reason, until }),
        }
    }

    /// Notes one; whether it is news.
    fn note(&self, node: NodeId, cluster: &[u8], address: Option<&str>) -> bool {
        let mut heard = self.lock();
        let known = heard.strangers.get(&node);
        // Not each time that it gives another id: whoever speaks often would fill the log.
        let is_news = known.is_none();
        if is_news && heard.strangers.len() >= MAX_STRANGERS {
            return false;
        }
        let address = address.map(str::to_owned);
        let address = address.or_else(|| known.and_then(|known| known.address.clone()));
        heard.strangers.insert(
            node,
            Stranger {
                cluster: cluster.to_vec(),
                address,
                at: Instant::now(),
            },
        );
        is_news
    }

    /// One line for each that was heard within `limit`; the others are forgotten.
    pub(crate) fn notices(&self, limit: Duration) -> Vec<String> {
        let mut heard = self.lock();
        heard
            .strangers
            .retain(|_, stranger| stranger.at.elapsed() < limit);
        let named = heard.strangers.iter();
        named
            .map(|(node, stranger)| notice(*node, stranger))
            .collect()
    }

    /// Why this node's own cluster is the mistake, if it is.
    pub(crate) fn yields(&self) -> Option<String> {
        let mut heard = self.lock();
        let is_over =
            |yields: &mut Yields| yields.until.is_some_and(|until| until <= Instant::now());
        drop(heard.yields.take_if(is_over));
        heard.yields.as_ref().map(|yields| yields.reason.clone())
    }

    fn lock(&self) -> MutexGuard<'_, Heard> {
        lock(&self.heard)
    }
}

fn notice(node: NodeId, stranger: &Stranger) -> String {
    let place = match &stranger.address {
        Some(address) => format!(" at {address}"),
        None => String::new(),
    };
    format!(
        "node {node}{place} belongs to another cluster ({}), and nothing that it says counts here. If it \
         should be a member: stop gatewayd there, empty its data directory, start it without \
         --bootstrap",
        short(&stranger.cluster)
    )
}

/// The first bytes of a cluster's id, as status shows it.
fn short(cluster: &[u8]) -> String {
    let mut shown = String::new();
    for byte in cluster.iter().take(4) {
        // Writing to a string cannot fail.
        let _ = write!(shown, "{byte:02x}");
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::raft_view::tests::Metrics;

    #[tokio::test(start_paused = true)]
    async fn a_stranger_is_news_once_and_named_while_it_is_heard() {
        let strangers = Strangers::new(Metrics::empty().view);
        let limit = Duration::from_secs(10);
        assert!(strangers.note(NodeId(3), &[0xab; 16], Some("172.31.0.3:7066")));
        assert!(!strangers.note(NodeId(3), &[0xab; 16], None));
        let notices = strangers.notices(limit);
        assert_eq!(notices.len(), 1);
        assert!(
            notices[0].contains("node 3 at 172.31.0.3:7066"),
            "{notices:?}"
        );
        assert!(notices[0].contains("(abababab)"), "{notices:?}");
        tokio::time::advance(2 * limit).await;
        assert!(strangers.notices(limit).is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn strangers_are_bounded() {
        let strangers = Strangers::new(Metrics::empty().view);
        for node in 0..100 {
            strangers.note(NodeId(node), &[1; 16], None);
        }
        assert_eq!(
            strangers.notices(Duration::from_secs(1)).len(),
            MAX_STRANGERS
        );
    }
}
