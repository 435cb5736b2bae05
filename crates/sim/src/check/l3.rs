//! L3, when nothing is wrong: no client needs more than one retransmission.

use super::peace::Peace;
use super::violation::{Verdict, Violation};
use crate::client::{Event, MessageKind, What};

/// A third copy: two were not answered.
pub(super) fn client(event: &Event, peace: &Peace) -> Verdict {
    let What::Sent {
        kind,
        server,
        copies: 2,
        xid,
        ..
    } = event.what
    else {
        return Ok(());
    };
    // A server that knows nothing of a client that reboots is silent, as RFC 2131 has it.
    let is_owed = kind == MessageKind::Discover || server.is_some();
    let Some(healed) = peace.settled_since(event.at) else {
        return Ok(());
    };
    if !is_owed || peace.was_exhausted(healed) {
        return Ok(());
    }
    Err(Violation::new(
        "L3",
        event.at,
        format!("{} ({}) is not answered", event.number, event.client),
        [
            format!("it sends {kind:?} with xid {xid:#x} for the third time"),
            format!("everything is healed since {healed}, and addresses are free"),
        ],
    ))
}
