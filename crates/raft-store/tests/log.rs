//! The log across restarts: what was acknowledged is there, and what is damaged is found out.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use common::*;
use raft_store::{StoreError, Vote};
use tempfile::TempDir;

#[tokio::test]
async fn everything_is_there_after_a_clean_end() {
    let directory = TempDir::new().unwrap();
    let entries: Vec<_> = (0..20).map(|index| normal(3, index, 5)).collect();
    {
        let mut store = reopen(directory.path()).unwrap();
        vote(&mut store.log, 3).await;
        append(&mut store.log, entries.clone()).await;
        committed(&mut store.log, log_id(3, 15)).await;
    }
    let mut store = reopen(directory.path()).unwrap();
    assert_eq!(
        read_vote(&mut store.log).await,
        Some(Vote::new_committed(3, NODE))
    );
    assert_eq!(read(&mut store.log, 0..100).await, entries);
    assert_eq!(state(&mut store.log).await.last_log_id, Some(log_id(3, 19)));
    let committed =
        openraft::storage::RaftLogStorage::<raft_store::TypeConfig>::read_committed(&mut store.log)
            .await;
    assert_eq!(committed.unwrap(), Some(log_id(3, 15)));
}

#[tokio::test]
async fn what_was_acknowledged_is_on_file_at_once() {
    let directory = TempDir::new().unwrap();
    let copy = TempDir::new().unwrap();
    let mut store = reopen(directory.path()).unwrap();
    for term in 1..=20 {
        vote(&mut store.log, term).await;
        append(&mut store.log, [normal(term, term, 3)]).await;
        let crashed = copy.path().join(term.to_string());
        copy_tree(directory.path(), &crashed);
        let mut found = reopen(&crashed).unwrap();
        assert_eq!(
            read_vote(&mut found.log).await,
            Some(Vote::new_committed(term, NODE))
        );
        assert_eq!(
            indexes(&mut found.log).await,
            (1..=term).collect::<Vec<_>>()
        );
    }
}

#[tokio::test]
async fn truncation_and_purge_last() {
    let directory = TempDir::new().unwrap();
    {
        let mut store = reopen(directory.path()).unwrap();
        vote(&mut store.log, 2).await;
        append(&mut store.log, (0..2000).map(|index| blank(1, index))).await;
        truncate(&mut store.log, Some(log_id(1, 1499))).await;
        append(&mut store.log, [blank(2, 1500)]).await;
    }
    {
        let mut store = reopen(directory.path()).unwrap();
        assert_eq!(
            indexes(&mut store.log).await,
            (0..=1500).collect::<Vec<_>>()
        );
        snapshot_at(&mut store, 1, 999).await;
        purge(&mut store.log, log_id(1, 999)).await;
        assert_eq!(
            indexes(&mut store.log).await,
            (1000..=1500).collect::<Vec<_>>()
        );
    }
    let mut store = reopen(directory.path()).unwrap();
    assert_eq!(
        indexes(&mut store.log).await,
        (1000..=1500).collect::<Vec<_>>()
    );
    let found = state(&mut store.log).await;
    assert_eq!(found.last_purged_log_id, Some(log_id(1, 999)));
    assert_eq!(found.last_log_id, Some(log_id(2, 1500)));
}

#[tokio::test]
async fn a_log_may_be_purged_beyond_its_end() {
    let directory = TempDir::new().unwrap();
    {
        let mut store = reopen(directory.path()).unwrap();
        vote(&mut store.log, 5).await;
        append(&mut store.log, (0..3).map(|index| blank(1, index))).await;
        snapshot_at(&mut store, 5, 100).await;
        purge(&mut store.log, log_id(5, 100)).await;
        append(&mut store.log, [blank(5, 101)]).await;
    }
    let mut store = reopen(directory.path()).unwrap();
    assert_eq!(indexes(&mut store.log).await, [101]);
    assert_eq!(
        state(&mut store.log).await.last_purged_log_id,
        Some(log_id(5, 100))
    );
}

#[tokio::test]
async fn a_gap_is_refused() {
    let directory = TempDir::new().unwrap();
    let mut store = inline(directory.path()).unwrap();
    append(&mut store.log, [blank(0, 0)]).await;
    let flushed = openraft::storage::IOFlushed::<raft_store::TypeConfig>::noop();
    let error = openraft::storage::RaftLogStorage::append(&mut store.log, [blank(0, 2)], flushed)
        .await
        .unwrap_err();
    assert!(
        error
            .to_string()
            .contains("index 2 was appended where 1 must follow"),
        "{error}"
    );
}

/// sled moves large pages to files that it never fsyncs: there must be none.
#[tokio::test]
async fn large_entries_stay_in_the_one_file_that_is_synced() {
    let directory = TempDir::new().unwrap();
    let entries: Vec<_> = (0..60).map(|index| normal(1, index, 3000)).collect();
    {
        let mut store = reopen(directory.path()).unwrap();
        vote(&mut store.log, 1).await;
        for entry in entries.clone() {
            append(&mut store.log, [entry]).await;
        }
        let blobs = std::fs::read_dir(directory.path().join("log/blobs")).unwrap();
        assert_eq!(blobs.count(), 0);
    }
    let mut store = reopen(directory.path()).unwrap();
    assert_eq!(read(&mut store.log, 0..100).await, entries);
    let blobs = std::fs::read_dir(directory.path().join("log/blobs")).unwrap();
    assert_eq!(blobs.count(), 0);
}

#[tokio::test]
async fn a_flipped_bit_in_an_entry_is_found_at_the_start() {
    for (position, bit) in [(0, 0), (2, 3), (5, 7), (20, 1)] {
        let directory = TempDir::new().unwrap();
        filled(&directory).await;
        let database = sled::open(directory.path().join("log")).unwrap();
        let log = database.open_tree("log").unwrap();
        let (key, value) = log.iter().nth(4).unwrap().unwrap();
        let mut value = value.to_vec();
        value[position] ^= 1 << bit;
        log.insert(key, value).unwrap();
        drop((log, database));
        let error = reopen(directory.path()).err().expect("it must not open");
        assert!(matches!(error, StoreError::DamagedRecord { .. }), "{error}");
        assert!(error.to_string().contains("log entry 4"), "{error}");
    }
}

#[tokio::test]
async fn a_flipped_bit_in_the_vote_is_found_at_the_start() {
    let directory = TempDir::new().unwrap();
    filled(&directory).await;
    let database = sled::open(directory.path().join("log")).unwrap();
    let meta = database.open_tree("meta").unwrap();
    let mut value = meta.get("vote").unwrap().unwrap().to_vec();
    *value.last_mut().unwrap() ^= 1;
    meta.insert("vote", value).unwrap();
    drop((meta, database));
    let error = reopen(directory.path()).err().expect("it must not open");
    assert!(
        error.to_string().contains("the log's vote is damaged"),
        "{error}"
    );
}

/// Damage that happens while the node runs is found when the entry is read from disk.
#[tokio::test]
async fn a_missing_entry_is_a_hole() {
    let directory = TempDir::new().unwrap();
    filled(&directory).await;
    remove(&directory, "log", 4);
    let error = reopen(directory.path()).err().expect("it must not open");
    assert!(matches!(error, StoreError::Hole(4)), "{error}");
}

#[tokio::test]
async fn a_lost_end_and_a_lost_vote_are_found() {
    let directory = TempDir::new().unwrap();
    {
        let mut store = reopen(directory.path()).unwrap();
        vote(&mut store.log, 1).await;
        append(&mut store.log, (0..10).map(|index| blank(1, index))).await;
        committed(&mut store.log, log_id(1, 9)).await;
    }
    let copy = TempDir::new().unwrap();
    copy_tree(directory.path(), copy.path());
    remove(&directory, "log", 9);
    let error = reopen(directory.path()).err().expect("it must not open");
    assert!(
        matches!(
            error,
            StoreError::LostTail {
                last: Some(8),
                known: 9
            }
        ),
        "{error}"
    );
    let database = sled::open(copy.path().join("log")).unwrap();
    database.open_tree("meta").unwrap().remove("vote").unwrap();
    drop(database);
    let error = reopen(copy.path()).err().expect("it must not open");
    assert!(
        matches!(
            error,
            StoreError::LostVote {
                known: 1,
                vote: None
            }
        ),
        "{error}"
    );
}

async fn filled(directory: &TempDir) {
    let mut store = reopen(directory.path()).unwrap();
    vote(&mut store.log, 1).await;
    append(&mut store.log, (0..10).map(|index| normal(1, index, 2))).await;
}

fn remove(directory: &TempDir, tree: &str, nth: usize) {
    let database = sled::open(directory.path().join("log")).unwrap();
    let tree = database.open_tree(tree).unwrap();
    let (key, _) = tree.iter().nth(nth).unwrap().unwrap();
    tree.remove(key).unwrap();
}
