//! Who had which address last: a new tenant must not inherit the flows of the one before (S9).
//!
//! In: committed events, and the state where events may have been lost. Out: the addresses that have lost
//! their tenant or got another. Pure. It knows at most one client an address.

use ipam::{ClientKey, Event, EventKind, LeaseState, State};
use std::collections::BTreeMap;
use std::net::Ipv4Addr;

/// The last tenant of each address.
pub(super) struct Tenants(BTreeMap<Ipv4Addr, Tenant>);

#[derive(Clone, PartialEq, Eq)]
struct Tenant {
    client: ClientKey,
    /// Whether it still has the address.
    bound: bool,
}

impl Tenants {
    /// As the state says.
    pub(super) fn of(state: &State) -> Self {
        let leases = state
            .subnets()
            .values()
            .flat_map(|subnet| subnet.leases().iter());
        let tenants = leases.filter_map(|(address, lease)| {
            let bound = match lease.state {
                LeaseState::Bound { .. } => true,
                LeaseState::Offered { .. } => return None,
                _ => false,
            };
            let client = lease.client.clone();
            Some((address, Tenant { client, bound }))
        });
        Self(tenants.collect())
    }

    /// Takes events in. Which addresses have lost their tenant by them.
    pub(super) fn after(&mut self, events: &[Event]) -> Vec<Ipv4Addr> {
        events.iter().filter_map(|event| self.one(event)).collect()
    }

    fn one(&mut self, event: &Event) -> Option<Ipv4Addr> {
        match &event.kind {
            EventKind::LeaseGranted {
                address, client, ..
            } => {
                let tenant = Tenant {
                    client: client.clone(),
                    bound: true,
                };
                let before = self.0.insert(*address, tenant)?;
                (before.client != *client).then_some(*address)
            }
            EventKind::LeaseReleased { address, .. }
            | EventKind::LeaseExpired { address, .. }
            | EventKind::AddressQuarantined { address, .. } => {
                let tenant = self.0.get_mut(address)?;
                std::mem::replace(&mut tenant.bound, false).then_some(*address)
            }
            _ => None,
        }
    }

    /// Looks at the whole state. Which addresses have lost their tenant since.
    pub(super) fn compare(&mut self, state: &State) -> Vec<Ipv4Addr> {
        let now = Self::of(state);
        let lost = self.0.iter().filter(|(address, before)| {
            let after = now.0.get(*address);
            let same = after.is_some_and(|after| after.client == before.client);
            let left = before.bound && !after.is_some_and(|after| after.bound);
            left || !same && after.is_some()
        });
        let lost = lost.map(|(address, _)| *address).collect();
        // Who is not known any more is remembered all the same.
        self.0.extend(now.0);
        lost
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ipam::{Actor, ClusterTime, HardwareAddress, NodeId, SubnetId};

    const ADDRESS: Ipv4Addr = Ipv4Addr::new(10, 15, 3, 20);

    fn client(number: u8) -> ClientKey {
        ClientKey::Hardware(HardwareAddress::ethernet([2, 0, 0, 0, 0, number]))
    }

    fn granted(number: u8) -> Event {
        let kind = EventKind::LeaseGranted {
            subnet: SubnetId(1),
            address: ADDRESS,
            client: client(number),
            renewed: false,
            expires: ClusterTime::default(),
        };
        let actor = Actor::Node(NodeId(1));
        Event { actor, kind }
    }

    fn released(number: u8) -> Event {
        let kind = EventKind::LeaseReleased {
            subnet: SubnetId(1),
            address: ADDRESS,
            client: client(number),
        };
        let actor = Actor::Node(NodeId(1));
        Event { actor, kind }
    }

    #[test]
    fn address_is_vacated_when_its_tenant_leaves_and_when_another_comes() {
        let mut tenants = Tenants(BTreeMap::new());
        assert_eq!(tenants.after(&[granted(1), granted(1)]), [ADDRESS; 0]);
        assert_eq!(tenants.after(&[released(1)]), [ADDRESS]);
        assert_eq!(tenants.after(&[granted(1)]), [ADDRESS; 0], "it came back");
        assert_eq!(tenants.after(&[released(1), granted(2)]), [ADDRESS; 2]);
        assert_eq!(tenants.after(&[granted(3)]), [ADDRESS]);
    }

    #[test]
    fn lost_events_are_made_up_for_by_the_state() {
        let mut tenants = Tenants(BTreeMap::new());
        tenants.after(&[granted(1)]);
        assert_eq!(tenants.compare(&State::default()), [ADDRESS]);
    }
}
