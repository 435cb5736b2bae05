//! Leases: listed, and taken back.

use crate::audit::AuditLine;
use crate::{Caller, Operations, OperatorError, before};
use ipam::{ClientKey, ClusterCommand, ClusterTime, Lease, LeaseState, Span, SubnetId};
use std::net::Ipv4Addr;

/// Which leases are wanted; all, if nothing is named.
#[derive(Clone, Debug, Default)]
pub struct LeaseFilter {
    /// Only that of this address.
    pub address: Option<Ipv4Addr>,
    /// Only those of this client.
    pub client: Option<ClientKey>,
}

/// A lease as an operator sees it.
#[derive(Clone, Debug)]
pub struct ListedLease {
    /// In which subnet.
    pub subnet: SubnetId,
    /// Of which address.
    pub address: Ipv4Addr,
    /// As it is stored.
    pub lease: Lease,
    /// How long its client may use it yet, as this node estimates the cluster clock, which is written down only
    /// when something changes. `None` where nothing runs out.
    pub expires_in: Option<Span>,
}

impl LeaseFilter {
    fn admits(&self, address: Ipv4Addr, lease: &Lease) -> bool {
        let is_its = |wanted: &ClientKey| lease.client == *wanted;
        self.address.is_none_or(|wanted| address == wanted)
            && self.client.as_ref().is_none_or(is_its)
    }
}

impl ListedLease {
    /// `offered`, `bound`, `released`, `expired` or `quarantined`.
    #[must_use]
    pub const fn state(&self) -> &'static str {
        match self.lease.state {
            LeaseState::Offered { .. } => "offered",
            LeaseState::Bound { .. } => "bound",
            LeaseState::Released { .. } => "released",
            LeaseState::Expired { .. } => "expired",
            LeaseState::Quarantined { .. } => "quarantined",
        }
    }
}

impl Operations {
    /// The leases that the filter admits, by subnet and address, ascending, as this node knows them.
    #[must_use]
    pub fn leases(&self, filter: &LeaseFilter) -> Vec<ListedLease> {
        let now = self.node.cluster().clock_estimate();
        self.read(|state| {
            let subnets = state.subnets().iter();
            let leases = subnets.flat_map(|(id, subnet)| {
                let leases = subnet.leases().iter();
                leases.map(move |(address, lease)| (*id, address, lease))
            });
            let wanted = leases.filter(|(_, address, lease)| filter.admits(*address, lease));
            let listed = wanted.map(|(subnet, address, lease)| ListedLease {
                subnet,
                address,
                lease: lease.clone(),
                expires_in: expiry(&lease.state).map(|at| at - now),
            });
            listed.collect()
        })
    }

    /// Whoever has the address loses it.
    pub async fn release_lease(
        &self,
        caller: &Caller,
        address: Ipv4Addr,
    ) -> Result<(), OperatorError> {
        let known = self.read(|state| {
            let subnet = state.subnet_containing(address)?.config().id;
            Some((subnet, before::lease(state, address)))
        });
        let Some((subnet, before)) = known else {
            return Err(OperatorError::NotFound(format!(
                "{address} is in no subnet"
            )));
        };
        let line = AuditLine {
            verb: "lease release".to_owned(),
            object: address.to_string(),
            before,
            after: "none".to_owned(),
        };
        let revoke = ClusterCommand::RevokeLease {
            operator: caller.at(self.id()),
            subnet,
            address,
        };
        self.propose(caller, line, revoke).await
    }
}

/// When a lease ends for its client: without the reclaim grace.
fn expiry(state: &LeaseState) -> Option<ClusterTime> {
    match state {
        LeaseState::Bound {
            granted, duration, ..
        } => Some(*granted + *duration),
        other => other.deadline(),
    }
}
