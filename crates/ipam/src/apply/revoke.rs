//! An operator takes an address back.

use super::{Events, Verdict};
use crate::{ClusterRefusal, EventKind, Lease, LeaseState, Outcome, State, SubnetId};
use core::net::Ipv4Addr;

impl State {
    /// An operator takes an address back. The address is free at once: the operator answers for
    /// the client being gone (S1 "until it releases"). If it is not, it is refused the address when it asks to keep
    /// it and another has it: what it was promised is remembered for as long as it was promised (S6).
    pub(super) fn revoke_lease(
        &mut self,
        id: SubnetId,
        address: Ipv4Addr,
        events: &mut Events,
    ) -> Verdict<ClusterRefusal> {
        let now = self.clock;
        let subnet = self.subnets.get_mut(&id);
        let subnet = subnet.ok_or(ClusterRefusal::UnknownSubnet(id))?;
        let lease = subnet
            .leases
            .get(address)
            .cloned()
            .ok_or(ClusterRefusal::NoLease(address))?;
        match lease.state {
            LeaseState::Offered { .. } | LeaseState::Bound { .. } => {
                // No record is kept of what was offered: this mutation says that a grant was no more than that.
                //~ mutant s6_revoked_is_forgotten: let lease = Lease { state: LeaseState::Offered {
                //~     until: now,
                //~     returning: !matches!(lease.state, LeaseState::Offered { returning: false, .. }),
                //~     }, ..lease };
                subnet.keep_record(address, &lease, None);
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
                events.push(EventKind::LeaseReleased {
                    subnet: id,
                    address,
                    client,
                });
            }
            LeaseState::Quarantined { .. } => {
                subnet.leases.remove(address);
            }
            LeaseState::Released { .. } | LeaseState::Expired { .. } => {
                return Err(ClusterRefusal::NoLease(address));
            }
        }
        Ok(Outcome::Done)
    }
}
