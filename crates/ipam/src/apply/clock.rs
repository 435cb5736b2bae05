//! Time: the cluster clock moves, and what is due expires (T1–T5).

use super::Events;
use crate::{ClusterTime, EventKind, Lease, LeaseState, State, Subnet, SubnetId};
use core::net::Ipv4Addr;

impl State {
    /// Moves the clock to the leader's stamp, never back, and expires what is due.
    pub(super) fn advance_clock(&mut self, stamped: ClusterTime, events: &mut Events) {
        self.clock = self.clock.max(stamped);
        // This mutation makes a stamp a second older now and then, so that there is one to go back to.
        //~ mutant t1_clock_goes_back:
        //~     self.clock = ClusterTime(stamped.0.saturating_sub(if stamped.0.is_multiple_of(8) { 1000 } else { 0 }));
        for (id, subnet) in &mut self.subnets {
            subnet.past_grants.expire(self.clock);
            while let Some(address) = subnet.leases.due(self.clock) {
                expire(*id, subnet, address, self.clock, events);
            }
        }
    }
}

/// Ends one record whose deadline has come. It leaves the index of deadlines, so the loop above
/// ends after at most one round for each record.
fn expire(
    id: SubnetId,
    subnet: &mut Subnet,
    address: Ipv4Addr,
    now: ClusterTime,
    events: &mut Events,
) {
    let Some(lease) = subnet.leases.remove(address) else {
        return;
    };
    let bound = matches!(lease.state, LeaseState::Bound { .. });
    if bound {
        events.push(EventKind::LeaseExpired {
            subnet: id,
            address,
            client: lease.client.clone(),
        });
    }
    // L5: an offer that its client leaves lying does not make the cluster forget that it had the address.
    let returning = matches!(
        lease.state,
        LeaseState::Offered {
            returning: true,
            ..
        }
    );
    if bound || returning {
        let state = LeaseState::Expired { at: now };
        subnet.leases.put(address, Lease { state, ..lease });
    }
}
