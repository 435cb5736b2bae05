//! DHCPRELEASE: a client gives its address back.
//!
//! Sources: RFC 2131 §4.3.4; contract S7; ADR 0011 (a release names its grant).

use super::Verdict;
use super::lease::{held_by, subnet_mut};
use crate::{Event, Lease, LeaseState, Outcome, ReleaseLease, State};
use alloc::vec::Vec;

impl State {
    /// Only the holder gives up (S7).
    pub(super) fn release_lease(
        &mut self,
        release: &ReleaseLease,
        events: &mut Vec<Event>,
    ) -> Verdict {
        let now = self.clock;
        let subnet = subnet_mut(&mut self.subnets, release.subnet)?;
        let lease = held_by(subnet, &release.client, release.address, release.grant)?;
        let client = lease.client.clone();
        subnet.leases.put(
            release.address,
            Lease {
                state: LeaseState::Released { at: now },
                ..lease
            },
        );
        events.push(Event::LeaseReleased {
            subnet: release.subnet,
            address: release.address,
            client,
        });
        Ok(Outcome::Done)
    }
}
