//! DHCPRELEASE: a client gives its address back.
//!
//! Sources: RFC 2131 §4.3.4; contract S7; ADR 0011 (a release names its grant).

use super::lease::{held_by, subnet_mut};
use super::{Events, Verdict};
use crate::{EventKind, Lease, LeaseRefusal, LeaseState, Outcome, ReleaseLease, State, Subnet};
use core::net::Ipv4Addr;

impl State {
    /// Only the holder gives up (S7).
    pub(super) fn release_lease(
        &mut self,
        release: &ReleaseLease,
        events: &mut Events,
    ) -> Verdict<LeaseRefusal> {
        let now = self.clock;
        let subnet = subnet_mut(&mut self.subnets, release.subnet)?;
        let lease = held_by(subnet, &release.client, release.address, release.grant)?;
        if is_copy(subnet, release.address, &lease, release.xid) {
            return Err(LeaseRefusal::ReleasedBefore(release.address));
        }
        let client = lease.client.clone();
        subnet.keep_record(release.address, &lease, Some(release.xid));
        subnet.leases.put(
            release.address,
            Lease {
                state: LeaseState::Released { at: now },
                ..lease
            },
        );
        events.push(EventKind::LeaseReleased {
            subnet: release.subnet,
            address: release.address,
            client,
        });
        Ok(Outcome::Done)
    }
}

/// Whether this RELEASE ended an earlier grant of the address to the same client: then it is a copy that the
/// network kept for a while, and says nothing about the present grant (S7).
fn is_copy(subnet: &Subnet, address: Ipv4Addr, lease: &Lease, xid: u32) -> bool {
    //~ mutant s7_copy_of_a_release: return false;
    let past = subnet.past_grants.get(address, &lease.client);
    past.is_some_and(|past| past.releases.contains(&xid))
}
