//! Addresses that somebody unknown uses: declined by their holder, or found by a conflict probe.
//!
//! Sources: RFC 2131 §4.3.3; contract S7, L6.

use super::Verdict;
use super::lease::{held_by, subnet_mut};
use crate::{
    ClusterTime, DeclineAddress, Event, Lease, LeaseState, LiftQuarantine, Outcome,
    QuarantineAddress, Refusal, State, Subnet,
};
use alloc::vec::Vec;
use core::net::Ipv4Addr;

impl State {
    /// The holder found somebody else on the address (S7).
    pub(super) fn decline_address(
        &mut self,
        decline: &DeclineAddress,
        events: &mut Vec<Event>,
    ) -> Verdict {
        let now = self.clock;
        let subnet = subnet_mut(&mut self.subnets, decline.subnet)?;
        let lease = held_by(subnet, &decline.client, decline.address, decline.grant)?;
        if decline.bounded {
            subnet.keep_record(decline.address, &lease, None);
            make_room(subnet);
        }
        if crate::mutated!("s7_declined_not_quarantined") {
            subnet.leases.remove(decline.address);
            return Ok(Outcome::Done);
        }
        quarantine(subnet, decline.address, lease, now, events);
        Ok(Outcome::Done)
    }

    /// A node's probe found somebody on an address that no client is bound to (L6).
    pub(super) fn quarantine_address(
        &mut self,
        found: &QuarantineAddress,
        events: &mut Vec<Event>,
    ) -> Verdict {
        let now = self.clock;
        let subnet = subnet_mut(&mut self.subnets, found.subnet)?;
        let lease = subnet.leases.get(found.address).cloned();
        let lease = lease.ok_or(Refusal::NotAvailable(found.address))?;
        match lease.state {
            LeaseState::Offered { .. } => {
                if found.bounded {
                    make_room(subnet);
                }
                quarantine(subnet, found.address, lease, now, events);
            }
            LeaseState::Quarantined { .. } => {}
            LeaseState::Bound { .. } => {
                return Err(Refusal::HeldByAnother {
                    address: found.address,
                    holder: lease.client,
                });
            }
            LeaseState::Released { .. } | LeaseState::Expired { .. } => {
                return Err(Refusal::NotAvailable(found.address));
            }
        }
        Ok(Outcome::Done)
    }
}

impl State {
    /// A later probe found nobody. A declined address is left alone for a set time all the same (S7): a quarter of its
    /// quarantine.
    pub(super) fn lift_quarantine(&mut self, lift: &LiftQuarantine) -> Verdict {
        let now = self.clock;
        let subnet = subnet_mut(&mut self.subnets, lift.subnet)?;
        let state = subnet.leases.get(lift.address).map(|lease| lease.state);
        let is_meant = state == Some(LeaseState::Quarantined { until: lift.until });
        let may_be_lifted = now >= subnet.config.times.lift_from(lift.until);
        if !is_meant || !may_be_lifted {
            return Err(Refusal::NotAvailable(lift.address));
        }
        subnet.leases.remove(lift.address);
        Ok(Outcome::Done)
    }
}

/// At most a quarter of a pool is quarantined: the oldest is freed, and probed again before anybody gets it (S7,
/// L6).
fn make_room(subnet: &mut Subnet) {
    while let Some(oldest) = subnet.leases.surplus_quarantined() {
        if crate::mutated!("s7_pool_quarantined") {
            return;
        }
        subnet.leases.remove(oldest);
    }
}

fn quarantine(
    subnet: &mut Subnet,
    address: Ipv4Addr,
    lease: Lease,
    now: ClusterTime,
    events: &mut Vec<Event>,
) {
    let until = now + subnet.config.times.quarantine;
    subnet.leases.put(
        address,
        Lease {
            state: LeaseState::Quarantined { until },
            ..lease
        },
    );
    events.push(Event::AddressQuarantined {
        subnet: subnet.config.id,
        address,
    });
}
