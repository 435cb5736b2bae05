//! Whether this node may act on its own copy of the state where nobody else checks it.
//!
//! In: each look at the peers. Out: a `watch` of [`ReplicaStatus`]. Pure. What is committed after a power cut
//! may be less than what was applied before it, so a node that has just started knows that it is up to
//! date only from a leader that has a quorum (S9).

use super::decision::Observation;

/// How far a node's copy of the state may be trusted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ReplicaStatus {
    /// It has not been level with a leader that has a quorum since it started.
    #[default]
    CatchingUp,
    /// It has been level since it started.
    CaughtUp,
    /// Peers that lead a quorum say that it is no member. It stays so until one says otherwise.
    Removed,
}

impl ReplicaStatus {
    /// What one more look makes of it.
    pub(crate) fn after(self, observation: &Observation<'_>) -> Self {
        let level = observation.is_level();
        let mut leaders = observation
            .peers
            .values()
            .filter(|peer| peer.leads_a_quorum);
        let counted = leaders.any(|leader| leader.counts_us);
        let denied = observation.removed_by().is_some();
        match self {
            _ if denied => Self::Removed,
            Self::Removed if !counted => Self::Removed,
            Self::CaughtUp => Self::CaughtUp,
            Self::Removed | Self::CatchingUp if level && observation.voter => Self::CaughtUp,
            Self::Removed | Self::CatchingUp => Self::CatchingUp,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::serving::peers::PeerView;
    use ipam::NodeId;
    use std::collections::BTreeMap;

    fn look(before: ReplicaStatus, counts_us: Option<bool>, level: bool) -> ReplicaStatus {
        let peer = |counts_us| PeerView {
            counts_us,
            ..crate::serving::decision::tests::peer(true)
        };
        let peers: BTreeMap<_, _> = counts_us
            .into_iter()
            .map(|counts_us| (NodeId(2), peer(counts_us)))
            .collect();
        let observation = Observation {
            replication_lag: u64::from(!level),
            ..crate::serving::decision::tests::observe(&peers)
        };
        before.after(&observation)
    }

    #[test]
    fn node_is_level_once_it_has_been_and_stays_so_alone() {
        assert_eq!(
            look(ReplicaStatus::CatchingUp, None, false),
            ReplicaStatus::CatchingUp
        );
        assert_eq!(
            look(ReplicaStatus::CatchingUp, Some(true), false),
            ReplicaStatus::CatchingUp
        );
        assert_eq!(
            look(ReplicaStatus::CatchingUp, Some(true), true),
            ReplicaStatus::CaughtUp
        );
        assert_eq!(
            look(ReplicaStatus::CaughtUp, None, false),
            ReplicaStatus::CaughtUp
        );
    }

    #[test]
    fn removed_node_stays_removed_until_a_leader_counts_it_again() {
        assert_eq!(
            look(ReplicaStatus::CaughtUp, Some(false), true),
            ReplicaStatus::Removed
        );
        assert_eq!(
            look(ReplicaStatus::Removed, None, true),
            ReplicaStatus::Removed
        );
        assert_eq!(
            look(ReplicaStatus::Removed, Some(true), false),
            ReplicaStatus::CatchingUp
        );
        assert_eq!(
            look(ReplicaStatus::Removed, Some(true), true),
            ReplicaStatus::CaughtUp
        );
    }
}
