//! Snapshots that a leader sends: one transfer at a time, into a file, checked before it touches the
//! storage.
//!
//! Whose turn it is, [`super::snapshot_turns`] says. A transfer that stands still, comes too slowly or takes too
//! long ends; so does one whose sender may not send any more: it is asked for with each part.

use super::raft_rpc::{finish, malformed, stopped};
use super::{Answer, PeerService};
use crate::bounds;
use crate::limits::{MAX_SNAPSHOT_BYTES, SNAPSHOT_CHUNK_TIMEOUT, SNAPSHOT_SLACK, SNAPSHOT_TIMEOUT};
use crate::raft::RaftNode;
use crate::transport::transfer_limit;
use api::proto::peer as wire;
use ipam::NodeId;
use openraft::raft::AppendEntriesRequest;
use raft_store::codec;
use raft_store::{
    IncomingSnapshot, Snapshot, SnapshotData, SnapshotMeta, SnapshotSpool, StoreError, TypeConfig,
    Vote,
};
use std::time::Duration;
use tokio::time::{Instant, timeout};
use tonic::{Request, Response, Status, Streaming};

impl PeerService {
    pub(super) async fn answer_install_snapshot(
        &self,
        request: Request<Streaming<wire::SnapshotChunk>>,
    ) -> Answer<wire::SnapshotResponse> {
        let (caller, mut chunks) = self.receive(request)?;
        let Some(wire::snapshot_chunk::Part::Header(header)) =
            next_part(&mut chunks, self.handles.limits.now().request_begins).await?
        else {
            return Err(Status::invalid_argument(
                "a snapshot begins with its header",
            ));
        };
        let sender = self.check_raft(&caller, "InstallSnapshot", header.route.as_ref())?;
        let (vote, meta) = decode_header(&header)?;
        let checked = bounds::check_snapshot(&self.own(), sender, &vote, &meta);
        self.guard(sender, "InstallSnapshot", checked).await?;
        let may_send = || {
            self.check_raft_goes_on(&caller, "InstallSnapshot", header.route.as_ref())?;
            bounds::check_snapshot(&self.own(), sender, &vote, &meta)
                .map_err(|violation| Status::aborted(violation.to_string()))
        };
        let mut turn = self.snapshots.begin(&vote, &self.own().vote)?;
        let received = receive(&self.handles.spool, chunks, header.length, &may_send);
        let limit = transfer_limit(SNAPSHOT_TIMEOUT, header.length);
        let received = tokio::select! {
            received = timeout(limit, received) => received.unwrap_or_else(|_| {
                Err(Status::deadline_exceeded(format!(
                    "the snapshot has not come within {limit:?}"
                )))
            }),
            // Nothing is ever sent: the only news is that the other end is gone.
            _ = &mut turn.replaced => Err(Status::aborted("another snapshot takes its place")),
        };
        let snapshot = match received {
            Ok(incoming) => self.checked(sender, &meta, incoming).await,
            Err(status) => Err(status),
        };
        turn.ended(&snapshot);
        drop(turn);
        let snapshot = snapshot?;
        let entered = self.gate.install().await?;
        // The transfer took its time, and this node went on. It goes on until it follows the sender: one that
        // leads could commit beside the snapshot, at which openraft panics.
        let raft = self.handles.raft.now();
        self.judge_again(&raft, sender, vote, &meta).await?;
        raft.append_entries(nothing_of(vote))
            .await
            .map_err(stopped)?;
        self.judge_again(&raft, sender, vote, &meta).await?;
        let snapshot = Snapshot { meta, snapshot };
        let answer = finish(async move {
            let _entered = entered;
            raft.install_full_snapshot(vote, snapshot).await
        });
        let answer = answer.await?;
        Ok(Response::new(codec::encode_snapshot_response(&answer)))
    }

    async fn judge_again(
        &self,
        raft: &RaftNode,
        sender: u64,
        vote: Vote,
        meta: &SnapshotMeta,
    ) -> Result<(), Status> {
        let checked = self
            .judge_snapshot(raft, sender, vote, meta.clone())
            .await?;
        self.guard(sender, "InstallSnapshot", checked).await
    }

    /// The snapshot, if it is what was announced.
    async fn checked(
        &self,
        sender: u64,
        meta: &SnapshotMeta,
        incoming: IncomingSnapshot,
    ) -> Result<SnapshotData, Status> {
        let in_state = self
            .handles
            .reader
            .with(|applied| applied.state.cluster_id());
        let latest = self.start.reach().clock;
        let checked = incoming.finish(meta, in_state, latest).await;
        checked.map_err(|error| match error {
            StoreError::Io { .. } => no_room(&error),
            error => {
                let sender = NodeId(sender);
                self.refuse_content(sender, "InstallSnapshot", "snapshot", with_cause(&error))
            }
        })
    }
}

/// A leader's word that it leads, and no more.
fn nothing_of(vote: Vote) -> AppendEntriesRequest<TypeConfig> {
    AppendEntriesRequest {
        vote,
        prev_log_id: None,
        entries: Vec::new(),
        leader_commit: None,
    }
}

async fn receive(
    spool: &SnapshotSpool,
    mut chunks: Streaming<wire::SnapshotChunk>,
    length: u64,
    may_send: &(dyn Fn() -> Result<(), Status> + Sync),
) -> Result<IncomingSnapshot, Status> {
    let mut incoming = spool.begin().await.map_err(|error| no_room(&error))?;
    let begun = Instant::now();
    while let Some(part) = next_part(&mut chunks, patience(begun, incoming.length())).await? {
        may_send()?;
        let wire::snapshot_chunk::Part::Data(part) = part else {
            return Err(Status::invalid_argument("a snapshot has one header"));
        };
        if incoming.length() + part.len() as u64 > length {
            return Err(Status::invalid_argument(
                "the snapshot is longer than its header says",
            ));
        }
        let written = incoming.write(part).await;
        written.map_err(|error| no_room(&error))?;
    }
    if incoming.length() != length {
        return Err(Status::invalid_argument(
            "the snapshot is shorter than its header says",
        ));
    }
    Ok(incoming)
}

/// How long the next part may take, when so many bytes have come since the beginning.
fn patience(begun: Instant, bytes: u64) -> Duration {
    let slowest = SNAPSHOT_SLACK + transfer_limit(Duration::ZERO, bytes);
    let left = slowest.saturating_sub(begun.elapsed());
    left.min(SNAPSHOT_CHUNK_TIMEOUT)
}

/// What comes next on the stream; a stream that stands still is an error.
async fn next_part(
    chunks: &mut Streaming<wire::SnapshotChunk>,
    within: Duration,
) -> Result<Option<wire::snapshot_chunk::Part>, Status> {
    let next = timeout(within, chunks.message()).await;
    let next = next.map_err(|_| {
        Status::deadline_exceeded(format!("no part of the snapshot has come for {within:?}"))
    })??;
    Ok(next.and_then(|chunk| chunk.part))
}

fn decode_header(header: &wire::SnapshotHeader) -> Result<(Vote, SnapshotMeta), Status> {
    if header.length > MAX_SNAPSHOT_BYTES {
        return Err(Status::invalid_argument(format!(
            "a snapshot of {} bytes: at most {MAX_SNAPSHOT_BYTES} are accepted",
            header.length
        )));
    }
    let missing = || Status::invalid_argument("the snapshot's header has no vote or no metadata");
    let vote = codec::decode_vote(header.vote.ok_or_else(missing)?);
    let meta = header.meta.clone().ok_or_else(missing)?;
    Ok((vote, codec::decode_snapshot_meta(meta).map_err(malformed)?))
}

fn with_cause(error: &StoreError) -> String {
    match std::error::Error::source(error) {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}

/// This node's disk does not take it, and its storage may be well all the same.
fn no_room(error: &StoreError) -> Status {
    tracing::warn!(
        error = error as &dyn std::error::Error,
        "a snapshot from a peer cannot be kept"
    );
    Status::resource_exhausted(format!("the snapshot cannot be kept: {error}"))
}

#[cfg(test)]
#[path = "snapshot_rpc_tests.rs"]
mod tests;
