//! Who was removed from the cluster: a key for good, an id until it comes back (S12).

use crate::lock::lock;
use crate::raft_view::RaftView;
use ipam::{KeyHash, MemberKey, NodeId};
use raft_store::StateReader;
use std::collections::BTreeMap;
use std::sync::Mutex;

/// Members that were removed, by the state as it is applied here.
#[derive(Clone)]
pub(crate) struct RemovedMembers {
    view: RaftView,
    reader: StateReader,
}

impl RemovedMembers {
    /// By this state and these members.
    pub(crate) const fn new(view: RaftView, reader: StateReader) -> Self {
        Self { view, reader }
    }

    /// Whether this key was removed with a member: for good.
    pub(crate) fn has_key(&self, key: Option<&KeyHash>) -> bool {
        let is_removed = |key| {
            self.reader
                .with(|applied| applied.state.removed().has_key(key))
        };
        key.is_some_and(is_removed)
    }

    /// Whether this caller is a member that was removed.
    pub(crate) fn contains(&self, caller: MemberKey) -> bool {
        let is_member = self.view.has_member(caller.node);
        self.reader
            .with(|applied| applied.state.removed().contains(caller, is_member))
    }
}

/// What members proved themselves by when they last asked something.
#[derive(Debug, Default)]
pub(crate) struct SeenKeys(Mutex<BTreeMap<NodeId, KeyHash>>);

impl SeenKeys {
    /// `node` has just proved itself by `key`.
    pub(crate) fn note(&self, node: NodeId, key: KeyHash) {
        lock(&self.0).insert(node, key);
    }

    /// What `node` proved itself by last.
    pub(super) fn of(&self, node: NodeId) -> Option<KeyHash> {
        lock(&self.0).get(&node).copied()
    }
}
