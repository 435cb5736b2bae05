//! The data directory: whose it is, which format it has, and half-made ones.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use common::*;
use ipam::*;
use openraft::EntryPayload;
use raft_store::{Entry, OpenOptions, Proposal, StoreError, Vote, open};
use std::fs;
use std::net::Ipv4Addr;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::PathBuf;
use tempfile::TempDir;

/// The entry that lays down a cluster, as the first one.
fn bootstrap(cluster_id: [u8; 16]) -> Entry {
    let ip = |last| Ipv4Addr::new(192, 0, 2, last);
    let subnet = SubnetConfig::new(
        SubnetId(1),
        Ipv4Network::new(ip(0), 24).unwrap(),
        ip(1),
        AddressRange::new(ip(20), ip(254)).unwrap(),
    );
    let command = Command::from(Bootstrap {
        cluster_id,
        subnet,
        source_nat: None,
        forward_policy: ForwardPolicy::Drop,
    });
    let batch = Batch {
        stamp: None,
        commands: vec![command.of(RequestId(1))],
    };
    Entry {
        log_id: log_id(0, 0),
        payload: EntryPayload::Normal(Proposal::new(batch)),
    }
}

fn refusal(directory: &TempDir) -> StoreError {
    reopen(directory.path()).err().expect("it must not open")
}

#[tokio::test]
async fn a_new_directory_says_its_format() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("deep/er");
    drop(reopen(&path).unwrap());
    let format = fs::read_to_string(path.join("format")).unwrap();
    assert_eq!(format, "gatewayd data format 2\n");
    drop(reopen(&path).unwrap());
}

#[tokio::test]
async fn a_newer_format_is_refused_with_both_versions() {
    let directory = TempDir::new().unwrap();
    drop(reopen(directory.path()).unwrap());
    fs::write(directory.path().join("format"), "gatewayd data format 3\n").unwrap();
    let error = refusal(&directory);
    assert!(
        matches!(
            error,
            StoreError::NewerFormat {
                found: 3,
                supported: 2,
                ..
            }
        ),
        "{error}"
    );
}

/// Nobody runs a release that wrote format 1: its data are refused by name, and left as they are.
#[tokio::test]
async fn an_older_format_is_refused_with_both_versions() {
    let directory = TempDir::new().unwrap();
    drop(reopen(directory.path()).unwrap());
    fs::write(directory.path().join("format"), "gatewayd data format 1\n").unwrap();
    let error = refusal(&directory);
    assert!(
        matches!(
            error,
            StoreError::OlderFormat {
                found: 1,
                supported: 2,
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
    for made_later in ["format", "secret"] {
        fs::remove_file(directory.path().join(made_later)).unwrap();
    }
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

fn mode(path: &std::path::Path) -> u32 {
    fs::symlink_metadata(path).unwrap().permissions().mode() & 0o7777
}

fn every_path(directory: &std::path::Path) -> Vec<PathBuf> {
    let mut found = vec![directory.to_owned()];
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(every_path(&path));
        } else {
            found.push(path);
        }
    }
    found
}

fn assert_private(directory: &std::path::Path) {
    for path in every_path(directory) {
        let others = mode(&path) & 0o077;
        assert_eq!(others, 0, "{} is {:o}", path.display(), mode(&path));
    }
}

#[tokio::test]
async fn data_directory_is_for_its_owner_alone() {
    let holder = TempDir::new().unwrap();
    let directory = holder.path().join("data");
    drop(reopen(&directory).unwrap());
    assert_eq!(mode(&directory), 0o700);
    assert_private(&directory);
}

#[tokio::test]
async fn wide_data_directory_of_ours_is_narrowed_and_a_foreign_one_is_left_alone() {
    let directory = TempDir::new().unwrap();
    drop(reopen(directory.path()).unwrap());
    for path in every_path(directory.path()) {
        let wide = if path.is_dir() { 0o755 } else { 0o644 };
        fs::set_permissions(&path, fs::Permissions::from_mode(wide)).unwrap();
    }
    drop(reopen(directory.path()).unwrap());
    assert_private(directory.path());

    let foreign = TempDir::new().unwrap();
    fs::set_permissions(foreign.path(), fs::Permissions::from_mode(0o755)).unwrap();
    fs::write(foreign.path().join("letters"), "dear").unwrap();
    let error = refusal(&foreign);
    assert!(matches!(error, StoreError::NotOurs(_)), "{error}");
    assert_eq!(mode(foreign.path()), 0o755);
    assert_eq!(fs::read_dir(foreign.path()).unwrap().count(), 1);
}

#[tokio::test]
async fn files_of_others_with_our_names_are_neither_emptied_nor_taken_for_ours() {
    for name in [
        "lock",
        "creating",
        "creating.tmp",
        "format.tmp",
        "notes.tmp",
    ] {
        let directory = TempDir::new().unwrap();
        let file = directory.path().join(name);
        fs::write(&file, "dear").unwrap();
        let error = refusal(&directory);
        assert!(matches!(error, StoreError::NotOurs(_)), "{name}: {error}");
        assert_eq!(fs::read_to_string(&file).unwrap(), "dear", "{name}");
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1, "{name}");
    }
}

#[tokio::test]
async fn symbolic_links_are_not_followed() {
    let elsewhere = TempDir::new().unwrap();
    let dear = elsewhere.path().join("dear");
    for name in [
        "lock",
        "creating",
        "creating.tmp",
        "format",
        "log",
        "snapshots",
    ] {
        fs::write(&dear, "dear").unwrap();
        let directory = TempDir::new().unwrap();
        symlink(&dear, directory.path().join(name)).unwrap();
        assert!(reopen(directory.path()).is_err(), "{name} of a new one");
        assert_eq!(fs::read_to_string(&dear).unwrap(), "dear", "{name}");
    }
    for name in ["lock", "format", "watermark", "log/db", "log", "snapshots"] {
        let directory = TempDir::new().unwrap();
        drop(reopen(directory.path()).unwrap());
        let original = directory.path().join(name);
        let moved = elsewhere.path().join("moved");
        drop(fs::remove_dir_all(&moved).or_else(|_| fs::remove_file(&moved)));
        fs::rename(&original, &moved).unwrap();
        symlink(&moved, &original).unwrap();
        let error = refusal(&directory).to_string();
        assert!(error.contains(name), "{name}: {error}");
    }
    let directory = TempDir::new().unwrap();
    drop(reopen(directory.path()).unwrap());
    let link = elsewhere.path().join("link");
    symlink(directory.path(), &link).unwrap();
    let error = reopen(&link).err().unwrap();
    assert!(matches!(error, StoreError::SymbolicLink(_)), "{error}");
}

/// Opening one for writing waits until somebody reads: the node would hang before it said a word.
#[tokio::test]
async fn named_pipe_in_place_of_a_file_is_an_error_at_once() {
    for name in ["lock", "format"] {
        let directory = TempDir::new().unwrap();
        let pipe = directory.path().join(name);
        nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).unwrap();
        assert!(reopen(directory.path()).is_err(), "{name}");
    }
}

#[tokio::test]
async fn data_directory_of_another_user_is_refused_by_name() {
    if !nix::unistd::geteuid().is_root() {
        return;
    }
    let directory = TempDir::new().unwrap();
    drop(reopen(directory.path()).unwrap());
    std::os::unix::fs::chown(directory.path(), Some(1), None).unwrap();
    let error = refusal(&directory);
    assert!(
        matches!(error, StoreError::ForeignOwner { owner: 1, .. }),
        "{error}"
    );
}
/// S12: which cluster a directory belongs to is known before anything is applied, and for good.
#[tokio::test]
async fn a_directory_belongs_to_one_cluster() {
    let directory = TempDir::new().unwrap();
    let store = reopen(directory.path()).unwrap();
    assert_eq!(store.cluster.get(), None);
    assert_eq!(store.cluster.claim([7; 16]).await.unwrap(), [7; 16]);
    assert_eq!(store.cluster.claim([8; 16]).await.unwrap(), [7; 16]);
    drop(store);
    let file = directory.path().join("cluster");
    let said = fs::read_to_string(&file).unwrap();
    assert_eq!(said, format!("gatewayd cluster {}\n", "07".repeat(16)));
    assert_eq!(
        reopen(directory.path()).unwrap().cluster.get(),
        Some([7; 16])
    );
    fs::write(&file, "gatewayd cluster 07").unwrap();
    let error = refusal(&directory);
    assert!(
        matches!(error, StoreError::UnknownClusterId { .. }),
        "{error}"
    );
}

/// A log that lays down one cluster in a directory of another; and one from before there was the file.
#[tokio::test]
async fn a_log_of_another_cluster_is_refused_by_name() {
    let directory = TempDir::new().unwrap();
    let mut store = reopen(directory.path()).unwrap();
    append(&mut store.log, [bootstrap([8; 16])]).await;
    drop(store);
    let store = reopen(directory.path()).unwrap();
    assert_eq!(store.cluster.get(), Some([8; 16]), "the log says it");
    drop(store);
    let line = format!("gatewayd cluster {}\n", "07".repeat(16));
    fs::write(directory.path().join("cluster"), line).unwrap();
    let error = refusal(&directory);
    assert!(
        matches!(error, StoreError::ForeignCluster { .. }),
        "{error}"
    );
    assert!(error.to_string().contains("0707"), "{error}");
}

/// What an older release had stored on a liar's word is named, and shown to nobody.
#[tokio::test]
async fn a_poisoned_directory_opens_and_says_so() {
    for (vote, entry) in [
        (Vote::new(u64::MAX, 9), None),
        (Vote::new((1 << 62) + 1, 9), None),
        (Vote::new_committed(u64::MAX, 9), Some(blank(u64::MAX, 0))),
    ] {
        let directory = TempDir::new().unwrap();
        let mut store = reopen(directory.path()).unwrap();
        save_vote(&mut store.log, vote).await;
        if let Some(entry) = entry {
            append(&mut store.log, [entry]).await;
        }
        drop(store);
        let mut store = reopen(directory.path()).unwrap();
        let reason = store.poisoned.clone().unwrap();
        assert!(reason.contains("poisoned: the vote has term"), "{reason}");
        let shown = state(&mut store.log).await;
        assert_eq!((shown.last_log_id, shown.last_purged_log_id), (None, None));
        drop(store);
        assert!(
            reopen(directory.path()).unwrap().poisoned.is_some(),
            "still"
        );
    }
    let honest = TempDir::new().unwrap();
    let mut store = reopen(honest.path()).unwrap();
    save_vote(&mut store.log, Vote::new(1 << 62, 9)).await;
    drop(store);
    assert_eq!(reopen(honest.path()).unwrap().poisoned, None);
}

/// What is noted of its log could not be told from anybody's notes any more.
#[tokio::test]
async fn a_secret_that_is_none_is_refused() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("secret");
    let mut store = inline(directory.path()).unwrap();
    append(&mut store.log, [blank(0, 0)]).await;
    drop(store);
    let secret = std::fs::read(&path).unwrap();
    let is_refused = || {
        let refused = inline(directory.path()).err().unwrap().to_string();
        assert!(refused.contains("secret"), "{refused}");
        assert!(
            refused.contains("remove the node from the cluster and add it again"),
            "{refused}"
        );
    };
    for content in [&b""[..], &[7; 31], &[7; 33]] {
        let sealed = [content, &crc32fast::hash(content).to_le_bytes()].concat();
        std::fs::write(&path, sealed).unwrap();
        is_refused();
    }
    std::fs::write(&path, &secret[1..]).unwrap();
    is_refused();
    std::fs::remove_file(&path).unwrap();
    is_refused();
    std::fs::write(&path, secret).unwrap();
    inline(directory.path()).unwrap();
}

/// The power failed before it was drawn: nobody has a note of an empty log.
#[test]
fn a_directory_that_was_never_used_gets_a_secret() {
    let directory = TempDir::new().unwrap();
    drop(inline(directory.path()).unwrap());
    std::fs::remove_file(directory.path().join("secret")).unwrap();
    inline(directory.path()).unwrap();
}
