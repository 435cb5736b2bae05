//! What an honest leader does to the voters, and what only a liar does.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use super::super::reach::Reach;
use super::*;
use ipam::ClusterTime;
use openraft::raft::AppendEntriesRequest;
use raft_store::{CommittedLeaderId, Entry, LogId, PeerNode, Vote};
use std::collections::BTreeMap;

/// The node that leads, in term 7.
const LEADER: u64 = 2;
const HERE: u64 = 1;

fn log_id(term: u64, index: u64) -> LogId {
    LogId::new(CommittedLeaderId::new(term), index)
}

fn members(sets: &[&[u64]]) -> Membership {
    let sets: Vec<Voters> = sets
        .iter()
        .map(|set| set.iter().copied().collect())
        .collect();
    let node = |id: &u64| (*id, PeerNode::default());
    let nodes: BTreeMap<u64, PeerNode> = sets.iter().flatten().map(node).collect();
    Membership::new(sets, nodes).unwrap()
}

/// Entries from index 11 on.
fn checked(before: &[u64], term: u64, steps: &[&[&[u64]]]) -> Result<(), Violation> {
    checked_by(&counted(before, None), term, steps)
}

fn counted(before: &[u64], pair: Option<[u64; 2]>) -> Counted {
    let voters: Voters = before.iter().copied().collect();
    Counted {
        here: HERE,
        voters: [voters.clone(), voters],
        pair: pair.map(Voters::from),
    }
}

fn checked_by(counted: &Counted, term: u64, steps: &[&[&[u64]]]) -> Result<(), Violation> {
    let own = Own {
        vote: Vote::new_committed(7, LEADER),
        committed: Some(log_id(6, 10)),
        reach: Reach {
            clock: ClusterTime(1 << 50),
            index: 1 << 50,
        },
    };
    let entries = (11..).zip(steps).map(|(index, sets)| Entry {
        log_id: log_id(term, index),
        payload: EntryPayload::Membership(members(sets)),
    });
    let request = AppendEntriesRequest {
        vote: Vote::new_committed(7, LEADER),
        prev_log_id: Some(log_id(6, 10)),
        entries: entries.collect(),
        leader_commit: None,
    };
    check_append(counted, &own, &|_| None, &request)
}

#[test]
fn what_an_honest_leader_does_is_taken() {
    let three: &[u64] = &[1, 2, 3];
    for (before, term, steps) in [
        // A newcomer that is filled from the beginning.
        (
            &[][..],
            6,
            &[&[&[2][..]][..], &[&[2], &[1, 2]], &[&[1, 2]]][..],
        ),
        (three, 7, &[&[three, &[1, 2, 3, 4]], &[&[1, 2, 3, 4]]]),
        (three, 7, &[&[three, &[1, 2]], &[&[1, 2]]]),
        (three, 7, &[&[three, &[2, 3]], &[&[2, 3]]]),
        // One that was elected while it was being removed ends the change.
        (three, 7, &[&[three, &[1, 3]], &[&[1, 3]]]),
        (three, 6, &[&[three, &[1, 3]], &[&[1, 3]]]),
        (&[1, 2], 7, &[&[&[1, 2], &[2]], &[&[2]]]),
        (&[1], 6, &[&[&[1]]]),
    ] {
        assert_eq!(checked(before, term, steps), Ok(()), "{before:?} {steps:?}");
    }
}

#[test]
fn what_makes_a_cluster_beside_the_others_is_refused() {
    for (before, term, steps) in [
        (&[1, 2, 3][..], 7, &[&[&[1][..]][..]][..]),
        (&[1, 2], 6, &[&[&[1]]]),
        (&[1, 2, 3], 6, &[&[&[1, 2, 3], &[1, 3]], &[&[1]]]),
        (&[1, 2, 3, 4, 5], 7, &[&[&[1, 2]]]),
        (&[1, 2, 3, 4, 5], 6, &[&[&[1, 3]]]),
    ] {
        let refused = checked(before, term, steps).map_err(Violation::kind);
        assert_eq!(refused, Err("members"), "{before:?} {steps:?}");
    }
}

/// Two nodes, and the one that is being removed has to end it: an operator decides.
#[test]
fn an_operator_says_that_a_node_may_be_alone() {
    let steps: &[&[&[u64]]] = &[&[&[1, 2], &[1]], &[&[1]]];
    let refused = checked(&[1, 2], 7, steps).unwrap_err().to_string();
    assert!(
        refused.contains("restart it once with --alone"),
        "{refused}"
    );
    let told = counted(&[1, 2], Some([1, 2]));
    assert_eq!(checked_by(&told, 7, steps), Ok(()));
    assert_eq!(check_snapshot(&told, &members(&[&[1]])), Ok(()));
    // Of others it was not said.
    let kind = |counted: &Counted, steps| checked_by(counted, 7, steps).map_err(Violation::kind);
    let others = counted(&[1, 3], Some([1, 2]));
    assert_eq!(kind(&others, &[&[&[1, 3], &[1]]]), Err("members"));
    let more = counted(&[1, 2, 3], None);
    let by_steps: &[&[&[u64]]] = &[&[&[1, 2, 3], &[1, 2]], &[&[1, 2], &[1]]];
    assert_eq!(kind(&more, by_steps), Err("members"), "one after the other");
    assert_eq!(kind(&more, &[&[&[1]]]), Err("members"), "two at once");
}

#[test]
fn a_snapshot_leaves_nobody_alone_who_was_not() {
    let counted = |before: &[u64]| Counted {
        here: HERE,
        voters: [before.iter().copied().collect(), Voters::new()],
        pair: None,
    };
    for (before, after, taken) in [
        (&[1, 2, 3][..], &[1][..], false),
        (&[1, 2, 3], &[2], true),
        (&[1, 2, 3], &[4, 5], true),
        (&[1], &[1], true),
        (&[], &[1, 2], true),
    ] {
        let checked = check_snapshot(&counted(before), &members(&[after]));
        assert_eq!(checked.is_ok(), taken, "{before:?} to {after:?}");
    }
}
