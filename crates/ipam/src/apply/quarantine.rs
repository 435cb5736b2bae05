//! Addresses that somebody unknown uses: declined by their holder, or found by a conflict probe.
//!
//! Sources: RFC 2131 §4.3.3; contract S7, L6.

use super::lease::{held_by, subnet_mut};
use super::{Events, Verdict};
use crate::{
    ClusterTime, DeclineAddress, EventKind, Lease, LeaseRefusal, LeaseState, LiftQuarantine,
    Outcome, QuarantineAddress, State, Subnet,
};
use core::net::Ipv4Addr;

impl State {
    /// The holder found somebody else on the address (S7).
    pub(super) fn decline_address(
        &mut self,
        decline: &DeclineAddress,
        events: &mut Events,
    ) -> Verdict<LeaseRefusal> {
        let now = self.clock;
        let subnet = subnet_mut(&mut self.subnets, decline.subnet)?;
        let lease = held_by(subnet, &decline.client, decline.address, decline.grant)?;
        subnet.keep_record(decline.address, &lease, None);
        make_room(subnet);
        //~ mutant s7_declined_not_quarantined: subnet.leases.remove(decline.address); return Ok(Outcome::Done);
        quarantine(subnet, decline.address, lease, now, events);
        Ok(Outcome::Done)
    }

    /// A node's probe found somebody on an address that no client is bound to (L6).
    pub(super) fn quarantine_address(
        &mut self,
        found: &QuarantineAddress,
        events: &mut Events,
    ) -> Verdict<LeaseRefusal> {
        let now = self.clock;
        let subnet = subnet_mut(&mut self.subnets, found.subnet)?;
        let lease = subnet.leases.get(found.address).cloned();
        let lease = lease.ok_or(LeaseRefusal::NotAvailable(found.address))?;
        match lease.state {
            LeaseState::Offered { .. } => {
                make_room(subnet);
                quarantine(subnet, found.address, lease, now, events);
            }
            LeaseState::Quarantined { .. } => {}
            LeaseState::Bound { .. } => {
                return Err(LeaseRefusal::HeldByAnother {
                    address: found.address,
                    holder: lease.client,
                });
            }
            LeaseState::Released { .. } | LeaseState::Expired { .. } => {
                return Err(LeaseRefusal::NotAvailable(found.address));
            }
        }
        Ok(Outcome::Done)
    }
}

impl State {
    /// A later probe found nobody. A declined address is left alone for a set time all the same (S7): a quarter of its
    /// quarantine.
    pub(super) fn lift_quarantine(&mut self, lift: &LiftQuarantine) -> Verdict<LeaseRefusal> {
        let now = self.clock;
        let subnet = subnet_mut(&mut self.subnets, lift.subnet)?;
        let state = subnet.leases.get(lift.address).map(|lease| lease.state);
        let is_meant = state == Some(LeaseState::Quarantined { until: lift.until });
        let may_be_lifted = now >= subnet.config.times.lift_from(lift.until);
        if !is_meant || !may_be_lifted {
            return Err(LeaseRefusal::NotAvailable(lift.address));
        }
        subnet.leases.remove(lift.address);
        Ok(Outcome::Done)
    }
}

/// At most a quarter of a pool is quarantined: the oldest is freed, and probed again before anybody gets it (S7,
/// L6).
fn make_room(subnet: &mut Subnet) {
    //~ mutant s7_pool_quarantined: return;
    while let Some(oldest) = subnet.leases.surplus_quarantined() {
        subnet.leases.remove(oldest);
    }
}

fn quarantine(
    subnet: &mut Subnet,
    address: Ipv4Addr,
    lease: Lease,
    now: ClusterTime,
    events: &mut Events,
) {
    let until = now + subnet.config.times.quarantine;
    subnet.leases.put(
        address,
        Lease {
            state: LeaseState::Quarantined { until },
            ..lease
        },
    );
    events.push(EventKind::AddressQuarantined {
        subnet: subnet.config.id,
        address,
    });
}
