//! A whole Raft of one node on this storage: what it has answered is there after a restart, from
//! the log alone and from a snapshot with the log after it.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use common::reopen;
use ipam::{
    Batch, ClusterCommand, ClusterTime, Command, ForwardPolicy, Operator, Outcome, RequestId, Stamp,
};
use openraft::errors::{RPCError, ReplicationClosed, StreamingError, Unreachable};
use openraft::network::{Backoff, RPCOption};
use openraft::raft::{
    AppendEntriesRequest, AppendEntriesResponse, SnapshotResponse, VoteRequest, VoteResponse,
};
use openraft::{
    AnyError, Config, OptionalSend, Raft, RaftNetworkFactory, RaftNetworkV2, ReadPolicy,
    SnapshotPolicy,
};
use raft_store::{
    PeerNode, Proposal, Release, Snapshot, SnapshotData, StateMachine, StateReader, Stopped,
    TypeConfig, Vote,
};
use std::collections::BTreeMap;
use std::future::Future;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;

type TestRaft = Raft<TypeConfig, StateMachine>;

/// One node has nobody to talk to.
struct Nobody;

fn nobody() -> Unreachable<TypeConfig> {
    Unreachable::new(&AnyError::error("there is no other node"))
}

impl RaftNetworkFactory<TypeConfig> for Nobody {
    type Network = Self;

    async fn new_client(&mut self, _: u64, _: &PeerNode) -> Self {
        Self
    }
}

impl RaftNetworkV2<TypeConfig> for Nobody {
    type SnapshotData = SnapshotData;

    async fn append_entries(
        &mut self,
        _: AppendEntriesRequest<TypeConfig>,
        _: RPCOption,
    ) -> Result<AppendEntriesResponse<TypeConfig>, RPCError<TypeConfig>> {
        Err(nobody().into())
    }

    async fn vote(
        &mut self,
        _: VoteRequest<TypeConfig>,
        _: RPCOption,
    ) -> Result<VoteResponse<TypeConfig>, RPCError<TypeConfig>> {
        Err(nobody().into())
    }

    async fn full_snapshot(
        &mut self,
        _: Vote,
        _: Snapshot,
        _: impl Future<Output = ReplicationClosed> + OptionalSend + 'static,
        _: RPCOption,
    ) -> Result<SnapshotResponse<TypeConfig>, StreamingError<TypeConfig>> {
        Err(nobody().into())
    }

    fn backoff(&self) -> Option<Backoff> {
        None
    }
}

async fn start(path: &Path) -> (TestRaft, StateReader, Release) {
    let config = Config {
        heartbeat_interval: 20,
        election_timeout_min: 60,
        election_timeout_max: 120,
        snapshot_policy: SnapshotPolicy::Never,
        max_in_snapshot_log_to_keep: 5,
        ..Config::default()
    };
    let config = Arc::new(config.validate().unwrap());
    let store = reopen(path).unwrap();
    let raft = Raft::new(common::NODE, config, Nobody, store.log, store.state_machine)
        .await
        .unwrap();
    (raft, store.reader, store.release)
}

async fn lead(raft: &TestRaft) -> u64 {
    let wait = raft.wait(Some(Duration::from_secs(10)));
    let metrics = wait
        .current_leader(common::NODE, "it leads alone")
        .await
        .unwrap();
    metrics.current_term
}

async fn write(raft: &TestRaft, term: u64, n: u64) {
    let policy = match n % 2 {
        0 => ForwardPolicy::Accept,
        _ => ForwardPolicy::Drop,
    };
    let time = ClusterTime(n);
    let batch = Batch {
        stamp: Some(Stamp { term, time }),
        commands: vec![
            Command::from(ClusterCommand::SetForwardPolicy {
                operator: Operator::default(),
                policy,
            })
            .of(RequestId(n)),
        ],
    };
    let answer = raft.client_write(Proposal::new(batch)).await.unwrap();
    assert_eq!(answer.data.0, [Outcome::Done]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_answered_is_there_after_restarts() {
    let directory = TempDir::new().unwrap();
    let mut digest = None;
    for round in 0..4_u64 {
        let (raft, reader, release) = start(directory.path()).await;
        if round == 0 {
            let members = BTreeMap::from([(common::NODE, PeerNode::new("gw7:7000"))]);
            raft.initialize(members).await.unwrap();
        }
        let term = lead(&raft).await;
        if round > 0 {
            // The new leader's first entry is blank: it changes nothing.
            raft.ensure_linearizable(ReadPolicy::ReadIndex)
                .await
                .unwrap();
            assert_eq!(reader.digest().map(|d| d.sha256), digest, "round {round}");
        }
        for n in 0..50 {
            write(&raft, term, round * 50 + n).await;
        }
        if round == 1 {
            raft.trigger().snapshot().await.unwrap();
            let last = reader.mark().position.unwrap().index;
            let wait = raft.wait(Some(Duration::from_secs(10)));
            let id = raft_store::LogId::new(raft_store::CommittedLeaderId::new(term), last);
            wait.snapshot(id, "the snapshot is built").await.unwrap();
            raft.trigger().purge_log(last - 5).await.unwrap();
            for n in 0..20 {
                write(&raft, term, 500 + n).await;
            }
        }
        digest = reader.digest().map(|digest| digest.sha256);
        let position = reader.mark().position.unwrap();
        assert_eq!(position.term, term);
        reader.applied(position.index).await.unwrap();
        raft.shutdown().await.unwrap();
        drop(raft);
        tokio::time::timeout(Duration::from_secs(10), release.released())
            .await
            .unwrap();
        assert_eq!(reader.applied(position.index + 100).await, Err(Stopped));
    }
}
