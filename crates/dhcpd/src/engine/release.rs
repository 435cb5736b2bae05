//! A copy of a DHCPRELEASE must not end a newer lease (contract S7, ADR 0025).
//!
//! The replicated state recognises copies of a RELEASE that ended a grant. Two kinds of RELEASE end none: one that
//! arrives after its client's next request, and one that arrives while this node is out of service. Their copies each
//! node recognises by what it remembers of the client.

use super::{Engine, RequestContext};
use crate::MonotonicTime;
use crate::codec::Packet;
use crate::decide::{Arrival, Intent, NoReplyReason, check_arrival, check_source, intent};
use crate::port::LeaseView;

/// Refuses the copy of a RELEASE that this node has received, whatever became of that one.
pub(super) fn check_release(context: &RequestContext<'_>) -> Result<(), NoReplyReason> {
    //~ mutant s7_copy_of_a_release: return Ok(());
    (!context.is_copied_release)
        .then_some(())
        .ok_or(NoReplyReason::DuplicateRequest)
}

impl Engine {
    /// Remembers a RELEASE or DECLINE that this node cannot process now, because it is out of service. A copy that
    /// arrives later is recognised, and the address is not offered without a commit.
    pub(super) fn note_unserved(
        &mut self,
        now: MonotonicTime,
        packet: &Packet,
        arrival: Arrival,
        view: &dyn LeaseView,
    ) {
        let Some(config) = view.subnet_config(self.identity.subnet) else {
            return;
        };
        let heard = check_arrival(packet, arrival, &self.relays, &config)
            .and_then(|()| intent(packet, arrival.cast))
            .and_then(|intent| check_source(packet, intent, arrival).map(|()| intent));
        let client = config.identity.key(&packet.identity());
        match heard {
            Ok(Intent::Release { .. }) => {
                // Only the note matters here.
                let _is_copy = self.memory.is_copy_of_release(&client, packet.xid, now);
            }
            Ok(Intent::Decline { .. }) => self.memory.note_decline(&client, now),
            Ok(_) | Err(_) => {}
        }
    }
}
