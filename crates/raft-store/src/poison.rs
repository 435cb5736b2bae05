//! Numbers that no election and no log reaches: a peer that lied has had them stored (S12).
//!
//! openraft counts on from what it finds, and panics on an overflow, at every start. So they are named.

use crate::{LogId, Vote};

/// The largest term and index that are used (ADR 0015).
const LARGEST: u64 = 1 << 62;

/// What is poisoned in a vote.
pub(crate) fn vote(vote: Option<Vote>) -> Option<String> {
    let term = vote?.leader_id.term;
    (term > LARGEST).then(|| said("the vote", "term", term))
}

/// What is poisoned in a position; `what` says whose it is.
pub(crate) fn position(what: &str, position: Option<LogId>) -> Option<String> {
    let position = position?;
    let (term, index) = (position.leader_id.term, position.index);
    if term > LARGEST {
        return Some(said(what, "term", term));
    }
    (index > LARGEST).then(|| said(what, "index", index))
}

fn said(what: &str, number: &str, value: u64) -> String {
    format!(
        "its data directory is poisoned: {what} has {number} {value}, which no election and no log reaches; \
         a peer that lied has had it stored. Keep the directory for whoever looks into it, remove this node \
         from the cluster, and add it again with an empty one"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::CommittedLeaderId;

    #[test]
    fn what_is_beyond_two_to_the_62_is_poisoned() {
        assert_eq!(vote(None), None);
        assert_eq!(vote(Some(Vote::new(LARGEST, 1))), None);
        assert!(vote(Some(Vote::new(LARGEST + 1, 1))).is_some());
        let at = |term, index| Some(LogId::new(CommittedLeaderId::new(term), index));
        assert_eq!(position("the log", at(LARGEST, LARGEST)), None);
        assert!(position("the log", at(u64::MAX, 0)).is_some_and(|said| said.contains("term")));
        assert!(position("the log", at(0, u64::MAX)).is_some_and(|said| said.contains("index")));
    }
}
