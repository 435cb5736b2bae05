//! How far a subnet's addresses are used.

use ipam::{AddressRange, Ipv4Network, LeaseState, Subnet, SubnetId};

/// How many of a subnet's addresses are in which state.
#[derive(Clone, Debug)]
pub struct SubnetUse {
    /// Which subnet.
    pub subnet: SubnetId,
    /// Its network.
    pub network: Ipv4Network,
    /// What clients are given.
    pub pool: AddressRange,
    /// Held by clients.
    pub bound: u64,
    /// Waiting for a DHCPREQUEST.
    pub offered: u64,
    /// May be offered.
    pub free: u64,
    /// In use by somebody unknown.
    pub quarantined: u64,
    /// Reservations.
    pub reserved: u64,
}

impl SubnetUse {
    /// Of this subnet.
    pub(super) fn of(subnet: &Subnet) -> Self {
        let config = subnet.config();
        let mut counted = Self {
            subnet: config.id,
            network: config.network,
            pool: config.pool,
            bound: 0,
            offered: 0,
            free: subnet.leases().free_count() as u64,
            quarantined: 0,
            reserved: subnet.reservations().len() as u64,
        };
        for (_, lease) in subnet.leases().iter() {
            match lease.state {
                LeaseState::Bound { .. } => counted.bound += 1,
                LeaseState::Offered { .. } => counted.offered += 1,
                LeaseState::Quarantined { .. } => counted.quarantined += 1,
                LeaseState::Released { .. } | LeaseState::Expired { .. } => {}
            }
        }
        counted
    }
}
