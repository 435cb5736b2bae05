//! An operator takes an address back.

use super::Verdict;
use super::lease::subnet_mut;
use crate::{Event, Lease, LeaseState, Outcome, Refusal, State, SubnetId};
use alloc::vec::Vec;
use core::net::Ipv4Addr;

impl State {
    /// An operator takes an address back. The address is free at once: the operator answers for
    /// the client being gone (S1 "until it releases"). If it is not, it is refused the address when it asks to keep
    /// it and another has it: what it was promised is remembered for as long as it was promised (S6).
    pub(super) fn revoke_lease(
        &mut self,
        id: SubnetId,
        address: Ipv4Addr,
        keep_record: bool,
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
                if keep_record && !crate::mutated!("s6_revoked_is_forgotten") {
                    subnet.keep_record(address, &lease, None);
                }
                let client = lease.client.clone();
                // Kept as released, the address would be offered to its client again without a probe (L6).
                let never_its_own = matches!(
                    lease.state,
                    LeaseState::Offered {
                        returning: false,
                        ..
                    }
                );
                if never_its_own {
                    subnet.leases.remove(address);
                } else {
                    let state = LeaseState::Released { at: now };
                    subnet.leases.put(address, Lease { state, ..lease });
                }
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
