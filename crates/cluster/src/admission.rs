//! How an empty node becomes somebody's: it answers no Raft request before, and takes an invitation only
//! if it wants one.
//!
//! A node that was started with `--join` takes the invitation that answers its own Join: it carries the
//! number that was drawn for it, which nobody knows but whom it asked. A node that waits for an operator
//! takes the first one; it has no cluster yet, and can tell no better. Everybody else takes none but
//! that of the cluster that it belongs to.

use crate::lock::lock;
use openraft::AsyncRuntime;
use raft_store::NodeRuntime;
use rand::RngExt;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

/// Drawn for one Join.
pub(crate) type Nonce = [u8; 16];

/// Whether this node is a cluster's, and which invitation it takes while it is empty.
#[derive(Debug, Default)]
pub(crate) struct Admission {
    expects: Mutex<Expects>,
    accepts_raft_rpcs: AtomicBool,
    founding: AtomicBool,
}

#[derive(Clone, Copy, Debug, Default)]
enum Expects {
    /// It has not begun, or founds a cluster of its own.
    #[default]
    Nothing,
    /// An operator adds it.
    Anybodys,
    /// It has asked to join.
    AnswerTo(Nonce),
}

impl Admission {
    /// Of a node that starts. One that has data is somebody's already.
    pub(crate) fn new(has_data: bool) -> Self {
        Self {
            accepts_raft_rpcs: AtomicBool::new(has_data),
            ..Self::default()
        }
    }

    /// Whether this node answers Raft requests: see `Invite` in peer.proto.
    pub(crate) fn accepts_raft_rpcs(&self) -> bool {
        self.accepts_raft_rpcs.load(Ordering::SeqCst)
    }

    /// From now on it does.
    pub(crate) fn accept_raft_rpcs(&self) {
        self.accepts_raft_rpcs.store(true, Ordering::SeqCst);
    }

    /// Whether this node was told to found a cluster, and has not yet.
    pub(crate) fn is_founding(&self) -> bool {
        self.founding.load(Ordering::SeqCst)
    }

    /// It is about to found one, or is not any more.
    pub(crate) fn set_founding(&self, founding: bool) {
        self.founding.store(founding, Ordering::SeqCst);
    }

    /// This node waits until an operator adds it.
    pub(crate) fn wait(&self) {
        self.set(Expects::Anybodys);
    }

    /// This node asks to join: the number for that.
    pub(crate) fn ask(&self) -> Nonce {
        let nonce = NodeRuntime::thread_rng().random();
        self.set(Expects::AnswerTo(nonce));
        nonce
    }

    /// Why an invitation with this number is not taken, if so.
    pub(crate) fn refusal(&self, nonce: &[u8]) -> Option<&'static str> {
        match *lock(&self.expects) {
            Expects::Anybodys => None,
            Expects::AnswerTo(asked) if nonce == asked => None,
            Expects::AnswerTo(_) => Some(
                "it asks for itself to be added (GATEWAY_JOIN), and takes the answer to that alone",
            ),
            Expects::Nothing => Some("it does not wait to be added"),
        }
    }

    /// Whether an invitation with this number answers what this node has asked. Of a term nobody else is
    /// believed.
    pub(crate) fn answers_own_join(&self, nonce: &[u8]) -> bool {
        let expects = *lock(&self.expects);
        matches!(expects, Expects::AnswerTo(asked) if nonce == asked)
    }

    fn set(&self, expects: Expects) {
        *lock(&self.expects) = expects;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invitation_answers_the_own_join() {
        let admission = Admission::default();
        assert!(admission.refusal(&[]).is_some());
        let nonce = admission.ask();
        assert!(admission.refusal(&[]).is_some());
        assert!(admission.refusal(&[0; 16]).is_some());
        assert_eq!(admission.refusal(&nonce), None);
        assert!(admission.answers_own_join(&nonce) && !admission.answers_own_join(&[0; 16]));
        let next = admission.ask();
        assert_ne!(nonce, next);
        assert!(admission.refusal(&nonce).is_some());
        admission.wait();
        assert_eq!(admission.refusal(&[]), None);
        assert!(!admission.answers_own_join(&[]));
    }
}
