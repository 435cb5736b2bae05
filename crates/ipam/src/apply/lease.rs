//! What the files about leases share: which address is whose, and who holds it.
//!
//! Sources: RFC 2131 §4.3; contract S1, S3, S4, S7, L5.

use crate::{ClientIdentity, ClientKey, GrantRef, Lease, LeaseState, Refusal, Subnet, SubnetId};
use alloc::vec::Vec;
use core::net::Ipv4Addr;

impl Subnet {
    /// Whether this client, and by its identity alone, may have `address` (S4). A node's own
    /// address is refused before.
    #[must_use]
    pub fn may_have(&self, client: &ClientKey, address: Ipv4Addr) -> bool {
        match self.reservations.address_of(client) {
            _ if crate::mutated!("s4_out_of_bounds") => true,
            Some(reserved) => address == reserved,
            None => self.leases.is_allocatable(address),
        }
    }

    /// The one address that the client may renew (S3): the record of its that matters most, among
    /// those that it may still have. Others may run on until they end, after an operator has moved
    /// the client or changed the pool.
    pub(super) fn own_address(&self, client: &ClientKey) -> Option<Ipv4Addr> {
        let own = self
            .leases
            .best_of(client, |address| self.may_have(client, address));
        own.map(|(address, _)| address)
    }

    /// Drops every offer to `client`: it gets a new one.
    pub(super) fn forget_offers(&mut self, client: &ClientKey) {
        self.forget(client, |_, state| {
            matches!(state, LeaseState::Offered { .. })
        });
    }

    /// Drops what is remembered of `client` elsewhere than at `address`; bound leases stay until
    /// they end, because a client may still be using them.
    pub(super) fn forget_unheld(&mut self, client: &ClientKey, address: Ipv4Addr) {
        self.forget(client, |at, state| {
            at != address && !matches!(state, LeaseState::Bound { .. })
        });
    }

    fn forget(&mut self, client: &ClientKey, which: impl Fn(Ipv4Addr, &LeaseState) -> bool) {
        let records = self.leases.of_client(client);
        let matching = records.filter(|(address, lease)| which(*address, &lease.state));
        let addresses: Vec<_> = matching.map(|(address, _)| address).collect();
        for address in addresses {
            self.leases.remove(address);
        }
    }
}

/// Refuses an address that somebody else holds, or that is quarantined.
pub(super) fn check_unheld(
    subnet: &Subnet,
    client: &ClientKey,
    address: Ipv4Addr,
) -> Result<(), Refusal> {
    match subnet.leases.get(address) {
        Some(Lease {
            state: LeaseState::Quarantined { .. },
            ..
        }) => Err(Refusal::Quarantined(address)),
        Some(_) if crate::mutated!("s1_holder_ignored") => Ok(()),
        Some(lease) if lease.state.is_held() && lease.client != *client => {
            Err(Refusal::HeldByAnother {
                address,
                holder: lease.client.clone(),
            })
        }
        _ => Ok(()),
    }
}

/// The lease at `address`, if it is this very grant of this very client (S7).
pub(super) fn held_by(
    subnet: &Subnet,
    identity: &ClientIdentity,
    address: Ipv4Addr,
    grant: GrantRef,
) -> Result<Lease, Refusal> {
    let client = subnet.config.identity.key(identity);
    let is_holder =
        |lease: &&Lease| lease.client == client || crate::mutated!("s7_anybody_gives_up");
    let is_grant = |lease: &&Lease| match lease.state {
        LeaseState::Bound { granted, .. } => {
            crate::mutated!("s7_late_release")
                || grant
                    == GrantRef {
                        granted,
                        node: lease.node,
                    }
        }
        _ => false,
    };
    let lease = subnet
        .leases
        .get(address)
        .filter(is_holder)
        .filter(is_grant);
    lease.cloned().ok_or(Refusal::NotTheHolder(address))
}

pub(super) fn subnet_mut(
    subnets: &mut alloc::collections::BTreeMap<SubnetId, Subnet>,
    id: SubnetId,
) -> Result<&mut Subnet, Refusal> {
    subnets.get_mut(&id).ok_or(Refusal::UnknownSubnet(id))
}
