//! Replication.

use super::error::required;
use super::{
    CodecError, decode_entry, decode_log_id, decode_vote, encode_entry, encode_log_id, encode_vote,
};
use crate::{LogId, RaftTypes};
use api::proto::{peer, storage};
use openraft::AsyncRuntime;
use openraft::raft::{AppendEntriesRequest, AppendEntriesResponse};
use peer::append_entries_response::{Conflict, Matched, Result as Answer};
use prost::Message;

/// The tag and the length before an entry in a message, in bytes.
const ENTRY_OVERHEAD: usize = 6;

/// A leader's entries, without a route.
#[must_use]
pub fn encode_append_request<RT: AsyncRuntime>(
    request: &AppendEntriesRequest<RaftTypes<RT>>,
) -> peer::AppendEntriesRequest {
    peer::AppendEntriesRequest {
        vote: Some(encode_vote(&request.vote)),
        prev_log_id: request.prev_log_id.as_ref().map(encode_log_id),
        entries: request.entries.iter().map(encode_entry).collect(),
        leader_commit: request.leader_commit.as_ref().map(encode_log_id),
        route: None,
    }
}

/// Leaves out the last entries where all together have more than `limit` bytes, but never the first
/// one. Returns the last entry that is left, if any was left out.
///
/// openraft cuts by the number of entries alone. A message that is too large for its receiver would be
/// sent again for ever, and nothing behind it be replicated.
pub fn cut_append_request(message: &mut peer::AppendEntriesRequest, limit: usize) -> Option<LogId> {
    let mut bytes = 0;
    let fits = |entry: &&storage::Entry| {
        bytes += entry.encoded_len() + ENTRY_OVERHEAD;
        bytes <= limit
    };
    let fitting = message.entries.iter().take_while(fits).count().max(1);
    if fitting >= message.entries.len() {
        return None;
    }
    message.entries.truncate(fitting);
    message.entries.last()?.log_id.map(decode_log_id)
}

/// A leader's entries.
pub fn decode_append_request<RT: AsyncRuntime>(
    message: peer::AppendEntriesRequest,
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
) -> peer::AppendEntriesResponse {
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
    message: peer::AppendEntriesResponse,
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

fn response_of(answer: Answer) -> peer::AppendEntriesResponse {
    peer::AppendEntriesResponse {
        result: Some(answer),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    fn request(sizes: &[usize]) -> peer::AppendEntriesRequest {
        let entry = |(index, size): (u64, &usize)| {
            let node = storage::Node {
                address: "a".repeat(*size),
                ..Default::default()
            };
            let membership = storage::Membership {
                configs: vec![],
                nodes: vec![node],
            };
            storage::Entry {
                log_id: Some(storage::LogId { term: 1, index }),
                payload: Some(storage::entry::Payload::Membership(membership)),
            }
        };
        peer::AppendEntriesRequest {
            entries: (1..).zip(sizes).map(entry).collect(),
            ..Default::default()
        }
    }

    fn cut(sizes: &[usize], limit: usize) -> (Option<u64>, usize) {
        let mut message = request(sizes);
        let last = cut_append_request(&mut message, limit);
        (last.map(|last| last.index), message.entries.len())
    }

    #[test]
    fn cut_append_request_keeps_what_fits_and_one_at_least() {
        assert_eq!(cut(&[], 1000), (None, 0));
        assert_eq!(cut(&[100, 100, 100], 1000), (None, 3));
        assert_eq!(cut(&[500, 400, 100], 1000), (Some(2), 2));
        assert_eq!(cut(&[5000, 100], 1000), (Some(1), 1));
        assert_eq!(cut(&[5000], 1000), (None, 1));
    }
}
