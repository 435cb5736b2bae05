//! Raft's own requests: replication, votes, snapshots, leadership transfer.
//!
//! What reaches openraft has passed [`super::bounds`] by way of [`super::guard`].

use super::bounds;
use super::{Answer, PeerService};
use api::proto::raft as wire;
use bytes::{Bytes, BytesMut};
use openraft::raft::AppendEntriesResponse;
use raft_store::codec::{self, CodecError};
use raft_store::{NodeRuntime, Snapshot, SnapshotMeta};
use tonic::{Request, Response, Status, Streaming};

/// The largest snapshot: a /16 pool full of leases is about 10 MB.
const MAX_SNAPSHOT_BYTES: u64 = 256 * 1024 * 1024;

impl PeerService {
    pub(super) async fn answer_append(
        &self,
        request: Request<wire::AppendEntriesRequest>,
    ) -> Answer<wire::AppendEntriesResponse> {
        let (caller, request) = self.receive(request)?;
        let sender = self.check_raft(&caller, request.route.as_ref())?;
        let mut request = codec::decode_append_request(request).map_err(malformed)?;
        let own = self.own();
        self.guard(
            sender,
            "Append",
            bounds::check_append(&own, sender, &request),
        )
        .await?;
        if request.vote.leader_id.term < own.vote.leader_id.term {
            // openraft says the same, but notes first what that leader says is committed.
            let answer = AppendEntriesResponse::HigherVote(own.vote);
            return Ok(Response::new(codec::encode_append_response::<NodeRuntime>(
                &answer,
            )));
        }
        bounds::clamp_commit(&mut request);
        let answer = self
            .inner
            .raft()
            .append_entries(request)
            .await
            .map_err(stopped)?;
        Ok(Response::new(codec::encode_append_response(&answer)))
    }

    pub(super) async fn answer_vote(
        &self,
        request: Request<wire::VoteRequest>,
    ) -> Answer<wire::VoteResponse> {
        let (caller, request) = self.receive(request)?;
        let sender = self.check_raft(&caller, request.route.as_ref())?;
        let mut request = codec::decode_vote_request(request).map_err(malformed)?;
        let checked = bounds::check_vote(&self.own(), sender, &request);
        self.guard(sender, "Vote", checked).await?;
        self.check_succession(sender, &mut request);
        let answer = self.inner.raft().vote(request).await.map_err(stopped)?;
        Ok(Response::new(codec::encode_vote_response(&answer)))
    }

    pub(super) async fn answer_pre_vote(
        &self,
        request: Request<wire::VoteRequest>,
    ) -> Answer<wire::VoteResponse> {
        let (caller, request) = self.receive(request)?;
        let sender = self.check_raft(&caller, request.route.as_ref())?;
        let request = codec::decode_vote_request(request).map_err(malformed)?;
        let checked = bounds::check_vote(&self.own(), sender, &request);
        self.guard(sender, "PreVote", checked).await?;
        let answer = self.inner.raft().pre_vote(request).await.map_err(stopped)?;
        Ok(Response::new(codec::encode_vote_response(&answer)))
    }

    pub(super) async fn answer_install_snapshot(
        &self,
        request: Request<Streaming<wire::SnapshotChunk>>,
    ) -> Answer<wire::SnapshotResponse> {
        let (caller, mut chunks) = self.receive(request)?;
        let Some(wire::snapshot_chunk::Part::Header(header)) =
            chunks.message().await?.and_then(|chunk| chunk.part)
        else {
            return Err(Status::invalid_argument(
                "a snapshot begins with its header",
            ));
        };
        let sender = self.check_raft(&caller, header.route.as_ref())?;
        let (vote, meta) = decode_header(&header)?;
        let checked = bounds::check_snapshot(&self.own(), sender, &vote, &meta);
        self.guard(sender, "InstallSnapshot", checked).await?;
        let data = collect(&mut chunks, header.length).await?;
        // The transfer took its time, and this node went on.
        let checked = bounds::check_snapshot(&self.own(), sender, &vote, &meta);
        self.guard(sender, "InstallSnapshot", checked).await?;
        let snapshot = Snapshot {
            meta,
            snapshot: data,
        };
        let answer = self
            .inner
            .raft()
            .install_full_snapshot(vote, snapshot)
            .await
            .map_err(stopped)?;
        Ok(Response::new(codec::encode_snapshot_response(&answer)))
    }

    pub(super) async fn answer_transfer_leader(
        &self,
        request: Request<wire::TransferLeaderRequest>,
    ) -> Answer<wire::TransferLeaderResponse> {
        let (caller, request) = self.receive(request)?;
        let sender = self.check_raft(&caller, request.route.as_ref())?;
        let request = codec::decode_transfer_request(request).map_err(malformed)?;
        let checked = bounds::check_transfer(&self.own(), sender, &request);
        self.guard(sender, "TransferLeader", checked).await?;
        self.inner
            .succession
            .name(request.from_leader().leader_id.term, *request.to_node_id());
        let answer = self
            .inner
            .raft()
            .handle_transfer_leader(request)
            .await
            .map_err(stopped)?;
        Ok(Response::new(codec::encode_transfer_response(&answer)))
    }
}

fn decode_header(
    header: &wire::SnapshotHeader,
) -> Result<(raft_store::Vote, SnapshotMeta), Status> {
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

async fn collect(
    chunks: &mut Streaming<wire::SnapshotChunk>,
    length: u64,
) -> Result<Bytes, Status> {
    let mut data = BytesMut::new();
    while let Some(chunk) = chunks.message().await? {
        let Some(wire::snapshot_chunk::Part::Data(part)) = chunk.part else {
            return Err(Status::invalid_argument("a snapshot has one header"));
        };
        if (data.len() + part.len()) as u64 > length {
            return Err(Status::invalid_argument(
                "the snapshot is longer than its header says",
            ));
        }
        data.extend_from_slice(&part);
    }
    if data.len() as u64 != length {
        return Err(Status::invalid_argument(
            "the snapshot is shorter than its header says",
        ));
    }
    Ok(data.freeze())
}

fn malformed(error: CodecError) -> Status {
    Status::invalid_argument(error.to_string())
}

/// Raft answers an error only when it has stopped: its storage failed, or the node is stopping.
fn stopped(error: impl std::fmt::Display) -> Status {
    Status::unavailable(format!("Raft has stopped on this node: {error}"))
}
