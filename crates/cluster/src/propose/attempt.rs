//! One attempt to have a batch committed: written here by a leader, else forwarded to the leader.

use super::forward::Forwarder;
use super::leader_write::LeaderWrite;
use crate::raft_view::RaftView;
use ipam::{NodeId, Outcome, Refusal, RequestedCommand};
use std::time::Duration;
use tokio::time::Instant;

/// One attempt's result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Attempt {
    /// Committed and applied here, in the entry at `index`.
    Settled {
        /// One for each command.
        outcomes: Vec<Outcome>,
        /// Where.
        index: u64,
    },
    /// Certainly not done, and worth trying again.
    NotDone(String),
    /// May or may not have been done.
    Unknown(String),
}

/// Who makes attempts.
#[tonic::async_trait]
pub(crate) trait Attempts: Send + Sync + 'static {
    /// The leader that is known.
    fn leader(&self) -> Option<NodeId>;
    /// Makes one, which ends by the deadline.
    async fn attempt(&self, commands: &[RequestedCommand], deadline: Instant) -> Attempt;
    /// Waits until another leader is known; at most `limit`.
    async fn leader_changes(&self, limit: Duration);
}

/// Makes attempts by Raft and the network.
pub(crate) struct Committer {
    node: NodeId,
    view: RaftView,
    write: LeaderWrite,
    forward: Forwarder,
}

impl Committer {
    /// Of `node`.
    pub(crate) const fn new(
        node: NodeId,
        view: RaftView,
        write: LeaderWrite,
        forward: Forwarder,
    ) -> Self {
        Self {
            node,
            view,
            write,
            forward,
        }
    }
}

#[tonic::async_trait]
impl Attempts for Committer {
    fn leader(&self) -> Option<NodeId> {
        self.view.leader().map(|(leader, _)| leader)
    }

    async fn attempt(&self, commands: &[RequestedCommand], deadline: Instant) -> Attempt {
        match self.view.leader() {
            Some((leader, _)) if leader == self.node => self.write.write(commands, deadline).await,
            Some((leader, address)) => {
                let forwarding = self.forward.forward(leader, &address, commands, deadline);
                forwarding.await
            }
            None => Attempt::NotDone("there is no leader".to_owned()),
        }
    }

    async fn leader_changes(&self, limit: Duration) {
        self.view.wait_for_leader_change(limit).await;
    }
}

/// A batch whose stamp was not of the entry's term changed nothing.
pub(super) fn settled(outcomes: Vec<Outcome>, index: u64) -> Attempt {
    if outcomes.contains(&Outcome::Refused(Refusal::UNSTAMPED)) {
        return Attempt::NotDone("the leadership changed while the batch was appended".to_owned());
    }
    Attempt::Settled { outcomes, index }
}
