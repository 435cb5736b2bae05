//! For how long each member has not answered: what the status tells, and no cluster state.

use cluster::Cluster;
use ipam::NodeId;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::{Instant, MissedTickBehavior, interval};

/// How often the members are looked at.
const LOOK: Duration = Duration::from_secs(1);

/// When each member that does not answer was first seen so.
#[derive(Debug, Default)]
pub(crate) struct Outages {
    since: Mutex<BTreeMap<NodeId, Instant>>,
}

impl Outages {
    /// Looks until dropped.
    pub(crate) async fn watch(&self, cluster: &Cluster) {
        let mut ticks = interval(LOOK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let members = cluster.status().members;
            let away = members.iter().filter(|member| !member.reachable);
            self.note(away.map(|member| member.node));
        }
    }

    /// These members do not answer now; all others do.
    fn note(&self, unreachable: impl Iterator<Item = NodeId>) {
        let mut since = self.since.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        *since = unreachable
            .map(|node| (node, since.get(&node).copied().unwrap_or(now)))
            .collect();
    }

    /// For how long the member has not answered, as far as this was seen.
    pub(crate) fn of(&self, node: NodeId) -> Duration {
        let since = self.since.lock().unwrap_or_else(PoisonError::into_inner);
        since.get(&node).map(Instant::elapsed).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn an_outage_lasts_until_the_member_answers() {
        let outages = Outages::default();
        let node = NodeId(3);
        outages.note([node].into_iter());
        tokio::time::advance(Duration::from_secs(240)).await;
        outages.note([node].into_iter());
        assert_eq!(outages.of(node), Duration::from_secs(240));
        outages.note(std::iter::empty());
        assert_eq!(outages.of(node), Duration::ZERO);
    }
}
