//! A leader stamps a batch and writes it into its log.

use super::attempt::{Attempt, settled};
use super::trace;
use crate::clock::LeaderClock;
use crate::notes::Notes;
use crate::raft::RaftHandle;
use crate::raft_view::RaftView;
use ipam::{Batch, RequestedCommand};
use openraft::errors::ClientWriteError;
use openraft::impls::ProgressResponder;
use std::sync::Arc;
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

/// What a leader needs to write.
pub(crate) struct LeaderWrite {
    /// The Raft that takes it.
    pub(crate) raft: Arc<RaftHandle>,
    /// Whether this node leads.
    pub(crate) view: RaftView,
    /// What stamps are made of.
    pub(crate) clock: Arc<LeaderClock>,
    /// Whether this node's log has all that is noted of it.
    pub(crate) notes: Arc<Notes>,
    /// Whether this node's state differs from that of most of its peers (S8).
    pub(crate) diverged: watch::Receiver<bool>,
}

impl LeaderWrite {
    /// Stamps the batch and writes it, on the condition that this node still leads the term of the
    /// stamp when the entry is appended.
    pub(super) async fn write(&self, commands: &[RequestedCommand], deadline: Instant) -> Attempt {
        let Some(term) = self.view.leading_term() else {
            return Attempt::NotDone("this node has just lost the leadership".to_owned());
        };
        if !self.notes.gate.is_level() {
            return Attempt::NotDone("this node's log lacks what it had acknowledged".to_owned());
        }
        if *self.diverged.borrow() {
            return Attempt::NotDone("this node's state differs from its peers'".to_owned());
        }
        let Some(stamp) = self.clock.stamp(term) else {
            return Attempt::NotDone(
                "this node has not applied an entry of its own term yet".to_owned(),
            );
        };
        let batch = Batch {
            stamp: Some(stamp),
            commands: commands.to_vec(),
        };
        let (responder, committed, result) = ProgressResponder::new();
        let raft = self.raft.now();
        let request = raft
            .write(raft_store::Proposal::new(batch))
            .responder(responder);
        if let Err(error) = request.with_leader(term).await {
            return Attempt::NotDone(format!("Raft has stopped: {error}"));
        }
        trace::each(commands, || tracing::debug!(term, "handed to Raft"));
        // Without it, the result says why.
        if let Ok(Ok(log_id)) = timeout_at(deadline, committed).await {
            trace::each(commands, || {
                tracing::debug!(index = log_id.index, "committed")
            });
        }
        match timeout_at(deadline, result).await {
            Ok(Ok(Ok(response))) => settled(response.data.0, response.log_id.index),
            // Refused before it was appended, unlike `LogEntryDiscarded`.
            Ok(Ok(Err(ClientWriteError::ForwardToLeader(_)))) => {
                Attempt::NotDone("this node has just lost the leadership".to_owned())
            }
            Ok(Ok(Err(error))) => Attempt::Unknown(format!("the write was not confirmed: {error}")),
            Ok(Err(_)) => Attempt::Unknown("Raft dropped the write".to_owned()),
            Err(_) => Attempt::Unknown("no quorum confirmed it in time".to_owned()),
        }
    }
}
