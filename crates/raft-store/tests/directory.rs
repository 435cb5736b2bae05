//! The data directory: whose it is, which format it has, and half-made ones.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use common::*;
use raft_store::{OpenOptions, StoreError, open};
use std::fs;
use tempfile::TempDir;

fn refusal(directory: &TempDir) -> StoreError {
    reopen(directory.path()).err().expect("it must not open")
}

#[tokio::test]
async fn a_new_directory_says_its_format() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("deep/er");
    drop(reopen(&path).unwrap());
    let format = fs::read_to_string(path.join("format")).unwrap();
    assert_eq!(format, "gatewayd data format 1\n");
    drop(reopen(&path).unwrap());
}

#[tokio::test]
async fn a_newer_format_is_refused_with_both_versions() {
    let directory = TempDir::new().unwrap();
    drop(reopen(directory.path()).unwrap());
    fs::write(directory.path().join("format"), "gatewayd data format 2\n").unwrap();
    let error = refusal(&directory);
    assert!(
        matches!(
            error,
            StoreError::NewerFormat {
                found: 2,
                supported: 1,
                ..
            }
        ),
        "{error}"
    );
}

#[tokio::test]
async fn garbage_in_the_format_file_is_refused() {
    for garbage in [
        "",
        "hello",
        "gatewayd data format 0\n",
        "gatewayd data format 1x",
    ] {
        let directory = TempDir::new().unwrap();
        drop(reopen(directory.path()).unwrap());
        fs::write(directory.path().join("format"), garbage).unwrap();
        let error = refusal(&directory);
        assert!(
            matches!(error, StoreError::UnknownFormat { .. }),
            "{garbage:?}: {error}"
        );
    }
}

#[tokio::test]
async fn data_without_a_format_file_is_refused() {
    let directory = TempDir::new().unwrap();
    drop(reopen(directory.path()).unwrap());
    fs::remove_file(directory.path().join("format")).unwrap();
    assert!(matches!(refusal(&directory), StoreError::NotOurs(_)));

    let foreign = TempDir::new().unwrap();
    fs::write(foreign.path().join("photos"), "").unwrap();
    assert!(matches!(refusal(&foreign), StoreError::NotOurs(_)));
}

#[tokio::test]
async fn a_missing_part_is_refused() {
    for part in ["log", "snapshots"] {
        let directory = TempDir::new().unwrap();
        drop(reopen(directory.path()).unwrap());
        fs::remove_dir_all(directory.path().join(part)).unwrap();
        assert!(
            matches!(refusal(&directory), StoreError::MissingPart(_)),
            "{part}"
        );
    }
}

#[tokio::test]
async fn a_half_made_directory_is_made_anew() {
    let directory = TempDir::new().unwrap();
    drop(reopen(directory.path()).unwrap());
    fs::remove_file(directory.path().join("format")).unwrap();
    fs::write(directory.path().join("creating"), "").unwrap();
    fs::write(directory.path().join("log/db"), "torn").unwrap();
    let mut store = reopen(directory.path()).unwrap();
    assert_eq!(state(&mut store.log).await.last_log_id, None);
    drop(store);
    assert!(!directory.path().join("creating").exists());
    drop(reopen(directory.path()).unwrap());
}

#[tokio::test]
async fn another_nodes_directory_is_refused() {
    let directory = TempDir::new().unwrap();
    drop(reopen(directory.path()).unwrap());
    let error = open(&OpenOptions::new(directory.path(), NODE + 1))
        .err()
        .expect("it must not open");
    assert!(
        matches!(
            error,
            StoreError::ForeignNode {
                found: NODE,
                expected: 8,
                ..
            }
        ),
        "{error}"
    );
}

#[tokio::test]
async fn one_process_at_a_time() {
    let directory = TempDir::new().unwrap();
    let mut store = reopen(directory.path()).unwrap();
    assert!(matches!(refusal(&directory), StoreError::Locked(_)));
    // A reader keeps the directory, too: sled is still open.
    let reader =
        openraft::storage::RaftLogStorage::<raft_store::TypeConfig>::get_log_reader(&mut store.log)
            .await;
    drop(store);
    assert!(matches!(refusal(&directory), StoreError::Locked(_)));
    drop(reader);
    drop(reopen(directory.path()).unwrap());
}
