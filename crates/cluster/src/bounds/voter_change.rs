//! From one set of voters to the next, as an honest leader goes (S1, S12).
//!
//! openraft counts by a membership as soon as it is in the log, committed or not. So a leader that lies could
//! name its receiver the only voter, and the receiver would elect itself, commit alone, and serve the same
//! pool beside the others, for as long as it runs. An honest leader takes out one voter at a time, and leaves
//! nobody else alone. It may take itself out: one that is elected while it is being removed ends the change.
//!
//! Of two nodes, the one that is being removed may have to end the change that leaves the other alone: that
//! one led, and its power went before the entry was on its disk. What it asked for it does not know any more,
//! and this looks as a liar's work does. So there an operator decides, by starting it with `--alone`: until it
//! is restarted, that counts wherever just the two voters are left that its log named at that start.
//!
//! * **What flows in and out.** In: the memberships that this node counts by, and an append. Out: nothing, or
//!   what is wrong. Pure.
//! * **Only what is new is judged.** What this node has already, it has judged; and a newcomer has no voters
//!   to compare with.

use super::{Log, Own, Violation};
use openraft::EntryPayload;
use openraft::raft::AppendEntriesRequest;
use raft_store::{Membership, TypeConfig};
use std::collections::BTreeSet;

/// A set of voters.
pub(crate) type Voters = BTreeSet<u64>;

/// By whom this node counts.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counted {
    /// This node.
    pub(crate) here: u64,
    /// The last voters that it knows committed, and the last ones in its log: the same, mostly.
    pub(crate) voters: [Voters; 2],
    /// The two voters of whom an operator said, at this start, that the other one may be gone.
    pub(crate) pair: Option<Voters>,
}

impl Counted {
    /// Whether it was said that this node may be left alone of these.
    fn may_be_alone_of(&self, before: &Voters) -> bool {
        self.pair.as_ref() == Some(before)
    }
}

/// The voters at the end of a change.
pub(crate) fn voters_of(members: &Membership) -> Voters {
    members
        .get_joint_config()
        .last()
        .cloned()
        .unwrap_or_default()
}

/// The memberships of an append, one after the other.
pub(crate) fn check_append(
    counted: &Counted,
    own: &Own,
    log: Log<'_>,
    request: &AppendEntriesRequest<TypeConfig>,
) -> Result<(), Violation> {
    // Which of the two is the one before depends on what the append replaces: either will do.
    let mut before = counted.voters.to_vec();
    for entry in &request.entries {
        let EntryPayload::Membership(members) = &entry.payload else {
            continue;
        };
        let next = voters_of(members);
        if !own.has(log, entry.log_id) {
            check_step(counted, &before, &next)?;
        }
        before = vec![next];
    }
    Ok(())
}

/// What a snapshot makes of the voters may be many steps. But it leaves nobody alone who was not.
pub(crate) fn check_snapshot(counted: &Counted, members: &Membership) -> Result<(), Violation> {
    let next = voters_of(members);
    let mut before = counted.voters.iter();
    match before.any(|before| isolates(counted, before, &next)) {
        true => Err(ALONE),
        false => Ok(()),
    }
}

const ALONE: Violation = Violation::Members(
    "this node would be the only voter, beside others. If one of two nodes was being removed, and this is \
     the one that stays, restart it once with --alone",
);

fn check_step(counted: &Counted, before: &[Voters], next: &Voters) -> Result<(), Violation> {
    if before
        .iter()
        .all(|before| before.difference(next).count() > 1)
    {
        return Err(Violation::Members(
            "it takes out more than one voter at once",
        ));
    }
    if before.iter().all(|before| isolates(counted, before, next)) {
        return Err(ALONE);
    }
    Ok(())
}

fn isolates(counted: &Counted, before: &Voters, next: &Voters) -> bool {
    let alone = |voters: &Voters| voters.iter().all(|voter| *voter == counted.here);
    alone(next) && !alone(before) && !counted.may_be_alone_of(before)
}

#[cfg(test)]
#[path = "voter_change_tests.rs"]
mod tests;
