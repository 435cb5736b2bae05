//! Copies of a DHCPRELEASE, which end nothing (contract S7, ADR 0025), and what was given up lately.
//!
//! The state knows those of a RELEASE that ended a grant. One that was overtaken by its client's next request ended
//! none, nor did one that came while this node was out of service: of those, each node remembers what it heard.

use super::{Engine, Hearing};
use crate::Moment;
use crate::codec::Packet;
use crate::decide::{Arrival, Intent, Silence, check_arrival, check_source, intent};
use crate::port::LeaseView;

/// The copy of one that this node has heard, whatever became of that.
pub(super) fn check_release(hearing: &Hearing<'_>) -> Result<(), Silence> {
    (!hearing.is_copied_release || ipam::mutated!("s7_copy_of_a_release"))
        .then_some(())
        .ok_or(Silence::AnsweringACopy)
}

impl Engine {
    /// Remembers a RELEASE or DECLINE that this node cannot act on now: a copy of it comes too late, and what
    /// it gave up is not offered without a commit.
    pub(super) fn note_unserved(
        &mut self,
        now: Moment,
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
                // Whether it is one matters to nobody now.
                let _is_copy = self.memory.is_copy_of_release(&client, packet.xid, now);
            }
            Ok(Intent::Decline { .. }) => self.memory.note_decline(&client, now),
            Ok(_) | Err(_) => {}
        }
    }
}
