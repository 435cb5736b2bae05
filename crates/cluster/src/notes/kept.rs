//! The notes of other members, by whom they are of and who gave them.
//!
//! Nobody but its maker can tell a true note, so each source has a place of its own for each member: what
//! a liar brings displaces nothing that others brought. Of one source and member the furthest log and the
//! newest vote are kept: a member whose disk went back, and who does not know it yet, must not overwrite
//! what it noted before.

use api::proto::storage::{KeptNote, KeptNotes, Note};
use ipam::NodeId;
use ipam::budget::MAX_NODES;
use prost::Message;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Bytes of a note's origin.
const ORIGIN: usize = 16;
/// Bytes of its seal.
const SEAL: usize = 32;

/// Notes of others.
#[derive(Debug, Default)]
pub(crate) struct Kept(Mutex<Inside>);

#[derive(Debug, Default)]
struct Inside {
    notes: BTreeMap<Key, Newest>,
    /// Whether there is something that is not on disk.
    unsaved: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    of: NodeId,
    source: NodeId,
}

#[derive(Clone, Debug, PartialEq)]
struct Newest {
    /// The furthest log.
    log: Note,
    /// The newest vote; mostly the same note.
    vote: Note,
}

impl Kept {
    /// What was saved. Unreadable notes count as none: their checksum was right, so it is a later
    /// release's.
    pub(super) fn decode(saved: &[u8]) -> Self {
        let kept = Self::default();
        let saved = KeptNotes::decode(saved).unwrap_or_default();
        for one in saved.notes {
            if let Some(note) = one.note {
                kept.keep(NodeId(one.source), note);
            }
        }
        kept.lock().unsaved = false;
        kept
    }

    /// What there is to save, if something is new.
    pub(super) fn unsaved(&self) -> Option<Vec<u8>> {
        let mut inside = self.lock();
        if !std::mem::take(&mut inside.unsaved) {
            return None;
        }
        let notes = inside.notes.iter().flat_map(|(key, newest)| {
            newest.notes().into_iter().map(|note| KeptNote {
                source: key.source.0,
                note: Some(note),
            })
        });
        let notes = notes.collect();
        Some(KeptNotes { notes }.encode_to_vec())
    }

    /// Keeps `note`, which `source` gave.
    pub(super) fn keep(&self, source: NodeId, note: Note) {
        if note.origin.len() != ORIGIN || note.seal.len() != SEAL {
            return;
        }
        let of = NodeId(note.node_id);
        let key = Key { of, source };
        let mut inside = self.lock();
        let newest = match inside.notes.get(&key) {
            // Emptied and added again: what was noted before is of another log.
            Some(newest) if newest.log.origin == note.origin => newest.clone().with(note),
            None if inside.notes.len() >= MAX_NODES * MAX_NODES => return,
            Some(_) | None => Newest {
                log: note.clone(),
                vote: note,
            },
        };
        let before = inside.notes.insert(key, newest.clone());
        inside.unsaved |= before.as_ref() != Some(&newest);
    }

    /// What to give to `to`: all that is kept of it, and of everybody else what that one gave itself.
    pub(super) fn for_peer(&self, to: NodeId) -> Vec<Note> {
        let inside = self.lock();
        let given = inside
            .notes
            .iter()
            .filter(|(key, _)| key.of == to || key.of == key.source);
        given.flat_map(|(_, newest)| newest.notes()).collect()
    }

    /// Forgets whoever is no member any more.
    pub(super) fn keep_only(&self, is_member: impl Fn(NodeId) -> bool) {
        let mut inside = self.lock();
        let before = inside.notes.len();
        inside
            .notes
            .retain(|key, _| is_member(key.of) && is_member(key.source));
        inside.unsaved |= inside.notes.len() != before;
    }

    fn lock(&self) -> MutexGuard<'_, Inside> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Newest {
    fn with(mut self, note: Note) -> Self {
        if position(&note) >= position(&self.log) {
            self.log = note.clone();
        }
        if term(&note) >= term(&self.vote) {
            self.vote = note;
        }
        self
    }

    fn notes(&self) -> Vec<Note> {
        match self.log == self.vote {
            true => vec![self.log.clone()],
            false => vec![self.log.clone(), self.vote.clone()],
        }
    }
}

fn position(note: &Note) -> (u64, u64) {
    note.log_id
        .as_ref()
        .map_or((0, 0), |id| (id.term, id.index))
}

fn term(note: &Note) -> u64 {
    note.vote.as_ref().map_or(0, |vote| vote.term)
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::proto::storage::{LogId, Vote};

    const MEMBER: NodeId = NodeId(3);

    fn note(origin: u8, index: u64, term: u64) -> Note {
        Note {
            node_id: MEMBER.0,
            origin: vec![origin; ORIGIN],
            log_id: Some(LogId { term: 1, index }),
            vote: Some(Vote {
                term,
                node_id: 1,
                committed: true,
            }),
            seal: vec![1; SEAL],
        }
    }

    #[test]
    fn a_member_that_went_back_does_not_overwrite_what_it_noted() {
        let kept = Kept::default();
        kept.keep(MEMBER, note(1, 80, 2));
        kept.keep(MEMBER, note(1, 40, 3));
        let given = kept.for_peer(MEMBER);
        assert_eq!(given, [note(1, 80, 2), note(1, 40, 3)]);
        kept.keep(MEMBER, note(2, 5, 3));
        assert_eq!(
            kept.for_peer(MEMBER),
            [note(2, 5, 3)],
            "emptied and added again"
        );
    }

    #[test]
    fn a_liar_displaces_nothing() {
        let kept = Kept::default();
        kept.keep(MEMBER, note(1, 80, 2));
        let liar = NodeId(2);
        kept.keep(liar, note(9, u64::MAX, u64::MAX));
        assert_eq!(kept.for_peer(MEMBER).len(), 2);
        assert_eq!(
            kept.for_peer(NodeId(1)),
            [note(1, 80, 2)],
            "hearsay goes no further"
        );
        kept.keep(liar, Note::default());
        assert_eq!(kept.for_peer(MEMBER).len(), 2, "no note at all");
    }

    #[test]
    fn what_is_saved_is_kept() {
        let kept = Kept::default();
        assert_eq!(kept.unsaved(), None);
        kept.keep(MEMBER, note(1, 80, 2));
        kept.keep(MEMBER, note(1, 40, 3));
        let saved = kept.unsaved().expect("something new");
        assert_eq!(kept.unsaved(), None, "only when changed");
        let again = Kept::decode(&saved);
        assert_eq!(again.for_peer(MEMBER), kept.for_peer(MEMBER));
        again.keep(MEMBER, note(1, 80, 2));
        assert_eq!(again.unsaved(), None);
        again.keep_only(|node| node != MEMBER);
        assert!(again.for_peer(MEMBER).is_empty());
    }
}
