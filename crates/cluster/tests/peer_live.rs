//! What a lying member may say to a live node, drawn at random: Raft goes on. The fuzz target `peer_live`
//! goes on where this ends. And snapshots of an honest leader, one during the installation of another.
#![allow(missing_docs, clippy::unwrap_used)]

#[path = "support/live.rs"]
mod live;
#[path = "support/sealed.rs"]
mod sealed;
mod support;

use api::proto::{peer, storage};
use live::{LIAR, call, route};
use prost::Message;
use raft_store::storage_env::OsEnv;
use std::sync::Arc;
use support::surroundings::HangingDisk;
use support::until;

/// In which the entries came, and in which the snapshots come.
const TERMS: [u64; 2] = [1, 2];

/// Five entries, none of them known committed.
fn entries() -> (&'static str, Vec<Vec<u8>>) {
    let blank = |index| storage::Entry {
        log_id: Some(storage::LogId {
            term: TERMS[0],
            index,
        }),
        payload: Some(storage::entry::Payload::Blank(storage::Blank {})),
    };
    let request = peer::AppendEntriesRequest {
        vote: Some(leads(TERMS[0])),
        prev_log_id: Some(storage::LogId { term: 0, index: 0 }),
        entries: (1..=5).map(blank).collect(),
        leader_commit: None,
        route: route(),
    };
    ("Append", vec![request.encode_to_vec()])
}

/// The snapshot of an empty state up to `index`.
fn snapshot(index: u64) -> (&'static str, Vec<Vec<u8>>) {
    snapshot_of(&ipam::State::default(), index)
}

fn snapshot_of(state: &ipam::State, index: u64) -> (&'static str, Vec<Vec<u8>>) {
    sealed::snapshot(state, TERMS, index)
}

fn leads(term: u64) -> storage::Vote {
    storage::Vote {
        term,
        node_id: LIAR,
        committed: true,
    }
}

/// openraft's issue 2116: it must not get the second before it has done with the first.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_snapshot_during_an_installation_waits() {
    let directory = tempfile::tempdir().unwrap();
    let disk = HangingDisk::default();
    let env = Arc::new(disk.clone());
    let (node, handler) = live::start(env, &directory.path().join("data")).await;
    assert!(call(handler.clone(), entries()).await);

    disk.hang_snapshots();
    let first = tokio::spawn(call(handler.clone(), snapshot(3)));
    until("the first is being installed", || {
        disk.snapshots() == (1, 1)
    })
    .await;
    let second = tokio::spawn(call(handler, snapshot(4)));
    until("the second has been received", || disk.snapshots().0 == 2).await;
    disk.mend();

    assert!(first.await.unwrap());
    assert!(second.await.unwrap());
    assert_eq!(node.storage_error(), None, "Raft has stopped");
    until("both are installed", || node.status().last_applied == 4).await;
}

/// What a leader sends: where its entries follow, up to where they are committed, its entries' positions.
fn append(
    term: u64,
    previous: (u64, u64),
    committed: Option<(u64, u64)>,
    entries: &[(u64, u64)],
) -> (&'static str, Vec<Vec<u8>>) {
    let log_id = |(term, index)| storage::LogId { term, index };
    let blank = |at: &(u64, u64)| storage::Entry {
        log_id: Some(log_id(*at)),
        payload: Some(storage::entry::Payload::Blank(storage::Blank {})),
    };
    let request = peer::AppendEntriesRequest {
        vote: Some(leads(term)),
        prev_log_id: Some(log_id(previous)),
        entries: entries.iter().map(blank).collect(),
        leader_commit: committed.map(log_id),
        route: route(),
    };
    ("Append", vec![request.encode_to_vec()])
}

/// openraft goes on counting what it has cut off again, and would apply up to there what is not there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_leader_that_takes_back_its_own_entry_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let (node, handler) = live::start(Arc::new(OsEnv), &directory.path().join("data")).await;
    let says = |request| call(handler.clone(), request);

    assert!(says(append(1, (0, 0), None, &[(1, 1), (1, 2)])).await);
    // Instead of (1, 2) there is (0, 2).
    assert!(says(append(1, (0, 2), None, &[])).await);
    assert!(says(append(1, (1, 2), Some((1, 2)), &[])).await);

    assert_eq!(node.storage_error(), None, "Raft has stopped");
    until("what it has is applied", || node.status().last_applied == 2).await;
    assert_eq!(node.status().peer_refusals.get("log_position"), Some(&1));
}

/// openraft takes the leader's word for it, of an entry that it has not got, and would apply up to there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_leader_calls_committed_is_not_applied_where_logs_differ() {
    let directory = tempfile::tempdir().unwrap();
    let (node, handler) = live::start(Arc::new(OsEnv), &directory.path().join("data")).await;
    let says = |request| call(handler.clone(), request);

    assert!(says(append(1, (0, 0), None, &[(1, 1)])).await);
    // (0, 2) is not after (1, 1): by their order it is before, and so within what the node has.
    assert!(says(append(1, (0, 2), Some((0, 2)), &[])).await);
    assert!(says(append(1, (1, 1), Some((1, 2)), &[(1, 2)])).await);

    until("what both have is applied", || {
        node.status().last_applied == 2
    })
    .await;
    assert_eq!(node.storage_error(), None, "Raft has stopped");
}

/// It would stay so: the clock never goes back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_out_of_reach_is_refused_in_a_snapshot_and_in_an_entry() {
    let directory = tempfile::tempdir().unwrap();
    let (node, handler) = live::start(Arc::new(OsEnv), &directory.path().join("data")).await;
    let says = |request| call(handler.clone(), request);
    let at = |clock| {
        let parts = ipam::StateParts {
            clock: ipam::ClusterTime(clock),
            ..ipam::StateParts::default()
        };
        ipam::State::from_parts(parts).unwrap()
    };
    assert!(says(entries()).await);
    for clock in [1 << 50, 1 << 62, u64::MAX] {
        assert!(says(snapshot_of(&at(clock), 3)).await);
        assert!(says(stamped(clock)).await);
    }
    let refused = node.status().peer_refusals;
    assert_eq!(
        (refused.get("snapshot"), refused.get("clock")),
        (Some(&3), Some(&3))
    );
    assert_eq!(node.status().last_applied, 0);
    // Thirty years are within reach.
    assert!(says(snapshot_of(&at(1 << 39), 3)).await);
    until("it is installed", || node.status().last_applied == 3).await;
    assert_eq!(node.read(ipam::State::clock), ipam::ClusterTime(1 << 39));
}

/// An entry that moves the clock.
fn stamped(clock: u64) -> (&'static str, Vec<Vec<u8>>) {
    let batch = api::proto::log::Batch {
        stamp: Some(api::proto::log::Stamp {
            term: TERMS[1],
            time_ms: clock,
        }),
        commands: vec![],
    };
    let entry = storage::Entry {
        log_id: Some(storage::LogId {
            term: TERMS[1],
            index: 6,
        }),
        payload: Some(storage::entry::Payload::Batch(batch)),
    };
    let request = peer::AppendEntriesRequest {
        vote: Some(leads(TERMS[1])),
        prev_log_id: Some(storage::LogId {
            term: TERMS[0],
            index: 5,
        }),
        entries: vec![entry],
        leader_commit: None,
        route: route(),
    };
    ("Append", vec![request.encode_to_vec()])
}

/// The second is judged when openraft has the first, and no earlier: openraft would cut off what it has just
/// called committed.
#[tokio::test]
async fn two_appends_at_once_are_judged_one_after_the_other() {
    let directory = tempfile::tempdir().unwrap();
    let (node, handler) = live::start(Arc::new(OsEnv), &directory.path().join("data")).await;
    let says = |request| call(handler.clone(), request);

    assert!(says(append(1, (0, 0), None, &[(1, 1), (1, 2)])).await);
    let commits = says(append(1, (1, 2), Some((1, 2)), &[]));
    let replaces = says(append(2, (1, 1), None, &[(2, 2)]));
    assert_eq!(tokio::join!(commits, replaces), (true, true));

    assert_eq!(node.storage_error(), None, "Raft has stopped");
    until("the first is applied", || node.status().last_applied == 2).await;
    assert_eq!(node.status().peer_refusals.get("log_position"), Some(&1));
}

/// SplitMix64: the same inputs each time.
fn random(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[test]
fn a_live_node_bears_what_a_member_says() {
    let directory = tempfile::tempdir().unwrap();
    let mut live = live::Live::new(&directory.path().join("data"));
    let mut state = 1;
    for _ in 0..500 {
        let bytes: Vec<u8> = (0..8)
            .flat_map(|_| random(&mut state).to_le_bytes())
            .collect();
        live.play(&bytes);
    }
}
