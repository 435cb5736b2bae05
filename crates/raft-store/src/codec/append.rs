//! Replication.

use super::error::required;
use super::{
    CodecError, decode_entry, decode_log_id, decode_vote, encode_entry, encode_log_id, encode_vote,
};
use crate::{LogId, RaftTypes};
use api::proto::raft as wire;
use openraft::AsyncRuntime;
use openraft::raft::{AppendEntriesRequest, AppendEntriesResponse};
use wire::append_entries_response::{Conflict, Matched, Result as Answer};

/// A leader's entries, without a route.
#[must_use]
pub fn encode_append_request<RT: AsyncRuntime>(
    request: &AppendEntriesRequest<RaftTypes<RT>>,
) -> wire::AppendEntriesRequest {
    wire::AppendEntriesRequest {
        vote: Some(encode_vote(&request.vote)),
        prev_log_id: request.prev_log_id.as_ref().map(encode_log_id),
        entries: request.entries.iter().map(encode_entry).collect(),
        leader_commit: request.leader_commit.as_ref().map(encode_log_id),
        route: None,
    }
}

/// A leader's entries.
pub fn decode_append_request<RT: AsyncRuntime>(
    message: wire::AppendEntriesRequest,
) -> Result<AppendEntriesRequest<RaftTypes<RT>>, CodecError> {
    let entries = message.entries.into_iter().map(decode_entry);
    Ok(AppendEntriesRequest {
        vote: decode_vote(required("AppendEntriesRequest.vote", message.vote)?),
        prev_log_id: message.prev_log_id.map(decode_log_id),
        entries: entries.collect::<Result<_, _>>()?,
        leader_commit: message.leader_commit.map(decode_log_id),
    })
}

/// The answer to one request.
#[must_use]
pub fn encode_append_response<RT: AsyncRuntime>(
    response: &AppendEntriesResponse<RaftTypes<RT>>,
) -> wire::AppendEntriesResponse {
    let answer = match response {
        AppendEntriesResponse::Success => Answer::Success(Matched { log_id: None }),
        AppendEntriesResponse::PartialSuccess(log_id) => {
            Answer::PartialSuccess(matched(log_id.as_ref()))
        }
        AppendEntriesResponse::Conflict => Answer::Conflict(Conflict {}),
        AppendEntriesResponse::HigherVote(vote) => Answer::HigherVote(encode_vote(vote)),
    };
    response_of(answer)
}

/// The answer to one request.
pub fn decode_append_response<RT: AsyncRuntime>(
    message: wire::AppendEntriesResponse,
) -> Result<AppendEntriesResponse<RaftTypes<RT>>, CodecError> {
    Ok(
        match required("AppendEntriesResponse.result", message.result)? {
            Answer::Success(_) => AppendEntriesResponse::Success,
            Answer::PartialSuccess(matched) => {
                AppendEntriesResponse::PartialSuccess(matched.log_id.map(decode_log_id))
            }
            Answer::Conflict(_) => AppendEntriesResponse::Conflict,
            Answer::HigherVote(vote) => AppendEntriesResponse::HigherVote(decode_vote(vote)),
        },
    )
}

fn matched(log_id: Option<&LogId>) -> Matched {
    Matched {
        log_id: log_id.map(encode_log_id),
    }
}

fn response_of(answer: Answer) -> wire::AppendEntriesResponse {
    wire::AppendEntriesResponse {
        result: Some(answer),
    }
}
