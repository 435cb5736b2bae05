//! Tables of requests and what is wrong with them.

use super::*;
use openraft::EntryPayload;
use raft_store::{CommittedLeaderId, Entry, PeerNode, Proposal, StoredMembership};
use std::collections::{BTreeMap, BTreeSet};

/// The node that sends.
const SENDER: u64 = 2;

fn own() -> Own {
    Own {
        vote: Vote::new_committed(7, SENDER),
        committed: Some(log_id(6, 10)),
        reach: REACH,
    }
}

const REACH: Reach = Reach {
    clock: ClusterTime(1 << 50),
    index: 1 << 50,
};

/// A log of which nothing is known.
fn unknown(_: u64) -> Option<LogId> {
    None
}

/// What is wrong with an append, where nothing is known of the log.
fn check(
    own: &Own,
    sender: u64,
    request: &AppendEntriesRequest<TypeConfig>,
) -> Result<(), Violation> {
    check_append(own, &unknown, sender, request)
}

fn log_id(term: u64, index: u64) -> LogId {
    LogId::new(CommittedLeaderId::new(term), index)
}

fn entry(term: u64, index: u64) -> Entry {
    Entry {
        log_id: log_id(term, index),
        payload: EntryPayload::Normal(Proposal::new(ipam::Batch::default())),
    }
}

fn append(
    vote: Vote,
    previous: Option<LogId>,
    entries: Vec<Entry>,
) -> AppendEntriesRequest<TypeConfig> {
    AppendEntriesRequest {
        vote,
        prev_log_id: previous,
        entries,
        leader_commit: None,
    }
}

fn kind(checked: Result<(), Violation>) -> &'static str {
    checked.map_or_else(Violation::kind, |()| "taken")
}

#[test]
fn a_term_is_bounded_and_a_higher_one_is_approached() {
    let limit = 7 + TERM_STEP;
    for (term, expected, goes_to) in [
        (7, "taken", None),
        (8, "taken", None),
        (limit, "taken", None),
        (limit + 1, "term", Some(limit)),
        (MAX_TERM, "term", Some(limit)),
        (MAX_TERM + 1, "term", None),
        (1 << 63, "term", None),
        (u64::MAX, "term", None),
    ] {
        let checked = check(
            &own(),
            SENDER,
            &append(Vote::new_committed(term, SENDER), None, vec![]),
        );
        assert_eq!(kind(checked), expected, "{term}");
        let asked = checked.err().and_then(Violation::asks_for_a_higher_term);
        assert_eq!(asked, goes_to, "{term}");
        let vote = VoteRequest::new(Vote::new(term, SENDER), None);
        assert_eq!(kind(check_vote(&own(), SENDER, &vote)), expected, "{term}");
        let meta = meta(Some(log_id(7, 11)), &[&[1, 2]], &[1, 2]);
        let checked = check_snapshot(&own(), SENDER, &Vote::new_committed(term, SENDER), &meta);
        assert_eq!(kind(checked), expected, "{term}");
    }
    let at_the_end = Own {
        vote: Vote::new(MAX_TERM - 3, 1),
        committed: None,
        reach: REACH,
    };
    let last = VoteRequest::new(Vote::new(MAX_TERM, SENDER), None);
    assert_eq!(check_vote(&at_the_end, SENDER, &last), Ok(()));
}

#[test]
fn nobody_leads_or_stands_in_anothers_name() {
    let requests = |vote| kind(check(&own(), SENDER, &append(vote, None, vec![])));
    assert_eq!(requests(Vote::new_committed(7, 3)), "not_the_sender");
    assert_eq!(requests(Vote::new_committed(8, 0)), "not_the_sender");
    assert_eq!(requests(Vote::new(8, SENDER)), "kind_of_vote");
    let vote = |vote| kind(check_vote(&own(), SENDER, &VoteRequest::new(vote, None)));
    assert_eq!(vote(Vote::new(8, 3)), "not_the_sender");
    assert_eq!(vote(Vote::new_committed(8, SENDER)), "kind_of_vote");
    // In the leader's own term another one says that it leads, and what is committed.
    let other = append(Vote::new_committed(7, 9), Some(log_id(7, 11)), vec![]);
    assert_eq!(kind(check(&own(), 9, &other)), "another_leads");
    // A candidate's vote does not say who won.
    let voted = Own {
        vote: Vote::new(7, 3),
        ..own()
    };
    let won = append(Vote::new_committed(7, SENDER), None, vec![]);
    assert_eq!(check(&voted, SENDER, &won), Ok(()));
}

#[test]
fn positions_follow_one_another_and_keep_what_is_committed() {
    let vote = Vote::new_committed(7, SENDER);
    let some = |term, index| Some(log_id(term, index));
    for (previous, entries, expected) in [
        (some(6, 10), vec![entry(6, 11), entry(7, 12)], "taken"),
        (some(6, 9), vec![entry(6, 10)], "taken"),
        (None, vec![entry(0, 0), entry(1, 1)], "taken"),
        (some(7, 50), vec![], "taken"),
        (some(7, MAX_INDEX), vec![], "taken"),
        (
            some(7, MAX_INDEX),
            vec![entry(7, MAX_INDEX + 1)],
            "log_position",
        ),
        (some(7, u64::MAX), vec![], "log_position"),
        (some(8, 50), vec![], "log_position"),
        (some(7, 10), vec![], "log_position"),
        (some(6, 9), vec![entry(7, 10)], "log_position"),
        (None, vec![entry(7, 11)], "log_position"),
        (some(6, 10), vec![entry(6, 12)], "log_position"),
        (
            some(6, 10),
            vec![entry(7, 11), entry(6, 12)],
            "log_position",
        ),
        (
            some(6, 10),
            vec![entry(7, 11), entry(7, 11)],
            "log_position",
        ),
        (some(6, 10), vec![entry(8, 11)], "log_position"),
    ] {
        let request = append(vote, previous, entries);
        assert_eq!(kind(check(&own(), SENDER, &request)), expected, "{request}");
    }
    for commit in [some(8, 11), some(7, u64::MAX)] {
        let request = AppendEntriesRequest {
            leader_commit: commit,
            ..append(vote, some(6, 10), vec![])
        };
        assert_eq!(kind(check(&own(), SENDER, &request)), "log_position");
    }
    for last in [some(8, 11), some(7, u64::MAX)] {
        let request = VoteRequest::new(Vote::new(7, SENDER), last);
        assert_eq!(kind(check_vote(&own(), SENDER, &request)), "log_position");
    }
}

#[test]
fn no_more_is_committed_than_was_compared() {
    let vote = Vote::new_committed(7, SENDER);
    let clamped = |previous, entries, commit, log: Log<'_>| {
        let mut request = append(vote, previous, entries);
        request.leader_commit = Some(commit);
        clamp_commit(&own(), log, &mut request);
        request.leader_commit.map(|id| id.index)
    };
    for (commit, expected) in [(10, 10), (11, 11), (40, 11)] {
        let entries = vec![entry(7, 11)];
        let commit = log_id(7, commit);
        assert_eq!(
            clamped(Some(log_id(6, 10)), entries, commit, &unknown),
            Some(expected)
        );
    }
    assert_eq!(clamped(None, vec![], log_id(7, 11), &unknown), None);
    // Behind what is committed here, the two logs are compared where they should meet.
    let has = |here: LogId| move |index| (index == here.index).then_some(here);
    let meet = |here| clamped(Some(log_id(7, 15)), vec![], log_id(7, 15), &has(here));
    assert_eq!(meet(log_id(7, 15)), Some(15));
    assert_eq!(meet(log_id(6, 15)), None);
    assert_eq!(meet(log_id(7, 14)), None);
    // openraft orders by term first: an old term does not make a far index a small one.
    for (commit, expected) in [
        (log_id(5, 1 << 40), Some(12)),
        (log_id(5, 11), None),
        (log_id(7, 11), Some(11)),
        (log_id(7, 10), Some(10)),
        (log_id(7, 2), Some(10)),
    ] {
        let entries = vec![entry(7, 11), entry(7, 12)];
        let clamped = clamped(Some(log_id(6, 10)), entries, commit, &unknown);
        assert_eq!(clamped, expected, "{commit}");
    }
    // Nothing is shared, or what it names is about to be replaced: openraft would remember it, and apply
    // what comes in its place.
    let ours = [log_id(4, 11), log_id(4, 12)];
    let has_both = |index| ours.into_iter().find(|here| here.index == index);
    for (previous, entries, commit) in [
        (None, vec![], log_id(4, 12)),
        (
            Some(log_id(6, 10)),
            vec![entry(7, 11), entry(7, 12)],
            log_id(4, 11),
        ),
    ] {
        assert_eq!(
            clamped(previous, entries, commit, &has_both),
            None,
            "{commit}"
        );
    }
}

#[test]
fn a_leader_replaces_nothing_that_it_wrote_itself() {
    let vote = Vote::new_committed(7, SENDER);
    for (here, previous, entries, expected) in [
        (log_id(7, 11), log_id(6, 10), vec![entry(7, 11)], "taken"),
        (log_id(6, 11), log_id(6, 10), vec![entry(7, 11)], "taken"),
        (
            log_id(7, 11),
            log_id(6, 10),
            vec![entry(6, 11)],
            "log_position",
        ),
        (log_id(7, 11), log_id(6, 11), vec![], "log_position"),
        (log_id(5, 11), log_id(6, 11), vec![], "taken"),
        (
            log_id(7, 12),
            log_id(6, 10),
            vec![entry(6, 11), entry(6, 12)],
            "log_position",
        ),
    ] {
        let log = |index| (index == here.index).then_some(here);
        let request = append(vote, Some(previous), entries);
        let checked = check_append(&own(), &log, SENDER, &request);
        assert_eq!(kind(checked), expected, "{request} where {here} is");
    }
}

#[test]
fn terms_do_not_go_back_behind_what_is_committed() {
    let request = append(
        Vote::new_committed(7, SENDER),
        Some(log_id(5, 10)),
        vec![entry(5, 11)],
    );
    assert_eq!(kind(check(&own(), SENDER, &request)), "log_position");
}

#[test]
fn clock_and_length_are_within_reach() {
    let vote = Vote::new_committed(7, SENDER);
    let stamped = |time| {
        let mut entry = entry(7, 11);
        entry.payload = EntryPayload::Normal(Proposal::new(ipam::Batch {
            stamp: Some(Stamp {
                term: 7,
                time: ClusterTime(time),
            }),
            commands: vec![],
        }));
        let entries = vec![entry];
        kind(check(
            &own(),
            SENDER,
            &append(vote, Some(log_id(6, 10)), entries),
        ))
    };
    assert_eq!(stamped(REACH.clock.0), "taken");
    for time in [REACH.clock.0 + 1, MAX_INDEX, u64::MAX] {
        assert_eq!(stamped(time), "clock", "{time}");
    }
    for (index, expected) in [
        (REACH.index, "taken"),
        (REACH.index + 1, "log_position"),
        (MAX_INDEX, "log_position"),
    ] {
        let before = Some(log_id(7, index - 1));
        let request = append(vote, before, vec![entry(7, index)]);
        assert_eq!(kind(check(&own(), SENDER, &request)), expected, "{index}");
        let meta = meta(Some(log_id(7, index)), &[&[1, 2]], &[1, 2]);
        let checked = check_snapshot(&own(), SENDER, &vote, &meta);
        assert_eq!(kind(checked), expected, "{index}");
    }
}

/// openraft itself makes no members with an empty set of voters, or a voter without a node record: those
/// are refused where they are decoded.
fn members(sets: &[&[u64]], nodes: &[u64]) -> Membership {
    let sets: Vec<BTreeSet<u64>> = sets
        .iter()
        .map(|set| set.iter().copied().collect())
        .collect();
    let nodes: BTreeMap<u64, PeerNode> = nodes
        .iter()
        .map(|id| (*id, PeerNode::new(format!("gw{id}:7066"))))
        .collect();
    Membership::new(sets, nodes).unwrap_or_default()
}

fn meta(last: Option<LogId>, sets: &[&[u64]], nodes: &[u64]) -> SnapshotMeta {
    SnapshotMeta {
        last_log_id: last,
        last_membership: StoredMembership::new(Some(log_id(0, 0)), members(sets, nodes)),
    }
}

#[test]
fn members_are_those_of_a_cluster() {
    let many: Vec<u64> = (1..=65).collect();
    for (sets, nodes, expected) in [
        (&[&[1, 2][..]][..], &[1, 2, 3][..], "taken"),
        (&[&[1], &[1, 2]], &[1, 2], "taken"),
        (&[], &[], "members"),
        (&[&[]], &[1], "members"),
        (&[&[1], &[]], &[1], "members"),
        (&[&[1], &[1], &[1]], &[1], "members"),
        (&[&[1, 2]], &[1], "members"),
        (&[&[0]], &[0], "members"),
        (&[&[1]], &many, "members"),
    ] {
        assert_eq!(
            kind(check_members(&members(sets, nodes))),
            expected,
            "{sets:?} {nodes:?}"
        );
        let vote = Vote::new_committed(7, SENDER);
        let payload = EntryPayload::Membership(members(sets, nodes));
        let entry = Entry {
            log_id: log_id(7, 11),
            payload,
        };
        let request = append(vote, Some(log_id(6, 10)), vec![entry]);
        assert_eq!(kind(check(&own(), SENDER, &request)), expected);
        let meta = meta(Some(log_id(7, 11)), sets, nodes);
        assert_eq!(kind(check_snapshot(&own(), SENDER, &vote, &meta)), expected);
    }
    let long = BTreeMap::from([(1, PeerNode::new("x".repeat(301)))]);
    let long = Membership::new(vec![BTreeSet::from([1])], long).unwrap_or_default();
    assert_eq!(kind(check_members(&long)), "members");
}

#[test]
fn a_snapshot_does_not_contradict_what_is_committed() {
    let vote = Vote::new_committed(7, SENDER);
    for (last, expected) in [
        (Some(log_id(6, 10)), "taken"),
        (Some(log_id(5, 9)), "taken"),
        (Some(log_id(7, 10)), "log_position"),
        (Some(log_id(7, 3)), "log_position"),
        (Some(log_id(8, 11)), "log_position"),
        (Some(log_id(7, u64::MAX)), "log_position"),
        (None, "log_position"),
    ] {
        let meta = meta(last, &[&[1, 2]], &[1, 2]);
        assert_eq!(
            kind(check_snapshot(&own(), SENDER, &vote, &meta)),
            expected,
            "{last:?}"
        );
    }
}

#[test]
fn leadership_is_handed_over_by_the_leader_that_is_known_in_its_term() {
    for (vote, sender, expected) in [
        (Vote::new_committed(7, 2), 2, "taken"),
        (Vote::new_committed(7, 2), 3, "not_the_sender"),
        (Vote::new_committed(7, 3), 3, "another_leads"),
        (Vote::new_committed(6, 2), 2, "another_leads"),
        (Vote::new_committed(8, 2), 2, "another_leads"),
        (Vote::new(7, 2), 2, "kind_of_vote"),
        (Vote::new_committed(u64::MAX, 2), 2, "term"),
    ] {
        let request = TransferLeaderRequest::new(vote, 3, Some(log_id(6, 10)));
        assert_eq!(
            kind(check_transfer(&own(), sender, &request)),
            expected,
            "{vote}"
        );
    }
}
