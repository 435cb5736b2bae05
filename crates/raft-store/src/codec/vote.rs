//! Votes, and asking for them.

use super::error::required;
use super::{CodecError, decode_log_id, encode_log_id};
use crate::{RaftTypes, Vote};
use api::proto::{peer, storage};
use openraft::AsyncRuntime;
use openraft::raft::{VoteRequest, VoteResponse};

/// A vote.
#[must_use]
pub fn encode_vote(vote: &Vote) -> storage::Vote {
    storage::Vote {
        term: vote.leader_id.term,
        node_id: vote.leader_id.voted_for,
        committed: vote.committed,
    }
}

/// A vote.
#[must_use]
pub fn decode_vote(message: storage::Vote) -> Vote {
    if message.committed {
        Vote::new_committed(message.term, message.node_id)
    } else {
        Vote::new(message.term, message.node_id)
    }
}

/// A candidate's request, without a route.
#[must_use]
pub fn encode_vote_request<RT: AsyncRuntime>(
    request: &VoteRequest<RaftTypes<RT>>,
) -> peer::VoteRequest {
    peer::VoteRequest {
        vote: Some(encode_vote(&request.vote)),
        last_log_id: request.last_log_id.as_ref().map(encode_log_id),
        leadership_transfer: request.leadership_transfer,
        route: None,
    }
}

/// A candidate's request.
pub fn decode_vote_request<RT: AsyncRuntime>(
    message: peer::VoteRequest,
) -> Result<VoteRequest<RaftTypes<RT>>, CodecError> {
    let vote = decode_vote(required("VoteRequest.vote", message.vote)?);
    let mut request = VoteRequest::new(vote, message.last_log_id.map(decode_log_id));
    request.leadership_transfer = message.leadership_transfer;
    Ok(request)
}

/// The answer to a candidate.
#[must_use]
pub fn encode_vote_response<RT: AsyncRuntime>(
    response: &VoteResponse<RaftTypes<RT>>,
) -> peer::VoteResponse {
    peer::VoteResponse {
        vote: Some(encode_vote(&response.vote)),
        granted: response.vote_granted,
        last_log_id: response.last_log_id.as_ref().map(encode_log_id),
    }
}

/// The answer to a candidate.
pub fn decode_vote_response<RT: AsyncRuntime>(
    message: peer::VoteResponse,
) -> Result<VoteResponse<RaftTypes<RT>>, CodecError> {
    let vote = decode_vote(required("VoteResponse.vote", message.vote)?);
    let last_log_id = message.last_log_id.map(decode_log_id);
    Ok(VoteResponse::new(vote, last_log_id, message.granted))
}
