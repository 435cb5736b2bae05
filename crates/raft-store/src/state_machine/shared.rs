//! The state that the state machine shares with its readers.

use super::applied::{Applied, AppliedMark, position};
use super::digest::{Checkpoints, StateDigest};
use crate::{Entry, Membership, Outcomes, PeerNode, StoredMembership};
use ipam::{Event, MemberKey, NodeId};
use openraft::EntryPayload;
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

/// The state and its digests.
pub(super) struct Shared {
    applied: RwLock<Applied>,
    checkpoints: Mutex<Checkpoints>,
    /// The last digest that somebody asked for.
    digest: Mutex<Option<StateDigest>>,
}

impl Shared {
    pub(super) fn new(applied: Applied) -> Self {
        Self {
            applied: RwLock::new(applied),
            checkpoints: Mutex::default(),
            digest: Mutex::default(),
        }
    }

    /// The state between two entries.
    ///
    /// # Panics
    ///
    /// If applying an entry has panicked: the state is then half-changed, and nobody may see it.
    pub(super) fn read(&self) -> RwLockReadGuard<'_, Applied> {
        self.applied
            .read()
            .expect("applying an entry panicked: the state is half-changed")
    }

    /// Applies one committed entry.
    pub(super) fn apply(&self, entry: &Entry) -> (Outcomes, Vec<Event>) {
        let mut applied = self.write();
        let effects = apply_payload(&mut applied, entry);
        applied.last_applied = Some(entry.log_id);
        self.checkpoints().note(entry.log_id.index, &applied.state);
        effects
    }

    /// Replaces the state by a snapshot's.
    pub(super) fn replace(&self, new: Applied) {
        let mut applied = self.write();
        *applied = new;
        self.checkpoints().clear();
    }

    /// How far it is.
    pub(super) fn mark(&self) -> AppliedMark {
        let applied = self.read();
        AppliedMark {
            position: applied.position(),
            clock: applied.state.clock(),
            checkpoint: self.checkpoints().newest(),
        }
    }

    /// The digest of the state as it is, computed once an index; `None` before the first entry.
    pub(super) fn digest(&self) -> Option<StateDigest> {
        let applied = self.read();
        let index = applied.last_applied?.index;
        let mut cached = self.digest.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(digest) = cached.filter(|digest| digest.index == index) {
            return Some(digest);
        }
        // Entries can be applied again while this is hashed: only encoding needs the state.
        let encoded = api::log::encode_state(&applied.state);
        drop(applied);
        let sha256 = api::log::digest_of(&encoded);
        let digest = StateDigest { index, sha256 };
        *cached = Some(digest);
        Some(digest)
    }

    pub(super) fn checkpoints(&self) -> MutexGuard<'_, Checkpoints> {
        self.checkpoints
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Applied> {
        self.applied
            .write()
            .expect("applying an entry panicked: the state is half-changed")
    }
}

/// The members, and what they prove themselves by.
fn keys_of(membership: &Membership) -> Vec<MemberKey> {
    let member = |(id, node): (&u64, &PeerNode)| MemberKey {
        node: NodeId(*id),
        key: node.key,
    };
    membership.nodes().map(member).collect()
}

fn apply_payload(applied: &mut Applied, entry: &Entry) -> (Outcomes, Vec<Event>) {
    match &entry.payload {
        EntryPayload::Blank => (Outcomes::default(), Vec::new()),
        EntryPayload::Normal(proposal) => {
            let effects = applied.state.apply(position(entry.log_id), proposal);
            (Outcomes(effects.outcomes), effects.events)
        }
        EntryPayload::Membership(membership) => {
            let log_id = Some(entry.log_id);
            let before = keys_of(applied.membership.membership());
            applied.state.change_members(&before, &keys_of(membership));
            applied.membership = StoredMembership::new(log_id, membership.clone());
            (Outcomes::default(), Vec::new())
        }
    }
}
