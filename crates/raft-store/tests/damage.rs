//! One flipped bit anywhere in sled's file: the node starts with all that it has acknowledged, or
//! it does not start. sled alone starts with a part (see `log/watermark.rs`).
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use common::*;
use raft_store::{Entry, Vote};
use std::path::Path;
use tempfile::TempDir;

const FLIPS: usize = 60;

/// What a node has acknowledged.
struct Known {
    entries: Vec<Entry>,
    vote: Vote,
}

async fn check_flips(directory: &Path, known: &Known) {
    let whole = std::fs::read(directory.join("log/db")).unwrap();
    let used = whole.iter().rposition(|byte| *byte != 0).unwrap() + 1;
    let mut started = 0;
    for flip in 0..FLIPS {
        let copy = TempDir::new().unwrap();
        copy_tree(directory, copy.path());
        let position = flip * (used - 1) / (FLIPS - 1);
        let mut bytes = whole.clone();
        bytes[position] ^= 0x20;
        std::fs::write(copy.path().join("log/db"), bytes).unwrap();
        let Ok(mut store) = reopen(copy.path()) else {
            continue;
        };
        started += 1;
        let entries = read(&mut store.log, 0..u64::MAX).await;
        // A purge may come undone: nothing is acknowledged by it.
        let undone = entries.len().saturating_sub(known.entries.len());
        assert!(
            entries[undone..] == known.entries,
            "flip at {position} of {used}"
        );
        assert_eq!(read_vote(&mut store.log).await, Some(known.vote));
    }
    assert!(started < FLIPS, "no flip hit anything in {used} bytes");
}

#[tokio::test]
async fn in_a_young_log() {
    let directory = TempDir::new().unwrap();
    let entries: Vec<Entry> = (0..300).map(|index| normal(1, index, 5)).collect();
    {
        let mut store = reopen(directory.path()).unwrap();
        vote(&mut store.log, 1).await;
        for entry in entries.clone() {
            append(&mut store.log, [entry]).await;
        }
        committed(&mut store.log, log_id(1, 299)).await;
    }
    let vote = Vote::new_committed(1, NODE);
    check_flips(directory.path(), &Known { entries, vote }).await;
}

/// Several of sled's segments, rewritten pages, votes in between, a purge and a truncation.
#[tokio::test]
async fn in_an_old_log() {
    let directory = TempDir::new().unwrap();
    let mut entries = Vec::new();
    {
        let mut store = reopen(directory.path()).unwrap();
        for term in 1..=20 {
            save_vote(&mut store.log, Vote::new(term, NODE)).await;
            vote(&mut store.log, term).await;
            for n in 0..40 {
                let entry = normal(term, (term - 1) * 40 + n, 40);
                append(&mut store.log, [entry.clone()]).await;
                entries.push(entry);
            }
            if term % 4 == 0 {
                let kept = entries.len() - 10;
                entries.truncate(kept);
                let last = entries.last().map(|entry| entry.log_id);
                truncate(&mut store.log, last).await;
                let next = last.map_or(0, |last| last.index + 1);
                let refill = (next..term * 40).map(|index| normal(term, index, 1));
                entries.extend(refill.clone());
                append(&mut store.log, refill).await;
            }
        }
        snapshot_at(&mut store, 5, 199).await;
        purge(&mut store.log, log_id(5, 199)).await;
        entries.drain(..200);
    }
    let vote = Vote::new_committed(20, NODE);
    check_flips(directory.path(), &Known { entries, vote }).await;
}

#[tokio::test]
async fn a_cut_file() {
    let directory = TempDir::new().unwrap();
    {
        let mut store = reopen(directory.path()).unwrap();
        vote(&mut store.log, 1).await;
        for index in 0..300 {
            append(&mut store.log, [normal(1, index, 5)]).await;
        }
    }
    let whole = std::fs::read(directory.path().join("log/db")).unwrap();
    let used = whole.iter().rposition(|byte| *byte != 0).unwrap() + 1;
    for kept in [0, used / 3, used / 2, used * 9 / 10, used * 99 / 100] {
        let copy = TempDir::new().unwrap();
        copy_tree(directory.path(), copy.path());
        std::fs::write(copy.path().join("log/db"), &whole[..kept]).unwrap();
        let error = reopen(copy.path()).err();
        assert!(error.is_some(), "{kept} of {used} bytes");
    }
}
