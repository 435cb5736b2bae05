//! A leader has another voter lead, and whom the leader named to follow it.
//!
//! openraft lets a candidate that says "the leader hands over to me" pass the leader's lease, and asks
//! nobody. So this node remembers whom the leader named: by its own request, or by this node itself.

use super::error::MembershipError;
use super::raft_changes::ChangeMembers;
use crate::lock::lock;
use crate::raft_view::RaftView;
use crate::serving::TransferLeadership;
use ipam::NodeId;
use raft_store::Vote;
use std::sync::{Arc, Mutex};

/// The last heir that a leader named.
#[derive(Debug, Default)]
pub(crate) struct Heir(Mutex<Option<Named>>);

#[derive(Clone, Copy, Debug)]
struct Named {
    /// The leader's term.
    term: u64,
    heir: u64,
}

impl Heir {
    /// The leader of `term` has named `heir`.
    pub(crate) fn name(&self, term: u64, heir: u64) {
        *lock(&self.0) = Some(Named { term, heir });
    }

    /// Whether `candidate` is the heir, and stands for the very next term with this `vote`.
    pub(crate) fn is_heir(&self, candidate: u64, vote: &Vote) -> bool {
        let named = *lock(&self.0);
        named.is_some_and(|named| {
            named.heir == candidate && named.term.checked_add(1) == Some(vote.leader_id.term)
        })
    }
}

/// Has other nodes lead.
pub(crate) struct LeadershipTransfer {
    node: NodeId,
    view: RaftView,
    raft: Arc<dyn ChangeMembers>,
    heir: Arc<Heir>,
}

impl LeadershipTransfer {
    /// Of `node`; `heir` is told whom it names.
    pub(crate) const fn new(
        node: NodeId,
        view: RaftView,
        raft: Arc<dyn ChangeMembers>,
        heir: Arc<Heir>,
    ) -> Self {
        Self {
            node,
            view,
            raft,
            heir,
        }
    }

    /// Has the voter `to` lead. Returns when that is begun, and may come to nothing. openraft believes whoever
    /// asks: with an heir that cannot lead, nobody would.
    pub(crate) async fn transfer(&self, to: NodeId) -> Result<(), MembershipError> {
        if to == self.node || !self.view.has_voter(to) {
            return Err(MembershipError::Rejected(format!(
                "node {to} cannot take the leadership over: it must be another voter"
            )));
        }
        if let Some(term) = self.view.leading_term() {
            // This node is asked for its vote as well.
            self.heir.name(term, to.0);
        }
        self.raft.transfer_leader(to).await.map_err(|error| {
            MembershipError::NotDone(format!("the leadership was not handed over: {error}"))
        })
    }
}

#[tonic::async_trait]
impl TransferLeadership for LeadershipTransfer {
    async fn transfer_leadership(&self, to: NodeId) -> Result<(), String> {
        self.transfer(to).await.map_err(|error| error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_named_one_is_heir_in_the_next_term() {
        let heir = Heir::default();
        assert!(!heir.is_heir(2, &Vote::new(8, 2)));
        heir.name(7, 2);
        assert!(heir.is_heir(2, &Vote::new(8, 2)));
        assert!(!heir.is_heir(3, &Vote::new(8, 3)));
        assert!(!heir.is_heir(2, &Vote::new(9, 2)));
        heir.name(u64::MAX, 2);
        assert!(!heir.is_heir(2, &Vote::new(0, 2)));
    }
}
