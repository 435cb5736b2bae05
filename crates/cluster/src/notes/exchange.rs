//! Notes go to and fro with health calls, and what they say is acted on.

use super::gate::{Change, Judged};
use crate::limits::MAX_NOTES;
use crate::node::Inner;
use api::proto::raft::Note;
use ipam::NodeId;
use raft_store::Vote;
use raft_store::codec::{encode_log_id, encode_vote};
use std::collections::BTreeSet;

impl Inner {
    /// What goes to `to` with a health call: this node's own note, and those that it keeps.
    pub(crate) fn notes_for(&self, to: NodeId) -> Vec<Note> {
        let mut notes = self.notes.kept.for_peer(to);
        notes.extend(self.own_note());
        notes
    }

    /// Up to where this node's log is durable and known to be committed, and its vote. A node that may not
    /// take part makes none: what it once noted is more.
    fn own_note(&self) -> Option<Note> {
        if !self.notes.gate.is_level() || !self.is_admitted() {
            return None;
        }
        let applied = self.reader.with(|applied| applied.last_applied)?;
        let log = match self.tail.is_durable(applied.index) {
            true => applied,
            false => self.notes.own.made_upto()?,
        };
        let vote = self.tail.durable_vote()?;
        let node_id = self.config.node.0;
        let make = || {
            self.notes.sealed(Note {
                node_id,
                log_id: Some(encode_log_id(&log)),
                vote: Some(encode_vote(&vote)),
                ..Note::default()
            })
        };
        Some(self.notes.own.made(log, vote, make))
    }

    /// Takes what `from`, whose identity is proven and who is of this cluster, brought.
    pub(crate) fn hear_notes(&self, from: NodeId, notes: Vec<Note>) {
        let members = self.members();
        for note in notes.into_iter().take(MAX_NOTES) {
            let of = NodeId(note.node_id);
            if of == self.config.node {
                if self.notes.is_ours(&note) {
                    self.notes.own.take(from, &note);
                }
            } else if members.contains_key(&of) && members.contains_key(&from) {
                self.notes.kept.keep(from, note);
            }
        }
        self.notes.gate.answered(from);
        self.judge_notes();
    }

    /// Forgets what former members left.
    pub(crate) fn drop_notes_of_strangers(&self) {
        let members = self.members();
        // A node that is starting empty knows nobody yet.
        if members.contains_key(&self.config.node) {
            self.notes
                .kept
                .keep_only(|node| members.contains_key(&node));
        }
    }

    /// Whether this node may take part, by what is noted of it now. Waits for nothing: health is judged
    /// while the disk hangs, too.
    pub(crate) fn judge_notes(&self) {
        if self.poisoned.is_some() || ipam::mutated!("s2_notes_not_asked") {
            return;
        }
        let noted = self.notes.own.noted();
        let owed = self.owed_vote();
        if owed.is_some() {
            self.notes.owes.notify_one();
        }
        let change = self.notes.gate.judge(&Judged {
            here: self.config.node,
            voters: &self.voter_sets(),
            patience: self.patience().notes,
            last: self.tail.last(),
            noted: noted.log.map(|log| (log, noted.source)),
            owed: owed.map(|vote| vote.leader_id.term),
        });
        match change {
            Change::None => {}
            Change::Opened => tracing::info!("the log has all that was noted of it"),
            Change::Closed => {
                let reason = self.notes.gate.reason().unwrap_or_default();
                tracing::error!("{reason}");
            }
        }
        self.enable_elections();
    }

    /// The vote that is noted of this node, if Raft here knows of an earlier one only.
    pub(super) fn owed_vote(&self) -> Option<Vote> {
        let term = |vote: &Vote| vote.leader_id.term;
        let known = self.tail.vote().as_ref().map_or(0, term);
        self.notes
            .own
            .noted()
            .vote
            .filter(|vote| term(vote) > known)
    }

    fn voter_sets(&self) -> Vec<BTreeSet<NodeId>> {
        self.with_metrics(|metrics| {
            let membership = metrics.membership_config.membership();
            let sets = membership.get_joint_config().iter();
            sets.map(|set| set.iter().copied().map(NodeId).collect())
                .collect()
        })
    }
}
