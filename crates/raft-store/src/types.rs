//! openraft's types as this project fills them in.

use crate::NodeRuntime;
use ipam::{Batch, KeyHash, Outcome};
use openraft::vote::leader_id_std;
use openraft::{AsyncRuntime, EntryPayload, OptionalSend, RaftTypeConfig};
use std::cmp::Ordering;
use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;
use std::sync::Arc;

/// The types of this project's Raft on the runtime `RT`.
pub struct RaftTypes<RT>(PhantomData<fn() -> RT>);

/// The types of every node, real or simulated.
pub type TypeConfig = RaftTypes<NodeRuntime>;

/// Who is elected in a term. At most one node: the lease contract's clock stamps name a term and
/// mean one leader (T2), which openraft's other kind of leader id would not give.
pub type LeaderId = leader_id_std::LeaderId<u64, u64>;
/// The leader of an entry: the term says it all.
pub type CommittedLeaderId = leader_id_std::CommittedLeaderId<u64>;
/// A vote.
pub type Vote = openraft::Vote<LeaderId>;
/// Where an entry stands: its term and its index.
pub type LogId = openraft::LogId<CommittedLeaderId>;
/// What an entry holds.
pub type Payload = EntryPayload<Proposal, u64, PeerNode>;
/// An entry of the log.
pub type Entry = openraft::Entry<CommittedLeaderId, Payload>;
/// The members of the cluster.
pub type Membership = openraft::Membership<u64, PeerNode>;
/// The members, and the entry that made them so.
pub type StoredMembership = openraft::StoredMembership<CommittedLeaderId, u64, PeerNode>;
/// What a snapshot covers.
pub type SnapshotMeta = openraft::SnapshotMeta<CommittedLeaderId, u64, PeerNode>;
/// A snapshot file's bytes, header and checksum included; cheap to slice into chunks.
pub type SnapshotData = bytes::Bytes;
/// A snapshot.
pub type Snapshot = openraft::Snapshot<CommittedLeaderId, u64, PeerNode, SnapshotData>;

/// What a client of Raft proposes: a batch of commands. Cheap to clone, because an entry is in the
/// log's cache and in several replication streams at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal(Arc<Batch>);

/// What came of a batch: one outcome for each command, in order. Empty for an entry that holds no
/// batch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcomes(pub Vec<Outcome>);

/// How to reach a member.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PeerNode {
    /// `host:port`.
    pub address: String,
    /// The key that it proves itself by; `None` if it has none, or was added by an older release.
    pub key: Option<KeyHash>,
}

impl Proposal {
    /// Proposes `batch`.
    #[must_use]
    pub fn new(batch: Batch) -> Self {
        Self(Arc::new(batch))
    }
}

impl From<Batch> for Proposal {
    fn from(batch: Batch) -> Self {
        Self::new(batch)
    }
}

impl Deref for Proposal {
    type Target = Batch;

    fn deref(&self) -> &Batch {
        &self.0
    }
}

impl fmt::Display for Proposal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} commands", self.0.commands.len())
    }
}

impl PeerNode {
    /// A member at `address`.
    #[must_use]
    pub fn new(address: impl Into<String>) -> Self {
        Self {
            address: address.into(),
            key: None,
        }
    }

    /// The same with the key that it proves itself by.
    #[must_use]
    pub const fn with_key(mut self, key: Option<KeyHash>) -> Self {
        self.key = key;
        self
    }
}

impl fmt::Display for PeerNode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.address)
    }
}

impl<RT: AsyncRuntime> RaftTypeConfig for RaftTypes<RT> {
    type D = Proposal;
    type R = Outcomes;
    type NodeId = u64;
    type Node = PeerNode;
    type Term = u64;
    type LeaderId = LeaderId;
    type Vote = Vote;
    type Payload = Payload;
    type Entry = Entry;
    type AsyncRuntime = RT;
    type Responder<T>
        = openraft::impls::ProgressResponder<Self, T>
    where
        T: OptionalSend + 'static;
    type Batch<T>
        = openraft::impls::InlineBatch<T>
    where
        T: OptionalSend + 'static;
    type ErrorSource = openraft::impls::BoxedErrorSource;
}

// Written out because derives would ask the same of `RT`, which is never there.

impl<RT> fmt::Debug for RaftTypes<RT> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RaftTypes")
    }
}

impl<RT> Clone for RaftTypes<RT> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<RT> Copy for RaftTypes<RT> {}

impl<RT> Default for RaftTypes<RT> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<RT> PartialEq for RaftTypes<RT> {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl<RT> Eq for RaftTypes<RT> {}

impl<RT> PartialOrd for RaftTypes<RT> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<RT> Ord for RaftTypes<RT> {
    fn cmp(&self, _: &Self) -> Ordering {
        Ordering::Equal
    }
}
