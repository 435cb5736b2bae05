//! An operator takes an address back.

use super::Verdict;
use super::lease::subnet_mut;
use crate::{Event, Lease, LeaseState, Outcome, Refusal, State, SubnetId};
use alloc::vec::Vec;
use core::net::Ipv4Addr;

impl State {
    /// An operator takes an address back. The address is free at once: the operator answers for
    /// the client being gone (S1 "until it releases").
    pub(super) fn revoke_lease(
        &mut self,
        id: SubnetId,
        address: Ipv4Addr,
        events: &mut Vec<Event>,
    ) -> Verdict {
        let now = self.clock;
        let subnet = subnet_mut(&mut self.subnets, id)?;
        let lease = subnet
            .leases
            .get(address)
            .cloned()
            .ok_or(Refusal::NotFound("lease"))?;
        match lease.state {
            LeaseState::Offered { .. } | LeaseState::Bound { .. } => {
                let client = lease.client.clone();
                let state = LeaseState::Released { at: now };
                subnet.leases.put(address, Lease { state, ..lease });
                events.push(Event::LeaseReleased {
                    subnet: id,
                    address,
                    client,
                });
            }
            LeaseState::Quarantined { .. } => {
                subnet.leases.remove(address);
            }
            LeaseState::Released { .. } | LeaseState::Expired { .. } => {
                return Err(Refusal::NotFound("lease"));
            }
        }
        Ok(Outcome::Done)
    }
}
