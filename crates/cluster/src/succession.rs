//! Whom the leader named to follow it.
//!
//! openraft lets a candidate that says "the leader hands over to me" pass the leader's lease, and asks
//! nobody. So this node remembers whom the leader named: by its own request, or by this node itself.

use raft_store::Vote;
use std::sync::{Mutex, PoisonError};

/// The last heir that a leader named.
#[derive(Debug, Default)]
pub(crate) struct Succession(Mutex<Option<Named>>);

#[derive(Clone, Copy, Debug)]
struct Named {
    /// The leader's term.
    term: u64,
    heir: u64,
}

impl Succession {
    /// The leader of `term` has named `heir`.
    pub(crate) fn name(&self, term: u64, heir: u64) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Named { term, heir });
    }

    /// Whether `candidate` is the heir, and stands for the very next term with this `vote`.
    pub(crate) fn is_heir(&self, candidate: u64, vote: &Vote) -> bool {
        let named = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        named.is_some_and(|named| {
            named.heir == candidate && named.term.checked_add(1) == Some(vote.leader_id.term)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_named_one_is_heir_in_the_next_term() {
        let succession = Succession::default();
        assert!(!succession.is_heir(2, &Vote::new(8, 2)));
        succession.name(7, 2);
        assert!(succession.is_heir(2, &Vote::new(8, 2)));
        assert!(!succession.is_heir(3, &Vote::new(8, 3)));
        assert!(!succession.is_heir(2, &Vote::new(9, 2)));
        succession.name(u64::MAX, 2);
        assert!(!succession.is_heir(2, &Vote::new(0, 2)));
    }
}
