//! What the tests share.
#![allow(dead_code, reason = "each test uses its part")]

use ipam::{
    Batch, ClientIdentity, ClusterTime, Command, HardwareAddress, NodeId, OfferLease, RequestId,
    Stamp, SubnetId,
};
use openraft::EntryPayload;
use openraft::storage::{RaftLogStorage, RaftLogStorageExt};
use openraft::{LogState, RaftLogReader};
use raft_store::{
    CommittedLeaderId, Entry, Execution, LogId, LogStore, OpenOptions, Proposal, Store, StoreError,
    TypeConfig, Vote, open,
};
use std::path::Path;

/// The node that the tests' directories belong to.
pub const NODE: u64 = 7;

pub fn options(path: &Path) -> OpenOptions {
    OpenOptions::new(path, NODE)
}

pub fn reopen(path: &Path) -> Result<Store, StoreError> {
    open(&options(path))
}

pub fn inline(path: &Path) -> Result<Store, StoreError> {
    let mut options = options(path);
    options.execution = Execution::Inline;
    open(&options)
}

pub fn log_id(term: u64, index: u64) -> LogId {
    LogId::new(CommittedLeaderId::new(term), index)
}

pub fn blank(term: u64, index: u64) -> Entry {
    Entry {
        log_id: log_id(term, index),
        payload: EntryPayload::Blank,
    }
}

/// A batch of `commands` commands.
pub fn normal(term: u64, index: u64, commands: usize) -> Entry {
    let command = |n: usize| {
        let n = u32::try_from(n).unwrap().to_be_bytes();
        Command::from(OfferLease {
            subnet: SubnetId(1),
            client: ClientIdentity {
                hardware: HardwareAddress::ethernet([2, 0, n[0], n[1], n[2], n[3]]),
                identifier: None,
            },
            requested: None,
            avoid: Vec::new(),
            hostname: None,
            node: NodeId(NODE),
            lease_time: None,
        })
        .of(RequestId(u64::from(u32::from_be_bytes(n))))
    };
    let batch = Batch {
        stamp: Some(Stamp {
            term,
            time: ClusterTime(index * 10),
        }),
        commands: (0..commands).map(command).collect(),
    };
    Entry {
        log_id: log_id(term, index),
        payload: EntryPayload::Normal(Proposal::new(batch)),
    }
}

pub async fn append(log: &mut LogStore, entries: impl IntoIterator<Item = Entry>) {
    let entries: Vec<Entry> = entries.into_iter().collect();
    RaftLogStorageExt::<TypeConfig>::blocking_append(log, entries)
        .await
        .expect("appending works");
}

pub async fn vote(log: &mut LogStore, term: u64) {
    save_vote(log, Vote::new_committed(term, NODE)).await;
}

pub async fn save_vote(log: &mut LogStore, vote: Vote) {
    RaftLogStorage::<TypeConfig>::save_vote(log, &vote)
        .await
        .expect("saving a vote works");
}

pub async fn read_vote(log: &mut LogStore) -> Option<Vote> {
    let mut reader = RaftLogStorage::<TypeConfig>::get_log_reader(log).await;
    RaftLogReader::<TypeConfig>::read_vote(&mut reader)
        .await
        .expect("reading the vote works")
}

pub async fn committed(log: &mut LogStore, committed: LogId) {
    RaftLogStorage::<TypeConfig>::save_committed(log, Some(committed))
        .await
        .expect("saving the committed entry works");
}

pub async fn truncate(log: &mut LogStore, after: Option<LogId>) {
    RaftLogStorage::<TypeConfig>::truncate_after(log, after)
        .await
        .expect("truncating works");
}

pub async fn purge(log: &mut LogStore, upto: LogId) {
    RaftLogStorage::<TypeConfig>::purge(log, upto)
        .await
        .expect("purging works");
}

pub async fn state(log: &mut LogStore) -> LogState<TypeConfig> {
    RaftLogStorage::<TypeConfig>::get_log_state(log)
        .await
        .expect("the log has a state")
}

pub async fn try_read(
    log: &mut LogStore,
    range: std::ops::Range<u64>,
) -> Result<Vec<Entry>, std::io::Error> {
    let mut reader = RaftLogStorage::<TypeConfig>::get_log_reader(log).await;
    RaftLogReader::<TypeConfig>::try_get_log_entries(&mut reader, range).await
}

pub async fn read(log: &mut LogStore, range: std::ops::Range<u64>) -> Vec<Entry> {
    try_read(log, range).await.expect("reading works")
}

pub async fn indexes(log: &mut LogStore) -> Vec<u64> {
    let entries = read(log, 0..u64::MAX).await;
    entries.iter().map(|entry| entry.log_id.index).collect()
}

/// Copies a directory as a crash of the process (not of the machine) would leave it.
pub fn copy_tree(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_tree(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// An error with all its causes.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

/// Applies one entry and builds a snapshot of it.
pub async fn snapshot_at(store: &mut raft_store::Store, term: u64, index: u64) {
    use openraft::RaftSnapshotBuilder;
    use openraft::storage::RaftStateMachine;
    type Types = raft_store::TypeConfig;
    let entries = futures::stream::iter([Ok((blank(term, index), None))]);
    let machine = &mut store.state_machine;
    RaftStateMachine::<Types>::apply(machine, entries)
        .await
        .unwrap();
    let mut builder = RaftStateMachine::<Types>::get_snapshot_builder(machine).await;
    RaftSnapshotBuilder::<Types>::build_snapshot(&mut builder)
        .await
        .unwrap();
}
