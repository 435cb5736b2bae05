//! Observing: all that the decision is made from, as it is now.

use super::decision::Observation;
use super::{Blockers, PeerView, Serving, Strangers};
use crate::identity::Identity;
use crate::notes::Notes;
use crate::propose::Commits;
use crate::raft::RaftHandle;
use crate::raft_view::RaftView;
use crate::round_trips::Latency;
use crate::timing::SharedLimits;
use ipam::NodeId;
use raft_store::{StateReader, UnfinishedWrites};
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::time::Instant;

/// What is looked at.
pub(crate) struct Observed {
    /// Which node this is.
    pub(crate) identity: Arc<Identity>,
    /// Who leads, and who votes.
    pub(crate) view: RaftView,
    /// How long answers count.
    pub(crate) limits: SharedLimits,
    /// What is applied here.
    pub(crate) reader: StateReader,
    /// Whether Raft has stopped.
    pub(crate) raft: Arc<RaftHandle>,
    /// Whether the log has all that is noted of it.
    pub(crate) notes: Arc<Notes>,
    /// What the storage waits for.
    pub(crate) unfinished: UnfinishedWrites,
    /// Whether what this node asks for is decided.
    pub(crate) commits: Commits,
    /// What the daemon around this node cannot do.
    pub(crate) blockers: Arc<Blockers>,
    /// Nodes of other clusters that were heard.
    pub(crate) strangers: Arc<Strangers>,
    /// How far the peers are.
    pub(crate) latency: Arc<Latency>,
}

impl Serving {
    /// All of it, with these peers.
    pub(super) fn observe<'a>(&self, peers: &'a BTreeMap<NodeId, PeerView>) -> Observation<'a> {
        let observed = &self.observed;
        let limits = observed.limits.now();
        let (digests_agree, digests_differ) = self.answers.digests(limits.health_valid);
        let leader_applied = self.leader_applied(peers);
        let gate = &observed.notes.gate;
        let patience = observed.limits.patience();
        Observation {
            node: observed.identity.node,
            term: observed.view.term(),
            leader: observed.view.leader().map(|(leader, _)| leader),
            leads_a_quorum: self.leads_a_quorum(),
            leads: observed.view.leading_term().is_some(),
            bootstrapped: observed
                .reader
                .with(|applied| applied.state.cluster_id().is_some()),
            storage_error: self.storage_failure(),
            disk_stall: self.disk_stall(),
            blocker: self.gate.failed().or_else(|| observed.blockers.reason()),
            log_is_complete: gate.is_level(),
            // Who knows no voters is not a member yet, and says that.
            notes: gate.reason().filter(|_| !observed.view.voters().is_empty()),
            yields: observed.strangers.yields(),
            commits_stalled: observed.commits.are_stalled(patience.commit),
            replication_lag: self.replication_lag(leader_applied),
            applied: observed.reader.mark().position,
            leader_applied,
            voter: observed.view.is_voter(),
            latency: observed.latency.too_far(),
            peers,
            digests_agree,
            digests_differ,
        }
    }

    /// What the leader that this node follows has applied, as it said lately. One that leads follows nobody.
    fn leader_applied(&self, peers: &BTreeMap<NodeId, PeerView>) -> Option<u64> {
        let (leader, _) = self.observed.view.leader()?;
        match leader == self.observed.identity.node {
            true => Some(0),
            false => Some(peers.get(&leader)?.applied),
        }
    }

    /// How far this node is behind the leader, if that is too far to serve.
    fn replication_lag(&self, leader_applied: Option<u64>) -> u64 {
        let position = self.observed.reader.mark().position;
        let applied = position.map_or(0, |position| position.index);
        let stalled = self.observed.limits.now().stalled;
        self.catch_up
            .replication_lag(applied, leader_applied, Instant::now(), stalled)
    }
}
