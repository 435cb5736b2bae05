//! L2: a node with no quorum in reach is silent to DHCP.

use super::facts::Answer;
use super::violation::{Verdict, Violation};
use std::time::Duration;

/// Judges a reply. A node may take `noticed_within` to notice, and to send what was decided before.
pub(super) fn replied(answer: &Answer<'_>, noticed_within: Duration) -> Verdict {
    let sent = answer.sent;
    let since = sent.without_quorum_since;
    match since.filter(|since| sent.at.since(*since) > noticed_within) {
        None => Ok(()),
        Some(since) => Err(Violation::new(
            "L2",
            sent.at,
            format!("node {} answers without a quorum", sent.node),
            [
                format!("no majority is in its reach since {since}"),
                format!(
                    "it sent {:?} with xid {:#x}",
                    answer.reply.kind, answer.reply.xid
                ),
            ],
        )),
    }
}
