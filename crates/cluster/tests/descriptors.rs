//! No file descriptor is left when a snapshot is to be written: the node says so, and goes on or stops with an
//! error. One test alone, because all of a process share its descriptors.
#![allow(missing_docs, clippy::unwrap_used)]

#[path = "support/live.rs"]
#[allow(dead_code)]
mod live;
#[path = "support/sealed.rs"]
mod sealed;
mod support;

use cluster::{Cluster, Snapshots, Start};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use raft_store::storage_env::OsEnv;
use std::fs::File;
use std::sync::Arc;
use support::*;

/// Few enough to be taken at once.
const DESCRIPTORS: u64 = 256;
/// What the kernel calls it.
const NONE_LEFT: &str = "Too many open files";

/// All that are left.
fn take_all() -> Vec<File> {
    let open = || File::open("/dev/null");
    let taken = std::iter::repeat_with(open).map_while(Result::ok).collect();
    let error = open().unwrap_err().to_string();
    assert!(error.contains(NONE_LEFT), "{error}");
    taken
}

/// A snapshot of a peer that cannot be received is refused, and taken once there is room.
async fn received() {
    let directory = tempfile::tempdir().unwrap();
    let (node, handler) = live::start(Arc::new(OsEnv), &directory.path().join("data")).await;
    let snapshot = || sealed::snapshot(&ipam::State::default(), [1, 2], 3);
    let all = take_all();
    assert!(live::call(handler.clone(), snapshot()).await, "no answer");
    assert_eq!(node.status().last_applied, 0);
    drop(all);
    assert_eq!(node.storage_error(), None, "its storage is well");
    assert!(live::call(handler, snapshot()).await, "no answer");
    until("it is installed", || node.status().last_applied == 3).await;
    node.shutdown().await;
}

/// A node that cannot write its own snapshot stops, and says why; when it starts again it has all that it
/// promised.
async fn written() {
    let site = Site::new(1);
    let config = || cluster::ClusterConfig {
        snapshots: Snapshots {
            entries_between: 20,
            ..Snapshots::default()
        },
        ..site.config(1)
    };
    let node = Cluster::start(config()).await.unwrap();
    node.begin(&bootstrap()).await.unwrap();
    in_service(&node).await;
    let all = take_all();
    let mut leases = Vec::new();
    for client in 0..40 {
        let Some(address) = try_obtain(&node, client).await else {
            break;
        };
        leases.push((client, address));
    }
    until("it says why it does not serve", || {
        let reason = node.service().not_serving_reason;
        reason.is_some_and(|reason| reason.contains(NONE_LEFT) && reason.contains("LimitNOFILE"))
    })
    .await;
    assert!(node.storage_error().is_some(), "the process ends with it");
    drop(all);
    node.shutdown().await;
    let again = Cluster::start(config()).await.unwrap();
    again.begin(&Start::Wait).await.unwrap();
    in_service(&again).await;
    assert!(!leases.is_empty());
    for (client, address) in leases {
        assert_eq!(obtain(&again, client).await, address, "S2");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn snapshots_without_descriptors() {
    let (_, most) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
    setrlimit(Resource::RLIMIT_NOFILE, DESCRIPTORS, most).unwrap();
    received().await;
    written().await;
}
