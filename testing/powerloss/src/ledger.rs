//! What was asked of a store, what it has acknowledged, and when; and the verdict on what is left.
//!
//! The store promises that a crash leaves a prefix of what was asked for, and at least all that was
//! acknowledged. So there must be a moment, not before the last acknowledgement, at which the log was
//! as it is found. That one rule finds a lost entry, an older vote, an entry that was truncated and
//! has come back, and anything that nobody has written.

use crate::known::{Known, KnownSnapshot, Recovered};
use std::fmt;

/// A place in the recorded history: how many steps the disk had taken.
pub type Position = usize;

/// What was being done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Doing {
    /// The directory is made for the first time.
    Creating,
    /// The store is opened after a crash.
    Recovering,
    /// The store is opened after an orderly end.
    Reopening,
    /// Entries are appended.
    Appending,
    /// A vote is given.
    Voting,
    /// The end of the log is replaced.
    Truncating,
    /// What is committed is noted.
    Committing,
    /// A snapshot is built.
    Snapshotting,
    /// A snapshot from another node is installed.
    Installing,
    /// The beginning of the log is removed.
    Purging,
    /// The store is closed.
    Closing,
}

impl fmt::Display for Doing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Creating => "creating",
            Self::Recovering => "recovering",
            Self::Reopening => "reopening",
            Self::Appending => "appending",
            Self::Voting => "voting",
            Self::Truncating => "truncating",
            Self::Committing => "committing",
            Self::Snapshotting => "snapshotting",
            Self::Installing => "installing",
            Self::Purging => "purging",
            Self::Closing => "closing",
        })
    }
}

/// One thing that was asked for.
#[derive(Clone, Debug)]
struct Asked<T> {
    at: Position,
    acknowledged: Option<Position>,
    after: T,
}

/// Everything that was asked for since the recording began.
#[derive(Clone, Debug)]
pub struct Ledger {
    /// In order; the first is what was there.
    log: Vec<Asked<Known>>,
    /// In order; the first, if it is at 0, is what was there.
    snapshots: Vec<Asked<KnownSnapshot>>,
    doing: Vec<(Position, Doing)>,
}

/// What is wrong with what is left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// The store does not open.
    Refused(String),
    /// Something acknowledged is not there, or something is there that should not be.
    Lost(String),
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(why) => write!(f, "REFUSED to open: {why}"),
            Self::Lost(what) => write!(f, "LOST: {what}"),
        }
    }
}

impl Ledger {
    /// Begins with what is there.
    #[must_use]
    pub fn new(found: Recovered) -> Self {
        let at_once = |after| Asked {
            at: 0,
            acknowledged: Some(0),
            after,
        };
        Self {
            log: vec![at_once(found.known)],
            snapshots: found
                .snapshot
                .map(|snapshot| Asked {
                    at: 0,
                    acknowledged: Some(0),
                    after: snapshot,
                })
                .into_iter()
                .collect(),
            doing: Vec::new(),
        }
    }

    /// What the log is like when all is done.
    #[must_use]
    pub fn known(&self) -> &Known {
        // Never empty: it begins with what was there.
        &self.log[self.log.len() - 1].after
    }

    /// The newest snapshot.
    #[must_use]
    pub fn snapshot(&self) -> Option<KnownSnapshot> {
        self.snapshots.last().map(|asked| asked.after)
    }

    /// How many things were asked for and acknowledged.
    #[must_use]
    pub fn acknowledged(&self) -> usize {
        let log = self.log.iter().filter(|asked| asked.acknowledged > Some(0));
        let snapshots = &self.snapshots;
        let snapshots = snapshots
            .iter()
            .filter(|asked| asked.acknowledged > Some(0));
        log.count() + snapshots.count()
    }

    /// From here on this is being done.
    pub fn begin(&mut self, at: Position, doing: Doing) {
        self.doing.push((at, doing));
    }

    /// A change of the log is asked for; its number, for [`Ledger::acknowledge`].
    pub fn ask(&mut self, at: Position, change: impl FnOnce(&mut Known)) -> usize {
        let mut after = self.known().clone();
        change(&mut after);
        self.log.push(Asked {
            at,
            acknowledged: None,
            after,
        });
        self.log.len() - 1
    }

    /// A change of the log is durable, says the store; so are all before it.
    pub fn acknowledge(&mut self, number: usize, at: Position) {
        self.log[number].acknowledged = Some(at);
    }

    /// A snapshot is to be made durable.
    pub fn ask_snapshot(&mut self, at: Position, snapshot: KnownSnapshot) {
        self.snapshots.push(Asked {
            at,
            acknowledged: None,
            after: snapshot,
        });
    }

    /// The last snapshot is durable, says the store.
    pub fn acknowledge_snapshot(&mut self, at: Position) {
        if let Some(last) = self.snapshots.last_mut() {
            last.acknowledged = Some(at);
        }
    }

    /// What was being done when the disk had taken so many steps.
    #[must_use]
    pub fn doing(&self, at: Position) -> Doing {
        let begun = self.doing.iter().rfind(|(since, _)| *since < at.max(1));
        begun.map_or(Doing::Creating, |(_, doing)| *doing)
    }

    /// Whether what is left after a crash at `at` is right.
    pub fn judge(&self, at: Position, found: &Recovered) -> Result<(), Wrong> {
        judge_order(found)?;
        self.judge_log(at, &found.known)?;
        self.judge_snapshot(at, found.snapshot)
    }

    fn judge_log(&self, at: Position, found: &Known) -> Result<(), Wrong> {
        let is_acknowledged = |asked: &Asked<Known>| asked.acknowledged.is_some_and(|a| a <= at);
        let least = self.log.iter().rposition(is_acknowledged).unwrap_or(0);
        let asked = self.log[least..].iter().take_while(|asked| asked.at <= at);
        let mut before: Option<&Known> = None;
        for Asked { after, .. } in asked {
            if after == found || before.is_some_and(|before| is_between(before, after, found)) {
                return Ok(());
            }
            before = Some(after);
        }
        Err(Wrong::Lost(format!(
            "acknowledged: {}; asked for: {}; found: {}",
            self.log[least].after.describe(),
            before.map_or_else(String::new, Known::describe),
            found.describe()
        )))
    }

    fn judge_snapshot(&self, at: Position, found: Option<KnownSnapshot>) -> Result<(), Wrong> {
        let is_acknowledged =
            |asked: &Asked<KnownSnapshot>| asked.acknowledged.is_some_and(|a| a <= at);
        let least = self.snapshots.iter().rposition(is_acknowledged);
        let asked = self.snapshots[least.unwrap_or(0)..].iter();
        let mut allowed = asked
            .take_while(|asked| asked.at <= at)
            .map(|asked| asked.after);
        let is_right = match found {
            None => least.is_none(),
            Some(found) => allowed.any(|allowed| allowed == found),
        };
        if is_right {
            return Ok(());
        }
        Err(Wrong::Lost(format!(
            "snapshot acknowledged: {:?}; found: {found:?}",
            least.map(|least| self.snapshots[least].after)
        )))
    }
}

/// A log whose end is older than the snapshot, and yet reaches as far, is one that openraft refuses
/// to start with ("inverted log order"): a tail that the snapshot has replaced has come back.
fn judge_order(found: &Recovered) -> Result<(), Wrong> {
    let (Some(last), Some(snapshot)) = (found.known.last(), found.snapshot) else {
        return Ok(());
    };
    if last < snapshot.last && last.index >= snapshot.last.index {
        let covered = snapshot.last;
        return Err(Wrong::Refused(format!(
            "by openraft: the log ends with {last}, which the snapshot up to {covered} has replaced"
        )));
    }
    Ok(())
}

/// Whether `found` is a moment of a change that adds entries at the end or removes them there: that
/// need not happen at once.
fn is_between(before: &Known, after: &Known, found: &Known) -> bool {
    let rest = |known: &Known| (known.vote, known.committed, known.purged);
    let (shorter, longer) = if before.entries.len() <= after.entries.len() {
        (before, after)
    } else {
        (after, before)
    };
    rest(before) == rest(found)
        && rest(after) == rest(found)
        && longer.entries.starts_with(&found.entries)
        && found.entries.starts_with(&shorter.entries)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entries::{entry, log_id};
    use raft_store::Vote;

    fn ledger() -> Ledger {
        let mut rng = fastrand::Rng::with_seed(1);
        let mut ledger = Ledger::new(Recovered::default());
        let vote = ledger.ask(10, |known| known.vote = Some(Vote::new(1, 1)));
        ledger.acknowledge(vote, 12);
        let append = ledger.ask(20, |known| {
            known.entries = (0..4).map(|index| entry(&mut rng, 1, index)).collect();
        });
        ledger.acknowledge(append, 22);
        ledger.ask(30, |known| known.entries.truncate(2));
        ledger.ask(31, |known| known.entries.push(entry(&mut rng, 2, 2)));
        ledger
    }

    fn found(known: &Known) -> Recovered {
        Recovered {
            known: known.clone(),
            snapshot: None,
        }
    }

    #[test]
    fn what_was_acknowledged_must_be_there_and_what_was_asked_for_may() {
        let ledger = ledger();
        let after = |n: usize| found(&ledger.log[n].after);
        assert_eq!(ledger.judge(5, &after(0)), Ok(()));
        assert!(ledger.judge(12, &after(0)).is_err(), "the vote is gone");
        assert!(ledger.judge(5, &after(1)).is_err(), "not asked for yet");
        assert_eq!(ledger.judge(21, &after(1)), Ok(()));
        assert_eq!(ledger.judge(21, &after(2)), Ok(()));
        assert!(ledger.judge(22, &after(1)).is_err(), "the entries are gone");
        assert_eq!(ledger.judge(40, &after(4)), Ok(()));
    }

    #[test]
    fn a_part_of_an_append_may_be_there_and_a_hole_may_not() {
        let ledger = ledger();
        let mut part = ledger.log[2].after.clone();
        part.entries.pop();
        assert_eq!(ledger.judge(21, &found(&part)), Ok(()));
        assert!(ledger.judge(25, &found(&part)).is_err());
        part.entries.remove(0);
        assert!(ledger.judge(21, &found(&part)).is_err());
    }

    #[test]
    fn a_truncated_entry_must_not_come_back_beside_its_successor() {
        let ledger = ledger();
        let mut mixed = ledger.log[4].after.clone();
        mixed.entries.push(ledger.log[2].after.entries[3].clone());
        assert!(ledger.judge(40, &found(&mixed)).is_err());
    }

    #[test]
    fn a_tail_that_a_snapshot_has_replaced_must_not_come_back() {
        let ledger = ledger();
        let mut found = found(&ledger.log[2].after);
        found.snapshot = Some(KnownSnapshot {
            last: log_id(2, 3),
            digest: None,
        });
        assert!(matches!(ledger.judge(25, &found), Err(Wrong::Refused(_))));
    }

    #[test]
    fn an_acknowledged_snapshot_must_be_there() {
        let mut ledger = ledger();
        let snapshot = KnownSnapshot {
            last: log_id(1, 3),
            digest: None,
        };
        ledger.ask_snapshot(50, snapshot);
        let mut found = found(ledger.known());
        assert_eq!(ledger.judge(55, &found), Ok(()));
        ledger.acknowledge_snapshot(60);
        assert!(ledger.judge(60, &found).is_err());
        found.snapshot = Some(snapshot);
        assert_eq!(ledger.judge(60, &found), Ok(()));
        assert!(ledger.judge(49, &found).is_err(), "not asked for yet");
    }
}
