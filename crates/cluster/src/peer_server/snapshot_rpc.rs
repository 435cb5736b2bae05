//! Snapshots that a leader sends: one transfer at a time, into a file, checked before it touches the
//! storage.
//!
//! A transfer gives way to one of a higher term, and to a new one of its own sender, who has given the
//! first one up. Any other is refused while it runs. One that stands still, or takes too long, ends.

use super::raft_rpc::{finish, malformed, stopped};
use super::{Answer, PeerService, bounds};
use crate::limits::{MAX_SNAPSHOT_BYTES, SNAPSHOT_CHUNK_TIMEOUT, SNAPSHOT_TIMEOUT};
use crate::raft_handle::RaftNode;
use crate::transport::transfer_limit;
use api::proto::raft as wire;
use ipam::NodeId;
use openraft::raft::AppendEntriesRequest;
use raft_store::codec;
use raft_store::{
    IncomingSnapshot, Snapshot, SnapshotData, SnapshotMeta, SnapshotSpool, StoreError, TypeConfig,
    Vote,
};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::timeout;
use tonic::{Request, Response, Status, Streaming};

/// Who sends the snapshot that is being received, if one is.
#[derive(Default)]
pub(crate) struct SnapshotReceiver(Mutex<Underway>);

#[derive(Default)]
struct Underway {
    transfer: Option<Transfer>,
    begun: u64,
}

struct Transfer {
    number: u64,
    term: u64,
    leader: u64,
    /// Dropped when another transfer takes its place.
    _goes_on: oneshot::Sender<()>,
}

/// The right to receive, until it is dropped or another transfer takes it.
struct Turn<'a> {
    receiver: &'a SnapshotReceiver,
    number: u64,
    replaced: oneshot::Receiver<()>,
}

impl SnapshotReceiver {
    fn begin(&self, vote: &Vote) -> Result<Turn<'_>, Status> {
        let (term, leader) = (vote.leader_id.term, vote.leader_id.voted_for);
        let mut underway = self.lock();
        if let Some(current) = &underway.transfer
            && (term < current.term || (term == current.term && leader != current.leader))
        {
            return Err(Status::resource_exhausted(format!(
                "a snapshot of node {} in term {} is being received: one at a time",
                current.leader, current.term
            )));
        }
        underway.begun += 1;
        let number = underway.begun;
        let (goes_on, replaced) = oneshot::channel();
        underway.transfer = Some(Transfer {
            number,
            term,
            leader,
            _goes_on: goes_on,
        });
        Ok(Turn {
            receiver: self,
            number,
            replaced,
        })
    }

    fn lock(&self) -> MutexGuard<'_, Underway> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut underway = self.receiver.lock();
        let ours = |transfer: &mut Transfer| transfer.number == self.number;
        drop(underway.transfer.take_if(ours));
    }
}

impl PeerService {
    pub(super) async fn answer_install_snapshot(
        &self,
        request: Request<Streaming<wire::SnapshotChunk>>,
    ) -> Answer<wire::SnapshotResponse> {
        let (caller, mut chunks) = self.receive(request)?;
        let Some(wire::snapshot_chunk::Part::Header(header)) =
            next_part(&mut chunks, self.inner.limits().request_begins).await?
        else {
            return Err(Status::invalid_argument(
                "a snapshot begins with its header",
            ));
        };
        let sender = self.check_raft(&caller, "InstallSnapshot", header.route.as_ref())?;
        let (vote, meta) = decode_header(&header)?;
        let checked = bounds::check_snapshot(&self.own(), sender, &vote, &meta);
        self.guard(sender, "InstallSnapshot", checked).await?;
        let snapshot = self.collect(sender, &vote, &meta, chunks, header.length);
        let snapshot = snapshot.await?;
        let entered = self.gate.install().await?;
        // The transfer took its time, and this node went on. It goes on until it follows the sender: one that
        // leads could commit beside the snapshot, at which openraft panics.
        let raft = self.inner.raft();
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

    /// The snapshot, once all of it is here and is what was announced.
    async fn collect(
        &self,
        sender: u64,
        vote: &Vote,
        meta: &SnapshotMeta,
        chunks: Streaming<wire::SnapshotChunk>,
        length: u64,
    ) -> Result<SnapshotData, Status> {
        let mut turn = self.snapshots.begin(vote)?;
        let receive = receive(&self.inner.spool, chunks, length);
        let limit = transfer_limit(SNAPSHOT_TIMEOUT, length);
        let incoming = tokio::select! {
            received = timeout(limit, receive) => received.unwrap_or_else(|_| {
                Err(Status::deadline_exceeded(format!(
                    "the snapshot has not come within {limit:?}"
                )))
            }),
            // Nothing is ever sent: the only news is that the other end is gone.
            _ = &mut turn.replaced => Err(Status::aborted("another snapshot takes its place")),
        }?;
        let in_state = self.inner.reader.with(|applied| applied.state.cluster_id());
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
) -> Result<IncomingSnapshot, Status> {
    let mut incoming = spool.begin().await.map_err(|error| no_room(&error))?;
    while let Some(part) = next_part(&mut chunks, SNAPSHOT_CHUNK_TIMEOUT).await? {
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
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn one_transfer_at_a_time_and_a_newer_leader_takes_its_place() {
        let receiver = SnapshotReceiver::default();
        let mut first = receiver.begin(&Vote::new_committed(5, 1)).unwrap();
        for (term, leader) in [(4, 2), (5, 2)] {
            assert!(receiver.begin(&Vote::new_committed(term, leader)).is_err());
        }
        assert!(first.replaced.try_recv() == Err(oneshot::error::TryRecvError::Empty));
        let mut again = receiver.begin(&Vote::new_committed(5, 1)).unwrap();
        assert!(first.replaced.try_recv() == Err(oneshot::error::TryRecvError::Closed));
        drop(first);
        let newer = receiver.begin(&Vote::new_committed(6, 2)).unwrap();
        assert!(again.replaced.try_recv() == Err(oneshot::error::TryRecvError::Closed));
        assert!(receiver.begin(&Vote::new_committed(5, 1)).is_err());
        drop(newer);
        assert!(receiver.begin(&Vote::new_committed(4, 2)).is_ok());
    }
}
