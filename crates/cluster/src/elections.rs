//! Whether this node stands for election when it hears no leader.
//!
//! * **What flows in and out.** In: what the parts of the node have found out, each in its own time. Out: the
//!   setting of the Raft that runs. Whoever changes an input has all of them looked at again.
//! * **A crash** forgets it: a node that starts does not stand before it has found out again.

use crate::identity::Identity;
use crate::raft::RaftHandle;
use crate::raft_view::RaftView;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// What another part knows. It is asked where nobody else decides at the same time, and calls
/// [`Elections::refresh`] when it changes.
pub(crate) type Condition = Box<dyn Fn() -> bool + Send + Sync>;

/// Whether this node stands for election.
pub(crate) struct Elections {
    identity: Arc<Identity>,
    view: RaftView,
    raft: Arc<RaftHandle>,
    enabled: AtomicBool,
    /// Whether its log has all that is noted of it.
    log_is_complete: Condition,
    /// Whether peers go by an address of this node that the membership has not yet.
    taken_over: AtomicBool,
}

impl Elections {
    /// Of a node that starts, and does not stand yet.
    pub(crate) fn new(
        identity: Arc<Identity>,
        view: RaftView,
        raft: Arc<RaftHandle>,
        log_is_complete: Condition,
    ) -> Self {
        Self {
            identity,
            view,
            raft,
            enabled: AtomicBool::new(false),
            log_is_complete,
            taken_over: AtomicBool::new(false),
        }
    }

    /// From now on this node stands for election when it hears no leader, if nothing else is against it.
    ///
    /// A node that was added empty may not, until it has once been level with the leader. Its log
    /// comes from the beginning, and there the founder is alone. If this node has the founder's id,
    /// because that one lost its disk and was added again, it would elect itself by those first
    /// entries, and found a second cluster on them (S1, S2). Its vote tells it from the founder.
    pub(crate) fn enable(&self) {
        self.enabled.store(true, Ordering::SeqCst);
        self.refresh();
    }

    /// Whether peers that looked go by the address that this node has now.
    pub(crate) fn set_taken_over(&self, taken_over: bool) {
        self.taken_over.store(taken_over, Ordering::SeqCst);
        self.refresh();
    }

    /// Has Raft stand for election when it hears no leader, if nothing is against it, and else not.
    pub(crate) fn refresh(&self) {
        self.raft.set_elections(|| self.inputs().may_stand());
    }

    fn inputs(&self) -> Inputs {
        let recorded = self.view.recorded_address(self.identity.node);
        Inputs {
            enabled: self.enabled.load(Ordering::SeqCst),
            log_is_complete: (self.log_is_complete)(),
            is_recorded_here: recorded
                .is_none_or(|recorded| recorded == self.identity.peer_address),
            taken_over: self.taken_over.load(Ordering::SeqCst),
            has_other_voters: self.view.has_other_voters(),
        }
    }
}

/// All that counts.
#[derive(Clone, Copy, Debug)]
struct Inputs {
    enabled: bool,
    log_is_complete: bool,
    /// Whether the membership has this node where it is, or not at all.
    is_recorded_here: bool,
    taken_over: bool,
    has_other_voters: bool,
}

impl Inputs {
    /// A node whose new address nobody believes yet does not stand: it may run from a copy (ADR 0021). Where
    /// there is no other voter there is nobody to ask.
    const fn may_stand(self) -> bool {
        let is_where_peers_have_it =
            self.is_recorded_here || self.taken_over || !self.has_other_voters;
        self.enabled && self.log_is_complete && is_where_peers_have_it
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: Inputs = Inputs {
        enabled: true,
        log_is_complete: true,
        is_recorded_here: true,
        taken_over: true,
        has_other_voters: true,
    };

    #[test]
    fn may_stand_not_enabled_or_log_incomplete_false() {
        assert!(ALL.may_stand());
        let (enabled, log_is_complete) = (false, false);
        assert!(!Inputs { enabled, ..ALL }.may_stand());
        let incomplete = Inputs {
            log_is_complete,
            ..ALL
        };
        assert!(!incomplete.may_stand());
    }

    #[test]
    fn may_stand_moved_only_when_believed_or_alone() {
        let moved = Inputs {
            is_recorded_here: false,
            taken_over: false,
            ..ALL
        };
        assert!(!moved.may_stand());
        let believed = Inputs {
            taken_over: true,
            ..moved
        };
        assert!(believed.may_stand());
        let alone = Inputs {
            has_other_voters: false,
            ..moved
        };
        assert!(alone.may_stand());
    }
}
