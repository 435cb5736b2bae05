//! Log positions.

use crate::{CommittedLeaderId, LogId};
use api::proto::storage as wire;

/// A log position.
#[must_use]
pub fn encode_log_id(log_id: &LogId) -> wire::LogId {
    wire::LogId {
        term: log_id.leader_id.term,
        index: log_id.index,
    }
}

/// A log position.
#[must_use]
pub fn decode_log_id(message: wire::LogId) -> LogId {
    LogId::new(CommittedLeaderId::new(message.term), message.index)
}
