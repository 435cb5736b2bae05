//! Notes go to and fro with health calls, and what they say is acted on.

use super::Notes;
use super::gate::{Change, Judged};
use crate::limits::MAX_NOTES;
use api::proto::storage::Note;
use ipam::NodeId;
use raft_store::Vote;
use raft_store::codec::{encode_log_id, encode_vote};

impl Notes {
    /// What goes to `to` with a health call: this node's own note, and those that it keeps.
    pub(crate) fn for_peer(&self, to: NodeId) -> Vec<Note> {
        let mut notes = self.kept.for_peer(to);
        notes.extend(self.own_note());
        notes
    }

    /// Up to where this node's log is durable and known to be committed, and its vote. A node that may not
    /// take part makes none: what it once noted is more.
    fn own_note(&self) -> Option<Note> {
        if !self.gate.is_level() || !self.inputs.admission.accepts_raft_rpcs() {
            return None;
        }
        let applied = self.inputs.reader.with(|applied| applied.last_applied)?;
        let log = match self.inputs.tail.is_durable(applied.index) {
            true => applied,
            false => self.own.made_upto()?,
        };
        let vote = self.inputs.tail.durable_vote()?;
        let node_id = self.inputs.identity.node.0;
        let make = || {
            self.sealed(Note {
                node_id,
                log_id: Some(encode_log_id(&log)),
                vote: Some(encode_vote(&vote)),
                ..Note::default()
            })
        };
        Some(self.own.made(log, vote, make))
    }

    /// Takes what `from`, whose identity is proven and who is of this cluster, brought.
    pub(crate) fn hear(&self, from: NodeId, notes: Vec<Note>) {
        let members = self.inputs.view.members();
        for note in notes.into_iter().take(MAX_NOTES) {
            let of = NodeId(note.node_id);
            if of == self.inputs.identity.node {
                if self.is_ours(&note) {
                    self.own.take(from, &note);
                }
            } else if members.contains_key(&of) && members.contains_key(&from) {
                self.kept.keep(from, note);
            }
        }
        self.gate.answered(from);
        self.judge();
    }

    /// Forgets what former members left.
    pub(crate) fn keep_only_members(&self) {
        let members = self.inputs.view.members();
        // A node that is starting empty knows nobody yet.
        if members.contains_key(&self.inputs.identity.node) {
            self.kept.keep_only(|node| members.contains_key(&node));
        }
    }

    /// Whether this node may take part, by what is noted of it now. Waits for nothing: health is judged
    /// while the disk hangs, too.
    pub(crate) fn judge(&self) {
        //~ mutant s2_notes_not_asked: return;
        if self.inputs.is_poisoned {
            return;
        }
        let noted = self.own.noted();
        let owed = self.owed_vote();
        if owed.is_some() {
            self.owes.notify_one();
        }
        let change = self.gate.judge(&Judged {
            here: self.inputs.identity.node,
            voters: &self.inputs.view.voter_sets(),
            patience: self.inputs.limits.patience().notes,
            last: self.inputs.tail.last(),
            noted: noted.log.map(|log| (log, noted.source)),
            owed: owed.map(|vote| vote.leader_id.term),
        });
        match change {
            Change::None => {}
            Change::Opened => tracing::info!("the log has all that was noted of it"),
            Change::Closed => {
                let reason = self.gate.reason().unwrap_or_default();
                tracing::error!("{reason}");
            }
        }
        self.inputs.elections.refresh();
    }

    /// The vote that is noted of this node, if Raft here knows of an earlier one only.
    pub(super) fn owed_vote(&self) -> Option<Vote> {
        let term = |vote: &Vote| vote.leader_id.term;
        let known = self.inputs.tail.vote().as_ref().map_or(0, term);
        self.own.noted().vote.filter(|vote| term(vote) > known)
    }
}
