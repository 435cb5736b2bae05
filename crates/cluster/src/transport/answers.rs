//! What an answer of a peer may say, before openraft sees it (S12).
//!
//! A node that answers speaks for itself: it may have seen a higher term, and it makes nobody leader.
//! Pure; the bounds are those of requests ([`crate::bounds`]).

use crate::bounds::{MAX_INDEX, MAX_TERM, TERM_STEP};
use openraft::raft::{AppendEntriesRequest, AppendEntriesResponse, SnapshotResponse, VoteResponse};
use raft_store::{LogId, TypeConfig, Vote};

/// What is wrong with an answer. It counts as none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BadAnswer {
    /// Whoever asks knows best what it was elected to.
    #[error("the answer says that this node votes for itself in term {0}, which it does not know")]
    NamesTheAsker(u64),
    /// Of something that was not sent.
    #[error("the answer is about entries that were not sent")]
    OtherEntries,
    /// Who has no vote deposes nobody.
    #[error("node {0} answers with a higher term, and has no vote")]
    NoVoter(u64),
    /// A position that no log has.
    #[error("the answer has a log position that cannot be")]
    Position,
}

/// Who asked whom, in which term.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked {
    /// This node.
    pub(crate) by: u64,
    /// The one that answers.
    pub(crate) whom: u64,
    /// The own term then.
    pub(crate) term: u64,
    /// Whether the one that answers has a vote, as far as this node knows.
    pub(crate) votes: bool,
}

impl Asked {
    /// A vote in an answer: never a committed one, never the asker's own in a higher term, and cut
    /// to a term that is 2^20 above the own one.
    pub(crate) fn vote(self, said: Vote) -> Result<Vote, BadAnswer> {
        let (term, named) = (said.leader_id.term, said.leader_id.voted_for);
        if term > self.term && named == self.by {
            return Err(BadAnswer::NamesTheAsker(term));
        }
        let limit = self.term.saturating_add(TERM_STEP).min(MAX_TERM);
        Ok(if term > limit {
            Vote::new(limit.max(self.term), self.whom)
        } else {
            Vote::new(term, named)
        })
    }

    /// The answer to entries or to a heartbeat.
    pub(crate) fn append(
        self,
        request: &Sent,
        answer: AppendEntriesResponse<TypeConfig>,
    ) -> Result<AppendEntriesResponse<TypeConfig>, BadAnswer> {
        match answer {
            AppendEntriesResponse::HigherVote(_) if !self.votes => {
                Err(BadAnswer::NoVoter(self.whom))
            }
            AppendEntriesResponse::HigherVote(vote) => {
                Ok(AppendEntriesResponse::HigherVote(self.vote(vote)?))
            }
            AppendEntriesResponse::PartialSuccess(matched) if !request.has(matched) => {
                Err(BadAnswer::OtherEntries)
            }
            // openraft unwraps the position that did not match.
            AppendEntriesResponse::Conflict if request.previous.is_none() => {
                Err(BadAnswer::OtherEntries)
            }
            answer => Ok(answer),
        }
    }

    /// The answer to a candidate.
    pub(crate) fn ballot(
        self,
        answer: VoteResponse<TypeConfig>,
    ) -> Result<VoteResponse<TypeConfig>, BadAnswer> {
        let term = answer.vote.leader_id.term;
        let impossible = |last: LogId| last.index > MAX_INDEX || last.leader_id.term > term;
        if answer.last_log_id.is_some_and(impossible) {
            return Err(BadAnswer::Position);
        }
        let vote = self.vote(answer.vote)?;
        Ok(VoteResponse::new(
            vote,
            answer.last_log_id,
            answer.vote_granted,
        ))
    }

    /// The answer to a snapshot.
    pub(crate) fn snapshot(
        self,
        answer: SnapshotResponse<TypeConfig>,
    ) -> Result<SnapshotResponse<TypeConfig>, BadAnswer> {
        if !self.votes && answer.vote.leader_id.term > self.term {
            return Err(BadAnswer::NoVoter(self.whom));
        }
        Ok(SnapshotResponse::new(self.vote(answer.vote)?))
    }
}

/// The positions of the entries that were sent.
pub(crate) struct Sent {
    previous: Option<LogId>,
    entries: Vec<LogId>,
}

impl Sent {
    pub(crate) fn of(request: &AppendEntriesRequest<TypeConfig>) -> Self {
        let entries = request.entries.iter().map(|entry| entry.log_id);
        Self {
            previous: request.prev_log_id,
            entries: entries.collect(),
        }
    }

    fn has(&self, matched: Option<LogId>) -> bool {
        let Some(matched) = matched else {
            return self.previous.is_none();
        };
        self.previous == Some(matched) || self.entries.contains(&matched)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use raft_store::CommittedLeaderId;

    const ASKED: Asked = Asked {
        by: 1,
        whom: 2,
        term: 7,
        votes: true,
    };

    fn log_id(term: u64, index: u64) -> LogId {
        LogId::new(CommittedLeaderId::new(term), index)
    }

    #[test]
    fn a_vote_in_an_answer_is_cut_and_makes_no_leader() {
        let limit = 7 + TERM_STEP;
        let high = MAX_TERM - 5;
        let near_the_end = Asked {
            term: high,
            ..ASKED
        };
        let cases = [
            (ASKED, Vote::new(7, 1), Ok(Vote::new(7, 1))),
            (ASKED, Vote::new_committed(7, 1), Ok(Vote::new(7, 1))),
            (ASKED, Vote::new(6, 3), Ok(Vote::new(6, 3))),
            (ASKED, Vote::new_committed(9, 3), Ok(Vote::new(9, 3))),
            (ASKED, Vote::new(limit, 3), Ok(Vote::new(limit, 3))),
            (ASKED, Vote::new(limit + 1, 3), Ok(Vote::new(limit, 2))),
            (
                ASKED,
                Vote::new_committed(u64::MAX, 3),
                Ok(Vote::new(limit, 2)),
            ),
            (ASKED, Vote::new(8, 1), Err(BadAnswer::NamesTheAsker(8))),
            (
                ASKED,
                Vote::new_committed(u64::MAX, 1),
                Err(BadAnswer::NamesTheAsker(u64::MAX)),
            ),
            (
                near_the_end,
                Vote::new(u64::MAX, 3),
                Ok(Vote::new(MAX_TERM, 2)),
            ),
        ];
        for (asked, said, expected) in cases {
            assert_eq!(asked.vote(said), expected, "{said}");
        }
    }

    /// Anybody with a certificate may have itself added, and would depose each leader.
    #[test]
    fn who_has_no_vote_deposes_nobody() {
        let learner = Asked {
            votes: false,
            ..ASKED
        };
        let sent = Sent {
            previous: None,
            entries: vec![],
        };
        let higher = || AppendEntriesResponse::HigherVote(Vote::new(8, 2));
        let refused = BadAnswer::NoVoter(2);
        assert_eq!(learner.append(&sent, higher()).err(), Some(refused));
        assert!(ASKED.append(&sent, higher()).is_ok());
        let snapshot = |term| SnapshotResponse::new(Vote::new(term, 2));
        assert_eq!(learner.snapshot(snapshot(8)).err(), Some(refused));
        assert!(learner.snapshot(snapshot(7)).is_ok());
    }

    #[test]
    fn an_answer_is_about_what_was_sent() {
        let sent = Sent {
            previous: Some(log_id(3, 5)),
            entries: vec![log_id(3, 6), log_id(7, 7)],
        };
        let from_the_beginning = Sent {
            previous: None,
            entries: vec![],
        };
        let partial = |matched| AppendEntriesResponse::PartialSuccess(matched);
        let other = Err(BadAnswer::OtherEntries);
        let cases = [
            (&sent, partial(Some(log_id(3, 5))), true),
            (&sent, partial(Some(log_id(7, 7))), true),
            (&sent, partial(Some(log_id(7, 8))), false),
            (&sent, partial(Some(log_id(7, u64::MAX))), false),
            (&sent, partial(None), false),
            (&from_the_beginning, partial(None), true),
            (&sent, AppendEntriesResponse::Conflict, true),
            (&from_the_beginning, AppendEntriesResponse::Conflict, false),
            (&sent, AppendEntriesResponse::Success, true),
        ];
        for (sent, answer, is_taken) in cases {
            let judged = ASKED.append(sent, answer.clone());
            let expected = if is_taken { Ok(answer) } else { other.clone() };
            assert_eq!(judged, expected);
        }
    }

    #[test]
    fn a_ballot_has_a_log_that_can_be() {
        let ballot = |last| VoteResponse::new(Vote::new(7, 1), Some(last), true);
        for (last, is_taken) in [
            (log_id(7, 9), true),
            (log_id(8, 9), false),
            (log_id(7, u64::MAX), false),
        ] {
            assert_eq!(ASKED.ballot(ballot(last)).is_ok(), is_taken, "{last}");
        }
    }
}
