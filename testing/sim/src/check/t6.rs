//! T6: a reply that took longer than the client could still be waiting for is dropped, not sent late.

use super::facts::Answer;
use super::violation::{Verdict, Violation};
use dhcpd::limits::REPLY_DEADLINE;
use std::time::Duration;

/// A node's own clock may be slow by 0.2 %, and its tasks wait for each other.
const SLACK: Duration = Duration::from_millis(50);

/// Judges a reply by when its node heard the request last. Copies that the node dropped because it was
/// answering the first one make this lenient, never strict.
pub(super) fn replied(answer: &Answer<'_>) -> Verdict {
    let sent = answer.sent;
    let late = |heard: &crate::client::TrueTime| sent.at.since(*heard) > REPLY_DEADLINE + SLACK;
    match answer.heard.filter(late) {
        None => Ok(()),
        Some(heard) => Err(Violation::new(
            "T6",
            sent.at,
            format!("node {} answers too late", sent.node),
            [
                format!("it last heard xid {:#x} at {heard}", answer.reply.xid),
                format!("it sent {:?} at {}", answer.reply.kind, sent.at),
            ],
        )),
    }
}
