//! How an empty node becomes somebody's: it answers no Raft request before, and takes an invitation only
//! if it wants one.
//!
//! A node that was started with `--join` takes the invitation that answers its own Join: it carries the
//! number that was drawn for it, which nobody knows but whom it asked. A node that waits for an operator
//! takes the first one; it has no cluster yet, and can tell no better. Everybody else takes none but
//! that of the cluster that it belongs to.

use openraft::AsyncRuntime;
use raft_store::NodeRuntime;
use rand::RngExt;
use std::sync::{Mutex, PoisonError};

/// Drawn for one Join.
pub(crate) type Nonce = [u8; 16];

/// Which invitation an empty node takes.
#[derive(Debug, Default)]
pub(crate) struct Admission(Mutex<Expects>);

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
        match *self.0.lock().unwrap_or_else(PoisonError::into_inner) {
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
        let expects = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        matches!(expects, Expects::AnswerTo(asked) if nonce == asked)
    }

    fn set(&self, expects: Expects) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = expects;
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
