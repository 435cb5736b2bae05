//! What others keep of this node, and the note that it makes of itself.

use api::proto::storage::Note;
use ipam::NodeId;
use raft_store::codec::{decode_log_id, decode_vote};
use raft_store::{LogId, Vote};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Of this node.
#[derive(Debug, Default)]
pub(crate) struct Own(Mutex<Inside>);

#[derive(Debug, Default)]
struct Inside {
    noted: Noted,
    /// The last note that was made, and of what.
    made: Option<(LogId, Vote, Note)>,
}

/// The most that true notes say.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Noted {
    pub(super) log: Option<LogId>,
    /// Who had the note of that.
    pub(super) source: NodeId,
    pub(super) vote: Option<Vote>,
}

impl Own {
    /// Takes in a note that this node's own data directory sealed; `source` kept it.
    pub(super) fn take(&self, source: NodeId, note: &Note) {
        let mut inside = self.lock();
        let log = note.log_id.map(decode_log_id);
        if log > inside.noted.log {
            inside.noted.log = log;
            inside.noted.source = source;
        }
        let vote = note.vote.map(decode_vote);
        let term = |vote: Option<Vote>| vote.map(|vote| vote.leader_id.term);
        if term(vote) > term(inside.noted.vote) {
            inside.noted.vote = vote;
        }
    }

    pub(super) fn noted(&self) -> Noted {
        self.lock().noted
    }

    /// The note of `log` and `vote`, made by `make` if it is not the last one.
    pub(super) fn made(&self, log: LogId, vote: Vote, make: impl FnOnce() -> Note) -> Note {
        let mut inside = self.lock();
        if let Some((made_log, made_vote, note)) = &inside.made
            && (*made_log, *made_vote) == (log, vote)
        {
            return note.clone();
        }
        let note = make();
        inside.made = Some((log, vote, note.clone()));
        note
    }

    /// How far the last note went.
    pub(super) fn made_upto(&self) -> Option<LogId> {
        self.lock().made.as_ref().map(|(log, _, _)| *log)
    }

    fn lock(&self) -> MutexGuard<'_, Inside> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
