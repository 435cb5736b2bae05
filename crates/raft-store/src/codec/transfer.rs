//! Handing leadership over.

use super::error::required;
use super::{CodecError, decode_log_id, decode_vote, encode_log_id, encode_vote};
use crate::RaftTypes;
use api::proto::peer as wire;
use openraft::AsyncRuntime;
use openraft::raft::{TransferLeaderError, TransferLeaderRequest, TransferLeaderResponse};
use wire::transfer_leader_response::{Accepted, LogNotFlushed, Result as Answer, VoteChanged};

/// A leader's wish to be succeeded, without a route.
#[must_use]
pub fn encode_transfer_request<RT: AsyncRuntime>(
    request: &TransferLeaderRequest<RaftTypes<RT>>,
) -> wire::TransferLeaderRequest {
    wire::TransferLeaderRequest {
        from_leader: Some(encode_vote(request.from_leader())),
        to_node_id: *request.to_node_id(),
        last_log_id: request.last_log_id().map(encode_log_id),
        route: None,
    }
}

/// A leader's wish to be succeeded.
pub fn decode_transfer_request<RT: AsyncRuntime>(
    message: wire::TransferLeaderRequest,
) -> Result<TransferLeaderRequest<RaftTypes<RT>>, CodecError> {
    let from = required("TransferLeaderRequest.from_leader", message.from_leader)?;
    Ok(TransferLeaderRequest::new(
        decode_vote(from),
        message.to_node_id,
        message.last_log_id.map(decode_log_id),
    ))
}

/// The chosen successor's answer.
#[must_use]
pub fn encode_transfer_response<RT: AsyncRuntime>(
    response: &TransferLeaderResponse<RaftTypes<RT>>,
) -> wire::TransferLeaderResponse {
    let answer = match response {
        Ok(()) => Answer::Accepted(Accepted {}),
        Err(TransferLeaderError::VoteChanged { expected, actual }) => {
            Answer::VoteChanged(VoteChanged {
                expected: Some(encode_vote(expected)),
                actual: Some(encode_vote(actual)),
            })
        }
        Err(TransferLeaderError::LogNotFlushed { expected, actual }) => {
            Answer::LogNotFlushed(LogNotFlushed {
                expected: expected.as_ref().map(encode_log_id),
                actual: actual.as_ref().map(encode_log_id),
            })
        }
    };
    wire::TransferLeaderResponse {
        result: Some(answer),
    }
}

/// The chosen successor's answer.
pub fn decode_transfer_response<RT: AsyncRuntime>(
    message: wire::TransferLeaderResponse,
) -> Result<TransferLeaderResponse<RaftTypes<RT>>, CodecError> {
    Ok(
        match required("TransferLeaderResponse.result", message.result)? {
            Answer::Accepted(Accepted {}) => Ok(()),
            Answer::VoteChanged(changed) => Err(TransferLeaderError::VoteChanged {
                expected: decode_vote(required("VoteChanged.expected", changed.expected)?),
                actual: decode_vote(required("VoteChanged.actual", changed.actual)?),
            }),
            Answer::LogNotFlushed(behind) => Err(TransferLeaderError::LogNotFlushed {
                expected: behind.expected.map(decode_log_id),
                actual: behind.actual.map(decode_log_id),
            }),
        },
    )
}
