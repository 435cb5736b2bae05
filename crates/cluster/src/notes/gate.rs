//! Whether this node may take part: not before it has collected its notes, and not while its log lacks
//! what one of them says.

use ipam::NodeId;
use raft_store::LogId;
use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// The gate.
#[derive(Debug)]
pub(crate) struct Gate(Mutex<State>);

#[derive(Clone, Debug)]
enum State {
    /// It answers nothing of Raft: its vote may be older than what it promised.
    Collecting {
        since: Instant,
        answered: BTreeSet<NodeId>,
    },
    /// It takes entries, and neither votes nor stands nor serves.
    Lacking {
        noted: LogId,
        source: NodeId,
        /// Where its log ended when that was found.
        ended: u64,
    },
    /// It answers nothing of Raft either: it has promised itself in this term, and forgotten it.
    Owing {
        term: u64,
    },
    Level,
}

/// What is looked at.
pub(super) struct Judged<'a> {
    pub(super) here: NodeId,
    /// The voters of each configuration that must agree.
    pub(super) voters: &'a [BTreeSet<NodeId>],
    /// How long this node waits for all the notes that it can get.
    pub(super) patience: Duration,
    /// Where its log ends.
    pub(super) last: Option<LogId>,
    /// What must be in it, and who says so.
    pub(super) noted: Option<(LogId, NodeId)>,
    /// The term of a noted vote that Raft does not know.
    pub(super) owed: Option<u64>,
}

/// What came of a look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    None,
    /// It may take part.
    Opened,
    /// It may not any more.
    Closed,
}

impl Gate {
    /// Of a node that starts. An empty one waits for nobody. One that is no voter by its own log does: it may
    /// have become one later, and its disk have gone back.
    pub(super) fn new(has_data: bool) -> Self {
        Self(Mutex::new(match has_data {
            true => State::Collecting {
                since: Instant::now(),
                answered: BTreeSet::new(),
            },
            false => State::Level,
        }))
    }

    /// Whether it may vote, stand and serve.
    pub(crate) fn is_level(&self) -> bool {
        matches!(*self.lock(), State::Level)
    }

    /// Whether its disk went back, and it waits for the leader to fill it.
    pub(crate) fn is_behind(&self) -> bool {
        matches!(*self.lock(), State::Lacking { .. } | State::Owing { .. })
    }

    /// Whether it answers nothing of Raft: it may have promised more than it knows.
    pub(crate) fn is_closed_to_raft(&self) -> bool {
        matches!(*self.lock(), State::Collecting { .. } | State::Owing { .. })
    }

    /// `node` has given what it keeps of this one.
    pub(super) fn answered(&self, node: NodeId) {
        if let State::Collecting { answered, .. } = &mut *self.lock() {
            answered.insert(node);
        }
    }

    /// Looks at a log and what is noted of it.
    pub(super) fn judge(&self, judged: &Judged<'_>) -> Change {
        let mut state = self.lock();
        if let State::Collecting { since, answered } = &*state {
            let is_late = since.elapsed() >= judged.patience;
            if !judged.has_collected(answered, is_late) {
                return Change::None;
            }
        }
        let next = judged.state();
        match (&*state, &next) {
            (State::Level, State::Level) => Change::None,
            (State::Owing { term: known }, State::Owing { term }) if known == term => Change::None,
            // Where it ended is said as it was found.
            (State::Lacking { noted: known, .. }, State::Lacking { noted, .. })
                if known == noted =>
            {
                Change::None
            }
            (_, State::Level) => {
                *state = next;
                Change::Opened
            }
            _ => {
                *state = next;
                Change::Closed
            }
        }
    }

    /// Why this node may not take part.
    pub(crate) fn reason(&self) -> Option<String> {
        match &*self.lock() {
            State::Level => None,
            State::Owing { term } => Some(format!(
                "its disk went back: it has voted in term {term}, its peers keep its own note of that, and \
                 its disk does not know it (a restored backup or snapshot, or a disk that loses what it \
                 acknowledged). It takes part again once its disk has the vote"
            )),
            State::Collecting { answered, .. } => Some(format!(
                "it starts, and first asks the other voters what they noted of its log: {} of them have \
                 answered; start those that are down",
                answered.len()
            )),
            State::Lacking {
                noted,
                source,
                ended,
            } => Some(format!(
                "its disk went back: its log ended at entry {ended}, and node {source} keeps its own note \
                 that it had entry {} on disk (a restored backup or snapshot, a copied data directory, or a \
                 disk that loses what it acknowledged). It neither votes nor serves until the leader has \
                 filled it; if there is no leader, start the nodes that are down; if this directory is a \
                 copy of one that is in use, stop it",
                noted.index
            )),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Judged<'_> {
    /// Whether those who answered are enough. Where no set has this node it may have become a voter later:
    /// it counts itself to each of them, as it would then.
    fn has_collected(&self, answered: &BTreeSet<NodeId>, is_late: bool) -> bool {
        if self.voters.is_empty() {
            // It has voted, and got no entry: whoever tries to fill it knows who else there is.
            return is_late && !answered.is_empty();
        }
        let is_voter = self.voters.iter().any(|set| set.contains(&self.here));
        self.voters.iter().all(|set| {
            let mut set = set.clone();
            set.extend((!is_voter).then_some(self.here));
            is_enough(self.here, &set, answered, is_late)
        })
    }

    fn state(&self) -> State {
        if let Some(term) = self.owed {
            return State::Owing { term };
        }
        let last = self.last;
        let lacks = self.noted.filter(|(noted, _)| !holds(last, *noted));
        lacks.map_or(State::Level, |(noted, source)| State::Lacking {
            noted,
            source,
            ended: last.map_or(0, |last| last.index),
        })
    }
}

/// Whether enough voters of one set have answered: a majority of the others, or, when it is late, as many as
/// form a majority with this one. Then whoever names this cluster and is not of the set counts for one of it that
/// is silent: it may have taken its place while this node was away, and that one never answers any more. It makes
/// no difference where this node's disk is the only one that is broken: a majority of the others answers in time.
fn is_enough(
    here: NodeId,
    set: &BTreeSet<NodeId>,
    answered: &BTreeSet<NodeId>,
    is_late: bool,
) -> bool {
    let others = set.iter().filter(|voter| **voter != here).count();
    let have = set
        .iter()
        .filter(|voter| **voter != here && answered.contains(voter))
        .count();
    let is_new = |node: &&NodeId| **node != here && !set.contains(*node);
    let in_their_place = answered.iter().filter(is_new).count();
    let with_itself = have + in_their_place + usize::from(set.contains(&here));
    others == 0 || have > others / 2 || is_late && with_itself > set.len() / 2
}

/// Whether a log that ends with `last` has the committed entry `noted`. Whoever led a later term had it, and
/// so has every log that took an entry from that leader (Raft's leader completeness and log matching).
fn holds(last: Option<LogId>, noted: LogId) -> bool {
    last.is_some_and(|last| last.index >= noted.index && last.leader_id >= noted.leader_id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use raft_store::CommittedLeaderId;

    const HERE: NodeId = NodeId(1);
    const PATIENCE: Duration = Duration::from_secs(5);

    fn id(term: u64, index: u64) -> LogId {
        LogId::new(CommittedLeaderId::new(term), index)
    }

    fn set(nodes: &[u64]) -> BTreeSet<NodeId> {
        nodes.iter().copied().map(NodeId).collect()
    }

    fn enough(voters: &[u64], answered: &[u64], is_late: bool) -> bool {
        is_enough(HERE, &set(voters), &set(answered), is_late)
    }

    #[test]
    fn a_majority_of_the_others_or_late_one_with_itself() {
        assert!(enough(&[1], &[], false));
        assert!(!enough(&[1, 2], &[], true), "the other one may know better");
        assert!(enough(&[1, 2], &[2], false));
        assert!(!enough(&[1, 2, 3], &[2], false));
        assert!(enough(&[1, 2, 3], &[2], true));
        assert!(enough(&[1, 2, 3], &[2, 3], false));
        assert!(!enough(&[1, 2, 3], &[9], false), "no voter");
        assert!(
            enough(&[1, 2, 3], &[9], true),
            "it may have taken the place of one"
        );
        assert!(!enough(&[1, 2, 3, 4, 5], &[9], true));
        assert!(enough(&[1, 2, 3, 4, 5], &[2, 9], true));
        assert!(!enough(&[1, 2, 3, 4, 5], &[2, 3], false));
        assert!(enough(&[1, 2, 3, 4, 5], &[2, 3], true));
        assert!(enough(&[1, 2, 3, 4, 5], &[2, 3, 4], false));
        assert!(!enough(&[1, 2, 3, 4, 5], &[2], true));
    }

    #[test]
    fn a_log_of_a_later_term_has_what_was_committed_before() {
        assert!(holds(Some(id(2, 80)), id(2, 80)));
        assert!(holds(Some(id(3, 80)), id(2, 80)));
        assert!(!holds(Some(id(2, 79)), id(2, 80)));
        assert!(
            !holds(Some(id(1, 90)), id(2, 80)),
            "longer, of an older term"
        );
        assert!(!holds(None, id(1, 0)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_disk_that_went_back_is_seen_and_filled() {
        let gate = Gate::new(true);
        let voters = [set(&[1, 2, 3])];
        let owing = std::cell::Cell::new(None);
        let judge = |last, noted| {
            gate.judge(&Judged {
                here: HERE,
                voters: &voters,
                patience: PATIENCE,
                last: Some(last),
                noted,
                owed: owing.get(),
            })
        };
        assert_eq!(judge(id(1, 40), None), Change::None);
        assert!(gate.is_closed_to_raft() && !gate.is_level());
        gate.answered(NodeId(2));
        assert_eq!(judge(id(1, 40), None), Change::None);
        tokio::time::advance(PATIENCE).await;
        let noted = Some((id(1, 80), NodeId(2)));
        assert_eq!(judge(id(1, 40), noted), Change::Closed);
        assert!(
            !gate.is_closed_to_raft() && !gate.is_level(),
            "it takes entries"
        );
        let reason = gate.reason().unwrap_or_default();
        assert!(
            reason.contains("went back: its log ended at entry 40"),
            "{reason}"
        );
        assert_eq!(judge(id(1, 60), noted), Change::None);
        assert_eq!(judge(id(1, 80), noted), Change::Opened);
        assert_eq!(gate.reason(), None);
        let later = Some((id(1, 99), NodeId(3)));
        assert_eq!(
            judge(id(1, 90), later),
            Change::Closed,
            "at any later exchange"
        );
        assert_eq!(judge(id(1, 99), later), Change::Opened);
        owing.set(Some(4));
        assert_eq!(judge(id(1, 99), later), Change::Closed);
        assert!(
            gate.is_closed_to_raft(),
            "whom it has left must not count it"
        );
        owing.set(None);
        assert_eq!(judge(id(1, 99), later), Change::Opened);
    }

    #[test]
    fn an_empty_node_does_not_wait() {
        assert!(Gate::new(false).is_level());
    }

    /// It may have become a voter since. One that really is a learner waits for no more than a quorum of those
    /// that fill it.
    #[test]
    fn who_is_no_voter_by_its_log_waits_as_one_more_voter() {
        let collected = |sets: &[&[u64]], answered: &[u64], is_late| {
            let voters: Vec<_> = sets.iter().map(|nodes| set(nodes)).collect();
            let judged = Judged {
                here: NodeId(9),
                voters: &voters,
                patience: PATIENCE,
                last: None,
                noted: None,
                owed: None,
            };
            judged.has_collected(&set(answered), is_late)
        };
        assert!(!collected(&[&[1]], &[], true));
        assert!(collected(&[&[1]], &[1], false));
        assert!(!collected(&[&[1, 2]], &[2], false));
        assert!(
            collected(&[&[1, 2]], &[2], true),
            "with it they may be three"
        );
        assert!(!collected(&[&[1, 2, 3]], &[2], true));
        assert!(collected(&[&[1, 2, 3]], &[2, 3], false));
        assert!(!collected(&[&[1, 9], &[1, 2, 3]], &[1], true), "joint");
        assert!(collected(&[&[1, 9], &[1, 2, 3]], &[1, 2], true));
        assert!(!collected(&[], &[1], false) && !collected(&[], &[], true));
        assert!(
            collected(&[], &[1], true),
            "it has voted, and got no entry yet"
        );
    }
}
