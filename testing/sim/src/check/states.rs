//! Reading a replicated state, and what changed from one to the next.

use ipam::{ClientKey, Lease, LeaseState, State, SubnetId};
use std::net::Ipv4Addr;

/// One address whose record changed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Change<'a> {
    pub(super) subnet: SubnetId,
    pub(super) address: Ipv4Addr,
    pub(super) before: Option<&'a Lease>,
    pub(super) after: Option<&'a Lease>,
}

/// What is known of an address.
pub(super) fn lease(state: &State, address: Ipv4Addr) -> Option<&Lease> {
    state.subnet_containing(address)?.leases().get(address)
}

/// The client that is bound to an address.
pub(super) fn bound_to(lease: Option<&Lease>) -> Option<&ClientKey> {
    lease
        .filter(|lease| matches!(lease.state, LeaseState::Bound { .. }))
        .map(|lease| &lease.client)
}

/// Every address whose record changed.
pub(super) fn changes<'a>(before: &'a State, after: &'a State) -> Vec<Change<'a>> {
    let mut changes = Vec::new();
    for (id, subnet) in after.subnets() {
        let earlier = before.subnets().get(id);
        let get = |address| earlier.and_then(|subnet| subnet.leases().get(address));
        let new = subnet.leases().iter().map(|(address, lease)| Change {
            subnet: *id,
            address,
            before: get(address),
            after: Some(lease),
        });
        let earlier_leases = earlier
            .into_iter()
            .flat_map(|subnet| subnet.leases().iter());
        let gone = earlier_leases
            .filter(|(address, _)| subnet.leases().get(*address).is_none())
            .map(|(address, lease)| Change {
                subnet: *id,
                address,
                before: Some(lease),
                after: None,
            });
        let all = new.chain(gone);
        changes.extend(all.filter(|change| change.before != change.after));
    }
    changes
}

impl Change<'_> {
    /// Who was bound to the address, if that one is no longer.
    pub(super) fn ended(&self) -> Option<&ClientKey> {
        let was = bound_to(self.before)?;
        (bound_to(self.after) != Some(was)).then_some(was)
    }

    /// Who was granted the address, for the first time or again.
    pub(super) fn granted(&self) -> Option<(&ClientKey, &Lease)> {
        let lease = self.after?;
        let client = bound_to(self.after)?;
        Some((client, lease))
    }
}

/// A record in words.
pub(super) fn describe(lease: Option<&Lease>) -> String {
    lease.map_or_else(
        || "nothing".to_owned(),
        |lease| format!("{:?} of {}", lease.state, lease.client),
    )
}
