//! A member that lies in what it says of everybody's notes (cluster's ADR 0019): the one thing in which it
//! can lie without a proof.

use api::proto::peer::{HealthRequest, HealthResponse};
use api::proto::storage::{LogId, Note, Vote};
use bytes::{BufMut, Bytes, BytesMut};
use prost::Message;
use std::collections::BTreeMap;

/// In what it lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lie {
    /// It gives nothing.
    Withholds,
    /// Of each node it gives the first note that it ever gave.
    Stale,
    /// It says that everybody had more than anybody can have.
    Huge,
    /// It gives each node's notes as those of the next.
    Foreign,
}

/// What it lies with.
#[derive(Debug)]
pub(super) struct FalseNotes {
    lie: Lie,
    first: BTreeMap<u64, Note>,
}

/// Before a gRPC message: whether it is compressed, and its length.
const PREFIX: usize = 5;
/// More than any node has, and less than what is refused at sight.
const MORE: u64 = 1 << 40;

impl FalseNotes {
    pub(super) const fn new(lie: Lie) -> Self {
        Self {
            lie,
            first: BTreeMap::new(),
        }
    }

    /// A health request as the liar sends it.
    pub(super) fn request(&mut self, body: &Bytes) -> Bytes {
        self.changed(body, |lies, request: &mut HealthRequest| {
            request.notes = lies.told(std::mem::take(&mut request.notes));
        })
    }

    /// The same for its answer.
    pub(super) fn answer(&mut self, body: &Bytes) -> Bytes {
        self.changed(body, |lies, response: &mut HealthResponse| {
            response.notes = lies.told(std::mem::take(&mut response.notes));
        })
    }

    /// What is no health message stays what it is.
    fn changed<M: Message + Default>(
        &mut self,
        body: &Bytes,
        change: impl FnOnce(&mut Self, &mut M),
    ) -> Bytes {
        let message = body.get(PREFIX..).map(M::decode);
        let Some(Ok(mut message)) = message else {
            return body.clone();
        };
        change(self, &mut message);
        let length = u32::try_from(message.encoded_len()).unwrap_or_default();
        let mut framed = BytesMut::new();
        framed.put_u8(0);
        framed.put_u32(length);
        framed.put_slice(&message.encode_to_vec());
        framed.freeze()
    }

    fn told(&mut self, notes: Vec<Note>) -> Vec<Note> {
        let told = notes.into_iter().filter_map(|note| self.tell(note));
        told.collect()
    }

    fn tell(&mut self, note: Note) -> Option<Note> {
        match self.lie {
            Lie::Withholds => None,
            Lie::Stale => Some(self.first.entry(note.node_id).or_insert(note).clone()),
            Lie::Huge => Some(Note {
                log_id: Some(LogId {
                    term: MORE,
                    index: MORE,
                }),
                vote: Some(Vote {
                    term: MORE,
                    node_id: note.node_id,
                    committed: true,
                }),
                ..note
            }),
            Lie::Foreign => Some(Note {
                node_id: note.node_id % 3 + 1,
                ..note
            }),
        }
    }
}
