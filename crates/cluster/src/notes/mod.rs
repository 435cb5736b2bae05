//! Notes: what the members remember of each other's logs, against disks that forget (ADR 0019).
//!
//! * **What it is.** Each member notes up to where its log is durable and known to be committed, and its
//!   vote, sealed by its own data directory. Health calls carry that to the others, who keep it and do not
//!   read it. A node with data collects its own notes first ([`gate`]), and takes part only when its log
//!   has all that it once acknowledged.
//! * **In and out.** In: notes of peers whose identity is proven. Out: whether this node may vote, stand and
//!   serve, and why not.
//! * **Invariants.** Nobody can make a note for another data directory. What a member says of others takes
//!   the place of nothing but what it said of them before, so a liar erases nothing. All of it is bounded
//!   by the number of members.
//! * **A crash** leaves what was kept up to a second before.

mod adopt;
mod exchange;
mod gate;
mod keep;
mod kept;
mod own;

pub(crate) use adopt::run as adopt;
pub(crate) use gate::Gate;
pub(crate) use keep::run as keep;
use kept::Kept;
use own::Own;

use crate::admission::Admission;
use crate::elections::Elections;
use crate::identity::Identity;
use crate::raft_view::RaftView;
use crate::timing::SharedLimits;
use api::proto::storage::Note;
use prost::Message;
use raft_store::{LogTail, NoteBook, StateReader};
use std::sync::{Arc, OnceLock};
use tokio::sync::Notify;

/// The parts of it that a node holds.
pub(crate) struct Notes {
    inputs: Inputs,
    /// Those of other members.
    kept: Kept,
    /// Those that others keep of this node, and the one that it makes.
    own: Own,
    /// Whether this node may take part.
    pub(crate) gate: Arc<Gate>,
    /// A noted vote is newer than Raft's.
    owes: Notify,
    /// Why notes cannot be kept: the storage has failed.
    failed: OnceLock<String>,
}

/// What notes are made from, and judged by.
pub(crate) struct Inputs {
    /// Whose they are.
    pub(crate) identity: Arc<Identity>,
    /// Who the members are.
    pub(crate) view: RaftView,
    /// What is applied here.
    pub(crate) reader: StateReader,
    /// How far the log goes.
    pub(crate) tail: LogTail,
    /// How long this node waits for its notes.
    pub(crate) limits: SharedLimits,
    /// Whether it is a cluster's.
    pub(crate) admission: Arc<Admission>,
    /// Asks the gate again when it has moved.
    pub(crate) elections: Arc<Elections>,
    /// Where notes are kept, and sealed.
    pub(crate) book: NoteBook,
    /// Whether nothing of what is on this node's disk may be used.
    pub(crate) is_poisoned: bool,
}

/// The gate of a node that starts.
pub(crate) fn gate(has_data: bool) -> Arc<Gate> {
    //~ mutant s2_notes_not_asked: let has_data = false;
    Arc::new(Gate::new(has_data))
}

impl Notes {
    pub(crate) fn new(inputs: Inputs, gate: Arc<Gate>) -> Self {
        Self {
            kept: Kept::decode(inputs.book.kept()),
            own: Own::default(),
            gate,
            owes: Notify::new(),
            failed: OnceLock::new(),
            inputs,
        }
    }

    /// Why notes cannot be kept, if so.
    pub(crate) fn failure(&self) -> Option<String> {
        self.failed.get().cloned()
    }

    /// `note` with this directory's seal.
    fn sealed(&self, mut note: Note) -> Note {
        note.origin = self.inputs.book.origin().to_vec();
        note.seal = Vec::new();
        note.seal = self.inputs.book.seal(&note.encode_to_vec());
        note
    }

    /// Whether this directory made it, or one that it is a copy of.
    fn is_ours(&self, note: &Note) -> bool {
        let unsealed = Note {
            seal: Vec::new(),
            ..note.clone()
        };
        self.inputs
            .book
            .is_sealed(&unsealed.encode_to_vec(), &note.seal)
    }
}
