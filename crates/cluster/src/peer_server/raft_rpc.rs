//! Raft's own requests: replication, votes, leadership transfer.
//!
//! What reaches openraft has passed [`crate::bounds`] by way of [`super::guard`].

use super::{Answer, PeerService};
use crate::bounds;
use crate::limits::MAX_ENTRY_BYTES;
use api::proto::peer;
use futures::poll;
use openraft::raft::AppendEntriesResponse;
use prost::Message;
use raft_store::NodeRuntime;
use raft_store::codec::{self, CodecError};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use tokio::sync::OwnedMutexGuard;
use tokio::task::coop::unconstrained;
use tonic::{Request, Response, Status};

impl PeerService {
    pub(super) async fn answer_append(
        &self,
        request: Request<peer::AppendEntriesRequest>,
    ) -> Answer<peer::AppendEntriesResponse> {
        let (caller, request) = self.receive(request)?;
        // First: what is checked is checked against what this node is after an installation.
        let entered = self.gate.append().await?;
        let sender = self.check_raft(&caller, "Append", request.route.as_ref())?;
        check_entries(&request)?;
        let request = codec::decode_append_request(request).map_err(malformed)?;
        let raft = self.handles.raft.now();
        let turn = Arc::clone(&self.turn).lock_owned().await;
        let judged = self.judge_append(&raft, sender, request).await?;
        let (own, request) = (judged.own, judged.request);
        self.guard(sender, "Append", judged.checked).await?;
        if request.vote.leader_id.term < own.vote.leader_id.term {
            // openraft says the same, but notes first what that leader says is committed.
            let answer = AppendEntriesResponse::HigherVote(own.vote);
            return Ok(Response::new(codec::encode_append_response::<NodeRuntime>(
                &answer,
            )));
        }
        let answer = finish(async move {
            let _entered = entered;
            hand_over(turn, raft.append_entries(request)).await
        });
        let answer = answer.await?;
        Ok(Response::new(codec::encode_append_response(&answer)))
    }

    pub(super) async fn answer_vote(
        &self,
        request: Request<peer::VoteRequest>,
    ) -> Answer<peer::VoteResponse> {
        let (caller, request) = self.receive(request)?;
        let sender = self.check_raft(&caller, "Vote", request.route.as_ref())?;
        self.check_notes()?;
        let mut request = codec::decode_vote_request(request).map_err(malformed)?;
        let checked = bounds::check_vote(&self.own(), sender, &request);
        self.guard(sender, "Vote", checked).await?;
        self.check_succession(sender, &mut request);
        let answer = self
            .handles
            .raft
            .now()
            .vote(request)
            .await
            .map_err(stopped)?;
        Ok(Response::new(codec::encode_vote_response(&answer)))
    }

    pub(super) async fn answer_pre_vote(
        &self,
        request: Request<peer::VoteRequest>,
    ) -> Answer<peer::VoteResponse> {
        let (caller, request) = self.receive(request)?;
        let sender = self.check_raft(&caller, "PreVote", request.route.as_ref())?;
        self.check_notes()?;
        let request = codec::decode_vote_request(request).map_err(malformed)?;
        let checked = bounds::check_vote(&self.own(), sender, &request);
        self.guard(sender, "PreVote", checked).await?;
        let answer = self
            .handles
            .raft
            .now()
            .pre_vote(request)
            .await
            .map_err(stopped)?;
        Ok(Response::new(codec::encode_vote_response(&answer)))
    }

    pub(super) async fn answer_transfer_leader(
        &self,
        request: Request<peer::TransferLeaderRequest>,
    ) -> Answer<peer::TransferLeaderResponse> {
        let (caller, request) = self.receive(request)?;
        let sender = self.check_raft(&caller, "TransferLeader", request.route.as_ref())?;
        self.check_notes()?;
        let request = codec::decode_transfer_request(request).map_err(malformed)?;
        let checked = bounds::check_transfer(&self.own(), sender, &request);
        self.guard(sender, "TransferLeader", checked).await?;
        self.handles
            .heir
            .name(request.from_leader().leader_id.term, *request.to_node_id());
        let answer = self
            .handles
            .raft
            .now()
            .handle_transfer_leader(request)
            .await
            .map_err(stopped)?;
        Ok(Response::new(codec::encode_transfer_response(&answer)))
    }
}

/// Makes a call of openraft, and keeps the turn until openraft has it: it takes what it is given one after the
/// other, and a call gives it away when it is first polled.
async fn hand_over<T>(turn: OwnedMutexGuard<()>, call: impl Future<Output = T>) -> T {
    let mut call = pin!(unconstrained(call));
    let first = poll!(&mut call);
    drop(turn);
    match first {
        Poll::Ready(answer) => answer,
        Poll::Pending => call.await,
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

/// What is stored must fit into a message again, whoever sends it next.
fn check_entries(request: &peer::AppendEntriesRequest) -> Result<(), Status> {
    let sizes = request.entries.iter().map(Message::encoded_len);
    match sizes.max() {
        Some(bytes) if bytes > MAX_ENTRY_BYTES => Err(Status::invalid_argument(format!(
            "an entry of {bytes} bytes: at most {MAX_ENTRY_BYTES} are taken"
        ))),
        _ => Ok(()),
    }
}

pub(super) fn malformed(error: CodecError) -> Status {
    Status::invalid_argument(error.to_string())
}

/// Raft answers an error only when it has stopped: its storage failed, or the node is stopping.
pub(super) fn stopped(error: impl std::fmt::Display) -> Status {
    Status::unavailable(format!("Raft has stopped on this node: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::proto::storage;

    /// A leader could not send on what just fitted into the message that brought it.
    #[test]
    fn an_entry_that_could_not_be_sent_on_is_refused() {
        let entry = |bytes: usize| peer::AppendEntriesRequest {
            entries: vec![storage::Entry {
                log_id: None,
                payload: Some(storage::entry::Payload::Membership(storage::Membership {
                    configs: vec![],
                    nodes: vec![storage::Node {
                        node_id: 1,
                        address: "x".repeat(bytes),
                        key: None,
                    }],
                })),
            }],
            ..peer::AppendEntriesRequest::default()
        };
        assert!(check_entries(&entry(MAX_ENTRY_BYTES / 2)).is_ok());
        assert!(check_entries(&entry(MAX_ENTRY_BYTES)).is_err());
    }
}
