//! L3: when nothing is wrong, or one follower is gone, no client needs more than one retransmission. When
//! the leader is gone, that holds again after one election. L7: over long or lossy links it is three
//! retransmissions, and two elections, and a whole minority may be gone or broken.

use super::peace::Peace;
use super::violation::{Verdict, Violation};
use crate::client::{ClientNumber, Event, MessageKind, TrueTime, What};
use std::collections::BTreeMap;

/// When each client sent its present message first, and last.
#[derive(Clone, Debug, Default)]
pub(super) struct L3 {
    copies: BTreeMap<ClientNumber, (TrueTime, TrueTime)>,
}

impl L3 {
    /// One copy too many: those before it were not answered.
    pub(super) fn client(&mut self, event: &Event, peace: &Peace) -> Verdict {
        let What::Sent {
            kind,
            server,
            copies,
            xid,
            ..
        } = event.what
        else {
            return Ok(());
        };
        let sent = self.copies.get(&event.number).copied();
        let (first, second) = sent.filter(|_| copies > 0).unwrap_or((event.at, event.at));
        self.copies.insert(event.number, (first, event.at));
        let Some(healed) = peace.settled_since(first) else {
            return Ok(());
        };
        let lost = peace.lost_nodes();
        let bridged = peace.is_bridged(second);
        // A server that knows nothing of a client that reboots is silent, as RFC 2131 has it; and so
        // is one that is gone: its client starts over.
        let is_owed = match server {
            None => kind == MessageKind::Discover,
            Some(server) => lost.is_none_or(|lost| !lost.is(server)),
        };
        if copies != peace.pace.unanswered
            || !bridged
            || !is_owed
            || !peace.reaches(event.number)
            || !peace.had_room(&event.client, healed)
        {
            return Ok(());
        }
        Err(Violation::new(
            "L3",
            event.at,
            format!("{} ({}) is not answered", event.number, event.client),
            [
                format!("it sends {kind:?} with xid {xid:#x}, copy {copies}, first at {first}"),
                format!("everything is healed since {healed}, and addresses are free; {lost:?}"),
            ],
        ))
    }
}
