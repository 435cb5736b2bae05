//! A noted vote that Raft has forgotten is taken over, in a task of its own: Raft answers when its disk
//! has the vote, and a disk may hang.

use super::Notes;
use crate::raft::RaftHandle;
use ipam::NodeId;
use std::sync::Arc;

/// Promises again what this node had promised, until it stops: whoever stands for an earlier term, or
/// leads one, gets nothing from it any more.
pub(crate) async fn run(notes: Arc<Notes>, raft: Arc<RaftHandle>) {
    loop {
        notes.owes.notified().await;
        let Some(vote) = notes.owed_vote() else {
            continue;
        };
        let (term, towards) = (vote.leader_id.term, NodeId(vote.leader_id.voted_for));
        // Raft takes no vote from its own node. In that term nobody else could lead, and nobody will.
        let towards = match towards == notes.inputs.identity.node {
            true => NodeId(0),
            false => towards,
        };
        match raft.raise_term(towards, term, true).await {
            Ok(()) => {
                tracing::warn!(term, "a vote that this node had given is taken over again");
                notes.judge();
            }
            // It has stopped, or starts anew: the next round of health calls looks at the notes again. To look
            // at once would wake this task at once, for as long as Raft stands.
            Err(error) => tracing::debug!(%error, "the noted vote is not taken over yet"),
        }
    }
}
