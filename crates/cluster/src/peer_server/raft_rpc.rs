//! Raft's own requests: replication, votes, leadership transfer.
//!
//! What reaches openraft has passed [`super::bounds`] by way of [`super::guard`].

use super::bounds;
use super::{Answer, PeerService};
use api::proto::raft as wire;
use openraft::raft::AppendEntriesResponse;
use raft_store::NodeRuntime;
use raft_store::codec::{self, CodecError};
use tonic::{Request, Response, Status};

impl PeerService {
    pub(super) async fn answer_append(
        &self,
        request: Request<wire::AppendEntriesRequest>,
    ) -> Answer<wire::AppendEntriesResponse> {
        let (caller, request) = self.receive(request)?;
        let sender = self.check_raft(&caller, "Append", request.route.as_ref())?;
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
        let entered = self.gate.append().await?;
        let raft = self.inner.raft();
        let answer = finish(async move {
            let _entered = entered;
            raft.append_entries(request).await
        });
        let answer = answer.await?;
        Ok(Response::new(codec::encode_append_response(&answer)))
    }

    pub(super) async fn answer_vote(
        &self,
        request: Request<wire::VoteRequest>,
    ) -> Answer<wire::VoteResponse> {
        let (caller, request) = self.receive(request)?;
        let sender = self.check_raft(&caller, "Vote", request.route.as_ref())?;
        self.check_notes()?;
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
        let sender = self.check_raft(&caller, "PreVote", request.route.as_ref())?;
        self.check_notes()?;
        let request = codec::decode_vote_request(request).map_err(malformed)?;
        let checked = bounds::check_vote(&self.own(), sender, &request);
        self.guard(sender, "PreVote", checked).await?;
        let answer = self.inner.raft().pre_vote(request).await.map_err(stopped)?;
        Ok(Response::new(codec::encode_vote_response(&answer)))
    }

    pub(super) async fn answer_transfer_leader(
        &self,
        request: Request<wire::TransferLeaderRequest>,
    ) -> Answer<wire::TransferLeaderResponse> {
        let (caller, request) = self.receive(request)?;
        let sender = self.check_raft(&caller, "TransferLeader", request.route.as_ref())?;
        self.check_notes()?;
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

/// What Raft answers. It goes on to its end when the peer has given the request up.
pub(super) async fn finish<T, E>(
    call: impl Future<Output = Result<T, E>> + Send + 'static,
) -> Result<T, Status>
where
    T: Send + 'static,
    E: std::fmt::Display + Send + 'static,
{
    let ended = tokio::spawn(call).await.map_err(stopped)?;
    ended.map_err(stopped)
}

pub(super) fn malformed(error: CodecError) -> Status {
    Status::invalid_argument(error.to_string())
}

/// Raft answers an error only when it has stopped: its storage failed, or the node is stopping.
pub(super) fn stopped(error: impl std::fmt::Display) -> Status {
    Status::unavailable(format!("Raft has stopped on this node: {error}"))
}
