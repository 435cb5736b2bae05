//! Snapshots: durable, whole, and the newest or none.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use common::*;
use openraft::RaftSnapshotBuilder;
use openraft::storage::RaftStateMachine;
use raft_store::{Entry, Snapshot, StateMachine, StoreError, TypeConfig};
use std::fs;
use std::path::PathBuf;
use tempfile::TempDir;

async fn apply(machine: &mut StateMachine, entries: impl IntoIterator<Item = Entry>) {
    let entries: Vec<_> = entries.into_iter().map(|entry| Ok((entry, None))).collect();
    RaftStateMachine::<TypeConfig>::apply(machine, futures::stream::iter(entries))
        .await
        .unwrap();
}

async fn build(machine: &mut StateMachine) -> Snapshot {
    let mut builder = RaftStateMachine::<TypeConfig>::get_snapshot_builder(machine).await;
    RaftSnapshotBuilder::<TypeConfig>::build_snapshot(&mut builder)
        .await
        .unwrap()
}

async fn install(machine: &mut StateMachine, snapshot: Snapshot) -> Result<(), std::io::Error> {
    let Snapshot { meta, snapshot } = snapshot;
    RaftStateMachine::<TypeConfig>::install_snapshot(machine, &meta, snapshot).await
}

fn files(directory: &TempDir) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory.path().join("snapshots")).unwrap();
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

#[tokio::test]
async fn a_snapshot_is_the_state_after_a_restart() {
    let directory = TempDir::new().unwrap();
    let digest;
    {
        let mut store = reopen(directory.path()).unwrap();
        apply(
            &mut store.state_machine,
            (0..50).map(|index| normal(1, index, 3)),
        )
        .await;
        build(&mut store.state_machine).await;
        digest = store.reader.digest();
        assert!(digest.is_some());
    }
    let store = reopen(directory.path()).unwrap();
    assert_eq!(store.reader.digest(), digest);
    assert_eq!(store.reader.mark().position.unwrap().index, 49);
    assert_eq!(store.reader.mark().clock.0, 490);
    assert_eq!(
        store.reader.with(|applied| applied.last_applied),
        Some(log_id(1, 49))
    );
}

#[tokio::test]
async fn only_the_newest_file_is_kept() {
    let directory = TempDir::new().unwrap();
    let mut store = reopen(directory.path()).unwrap();
    for index in 0..5 {
        apply(&mut store.state_machine, [blank(1, index)]).await;
        build(&mut store.state_machine).await;
        assert_eq!(files(&directory).len(), 1);
    }
    let name = files(&directory)[0].file_name().unwrap().to_owned();
    assert_eq!(name, "00000000000000000001-00000000000000000004.snap");
}

#[tokio::test]
async fn a_snapshot_that_was_begun_before_a_newer_one_came_does_not_replace_it() {
    let directory = TempDir::new().unwrap();
    let mut store = reopen(directory.path()).unwrap();
    apply(&mut store.state_machine, [blank(1, 1)]).await;
    let mut old =
        RaftStateMachine::<TypeConfig>::get_snapshot_builder(&mut store.state_machine).await;
    apply(&mut store.state_machine, [blank(1, 2)]).await;
    build(&mut store.state_machine).await;
    RaftSnapshotBuilder::<TypeConfig>::build_snapshot(&mut old)
        .await
        .unwrap();
    let current =
        RaftStateMachine::<TypeConfig>::get_current_snapshot(&mut store.state_machine).await;
    assert_eq!(
        current.unwrap().unwrap().meta.last_log_id,
        Some(log_id(1, 2))
    );
}

#[tokio::test]
async fn a_flipped_bit_keeps_the_node_from_starting() {
    let directory = TempDir::new().unwrap();
    {
        let mut store = reopen(directory.path()).unwrap();
        apply(&mut store.state_machine, [normal(1, 1, 3)]).await;
        build(&mut store.state_machine).await;
    }
    let path = files(&directory).pop().unwrap();
    let whole = fs::read(&path).unwrap();
    for position in [0, 8, 12, 20, 24, whole.len() - 1] {
        let mut flipped = whole.clone();
        flipped[position] ^= 0x10;
        fs::write(&path, flipped).unwrap();
        let error = reopen(directory.path()).err().expect("it must not open");
        assert!(
            matches!(error, StoreError::DamagedSnapshot { .. }),
            "{position}: {error}"
        );
    }
    fs::write(&path, whole).unwrap();
    reopen(directory.path()).unwrap();
}

#[tokio::test]
async fn a_torn_temporary_file_is_removed() {
    let directory = TempDir::new().unwrap();
    {
        let mut store = reopen(directory.path()).unwrap();
        apply(&mut store.state_machine, [blank(1, 1)]).await;
        build(&mut store.state_machine).await;
    }
    let torn = directory
        .path()
        .join("snapshots/00000000000000000009-00000000000000000009.snap.tmp");
    fs::write(&torn, "gwds").unwrap();
    let store = reopen(directory.path()).unwrap();
    assert!(!torn.exists());
    assert_eq!(store.reader.mark().position.unwrap().index, 1);
}

#[tokio::test]
async fn a_removed_snapshot_is_missed_when_the_log_is_purged() {
    let directory = TempDir::new().unwrap();
    {
        let mut store = reopen(directory.path()).unwrap();
        append(&mut store.log, (0..5).map(|index| blank(0, index))).await;
        apply(
            &mut store.state_machine,
            (0..5).map(|index| blank(0, index)),
        )
        .await;
        build(&mut store.state_machine).await;
        purge(&mut store.log, log_id(0, 4)).await;
    }
    fs::remove_file(files(&directory).pop().unwrap()).unwrap();
    let error = reopen(directory.path()).err().expect("it must not open");
    assert!(
        matches!(
            error,
            StoreError::MissingSnapshot {
                purged: 4,
                snapshot: None
            }
        ),
        "{error}"
    );
}

#[tokio::test]
async fn a_damaged_transfer_changes_nothing() {
    let (from, to) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let mut source = reopen(from.path()).unwrap();
    apply(
        &mut source.state_machine,
        (0..9).map(|index| normal(2, index, 3)),
    )
    .await;
    let snapshot = build(&mut source.state_machine).await;
    let mut target = reopen(to.path()).unwrap();

    let mut flipped = snapshot.snapshot.to_vec();
    *flipped.last_mut().unwrap() ^= 1;
    let mut damaged = snapshot.clone();
    damaged.snapshot = flipped.into();
    install(&mut target.state_machine, damaged)
        .await
        .unwrap_err();

    let mut mislabelled = snapshot.clone();
    mislabelled.meta.last_log_id = Some(log_id(2, 9));
    install(&mut target.state_machine, mislabelled)
        .await
        .unwrap_err();
    assert_eq!(target.reader.mark().position, None);
    assert!(files(&to).is_empty());

    install(&mut target.state_machine, snapshot).await.unwrap();
    assert_eq!(target.reader.digest(), source.reader.digest());
    drop(target);
    assert_eq!(
        reopen(to.path()).unwrap().reader.digest(),
        source.reader.digest()
    );
}

#[tokio::test]
async fn checkpoints_are_taken_at_the_same_entries_everywhere() {
    let directory = TempDir::new().unwrap();
    let mut store = reopen(directory.path()).unwrap();
    apply(
        &mut store.state_machine,
        (0..11_000).map(|index| blank(1, index)),
    )
    .await;
    let indexes: Vec<u64> = store.reader.checkpoints().iter().map(|c| c.index).collect();
    assert_eq!(indexes, (3..=10).map(|n| n * 1024).collect::<Vec<_>>());
    assert_eq!(store.reader.mark().checkpoint.unwrap().index, 10_240);
}
