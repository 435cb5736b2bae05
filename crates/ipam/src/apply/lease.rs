//! What the files about leases share: which address is whose, and who holds it.
//!
//! Sources: RFC 2131 §4.3; contract S1, S3, S4, S6, S7, L5.

use crate::{
    ClientIdentity, ClientKey, GrantRef, HardwareAddress, Lease, LeaseRefusal, LeaseState, Subnet,
    SubnetId,
};
use alloc::vec::Vec;
use core::net::Ipv4Addr;

/// A client that asks for something: the name that the subnet knows it by, and its hardware address.
#[derive(Clone, Debug)]
pub(super) struct Claimant {
    pub key: ClientKey,
    pub hardware: HardwareAddress,
}

impl Claimant {
    pub(super) fn of(subnet: &Subnet, identity: &ClientIdentity) -> Self {
        Self {
            key: subnet.config.identity.key(identity),
            hardware: identity.hardware.clone(),
        }
    }
}

impl Subnet {
    /// The address that is reserved for a client: by its own name, or else by its hardware address, where clients
    /// are known by another.
    #[must_use]
    pub fn reserved_for(&self, client: &ClientKey, hardware: &HardwareAddress) -> Option<Ipv4Addr> {
        let by_hardware = || match client {
            ClientKey::Hardware(_) => None,
            ClientKey::Identifier(_) => {
                let hardware = ClientKey::Hardware(hardware.clone());
                self.reservations.address_of(&hardware)
            }
        };
        self.reservations.address_of(client).or_else(by_hardware)
    }

    /// Whether this client, and by its identity alone, may have `address` (S4). A node's own
    /// address is refused before.
    #[must_use]
    pub fn may_have(
        &self,
        client: &ClientKey,
        hardware: &HardwareAddress,
        address: Ipv4Addr,
    ) -> bool {
        //~ mutant s4_out_of_bounds: return true;
        match self.reserved_for(client, hardware) {
            Some(reserved) => address == reserved,
            None => self.leases.is_allocatable(address),
        }
    }

    /// Whether `lease`, of `address`, is the claimant's. Where the address is reserved for a hardware address,
    /// that is who the client is, whatever it calls itself: a machine that boots in two stages has two names.
    pub(super) fn is_of(&self, lease: &Lease, address: Ipv4Addr, claimant: &Claimant) -> bool {
        let is_reserved_for = |hardware: &HardwareAddress| {
            let owner = self.reservations.client_of(address);
            matches!(owner, Some(ClientKey::Hardware(owner)) if owner == hardware)
        };
        lease.client == claimant.key
            || (lease.hardware == claimant.hardware && is_reserved_for(&lease.hardware))
    }

    /// The claimant's own record of `address`; a quarantined address is nobody's.
    pub(super) fn record_of(&self, address: Ipv4Addr, claimant: &Claimant) -> Option<&Lease> {
        let lease = self.leases.get(address)?;
        let is_quarantined = matches!(lease.state, LeaseState::Quarantined { .. });
        (!is_quarantined && self.is_of(lease, address, claimant)).then_some(lease)
    }

    /// The one address that the client may renew (S3): the record of its that matters most, among
    /// those that it may still have. Others may run on until they end, after an operator has moved
    /// the client or changed the pool.
    pub(super) fn own_address(&self, claimant: &Claimant) -> Option<Ipv4Addr> {
        let Claimant { key, hardware } = claimant;
        let own = self
            .leases
            .best_of(key, |address, _| self.may_have(key, hardware, address));
        own.map(|(address, _)| address)
    }

    /// Whether anything was granted to the client whose promised time has not passed (S6).
    pub(super) fn has_record(&self, client: &ClientKey) -> bool {
        let mut records = self.leases.of_client(client);
        records.any(|(_, lease)| lease.state.is_bound()) || self.past_grants.has(client)
    }

    /// Keeps a record of a grant that ends now, before its time, and by which RELEASE (S6, S7).
    pub(super) fn keep_record(&mut self, address: Ipv4Addr, lease: &Lease, xid: Option<u32>) {
        if let LeaseState::Bound { reclaim, .. } = lease.state {
            self.past_grants.note(address, &lease.client, reclaim, xid);
        }
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
        self.forget(client, |at, state| at != address && !state.is_bound());
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
    claimant: &Claimant,
    address: Ipv4Addr,
) -> Result<(), LeaseRefusal> {
    let Some(lease) = subnet.leases.get(address) else {
        return Ok(());
    };
    if let LeaseState::Quarantined { .. } = lease.state {
        return Err(LeaseRefusal::Quarantined(address));
    }
    //~ mutant s1_holder_ignored: return Ok(());
    if lease.state.is_held() && !subnet.is_of(lease, address, claimant) {
        return Err(LeaseRefusal::HeldByAnother {
            address,
            holder: lease.client.clone(),
        });
    }
    Ok(())
}

/// The lease at `address`, if it is this very grant of this very client (S7).
pub(super) fn held_by(
    subnet: &Subnet,
    identity: &ClientIdentity,
    address: Ipv4Addr,
    grant: GrantRef,
) -> Result<Lease, LeaseRefusal> {
    let client = subnet.config.identity.key(identity);
    let is_holder = |lease: &&Lease| {
        //~ mutant s7_anybody_gives_up: return true;
        lease.client == client
    };
    let is_grant = |lease: &&Lease| match lease.state {
        //~ mutant s7_late_release: LeaseState::Bound { .. } => true,
        LeaseState::Bound { granted, .. } => {
            let node = lease.node;
            grant == GrantRef { granted, node }
        }
        _ => false,
    };
    let lease = subnet
        .leases
        .get(address)
        .filter(is_holder)
        .filter(is_grant);
    lease.cloned().ok_or(LeaseRefusal::NotTheHolder(address))
}

pub(super) fn subnet_mut(
    subnets: &mut alloc::collections::BTreeMap<SubnetId, Subnet>,
    id: SubnetId,
) -> Result<&mut Subnet, LeaseRefusal> {
    subnets.get_mut(&id).ok_or(LeaseRefusal::UnknownSubnet(id))
}
