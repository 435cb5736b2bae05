//! L5: a client that comes back gets the address it had, while that is free.
//!
//! What it had is known from the client, not from the cluster's own memory.

use super::facts::Step;
use super::states::{Change, bound_to, lease};
use super::violation::{Verdict, Violation};
use crate::client::{Event, What};
use ipam::{ClientKey, LeaseState, State};
use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;

/// The address that each client had last, until it lost its claim to it. Only of clients that keep to
/// the protocol: a neighbour that does not may take what it likes.
#[derive(Clone, Debug, Default)]
pub(super) struct L5 {
    had: BTreeMap<ClientKey, Ipv4Addr>,
    /// Addresses that were reserved for a client: it may have been offered one, and takes it when the reservation
    /// is gone.
    reserved: BTreeSet<(ClientKey, Ipv4Addr)>,
}

impl L5 {
    pub(super) fn client(&mut self, event: &Event) {
        match event.what {
            What::Bound { address, .. } => {
                self.had.insert(event.client.clone(), address);
            }
            What::Declined(_) | What::Refused { .. } => {
                self.had.remove(&event.client);
            }
            _ => {}
        }
    }

    pub(super) fn step(&mut self, step: &Step<'_>) -> Verdict {
        let objects = step.after.objects().reservations.values();
        let reserved = objects.map(|stored| (stored.object.client.clone(), stored.object.address));
        self.reserved.extend(reserved);
        for change in &step.changes {
            // Meant for somebody else, or found in use: nobody is remembered there any more.
            if let Some(lease) = change.after {
                let is_free = lease.state.is_free();
                self.had.retain(|client, had| {
                    *had != change.address || *client == lease.client || is_free
                });
            }
        }
        let mut broken = step
            .changes
            .iter()
            .filter_map(|change| self.judge(step, change));
        broken.next().map_or(Ok(()), Err)
    }

    fn judge(&self, step: &Step<'_>, change: &Change<'_>) -> Option<Violation> {
        let client = bound_to(change.after)?;
        let is_kept = change.before.is_some_and(|lease| lease.client == *client);
        let had = *self.had.get(client)?;
        // Both before and after, it could have had the other one.
        let was_reserved = self.reserved.contains(&(client.clone(), change.address));
        let could = had != change.address
            && !is_kept
            && !was_reserved
            && could_have(step.before, change, client, had);
        could.then(|| {
            Violation::new(
                "L5",
                step.at,
                format!("{client} came back and was given another address"),
                [
                    format!("it had {had}, which is free"),
                    format!("entry {} gave it {}", step.position.index, change.address),
                ],
            )
        })
    }
}

/// Whether `had` is free and within bounds, and nothing else is meant for the client.
fn could_have(state: &State, change: &Change<'_>, client: &ClientKey, had: Ipv4Addr) -> bool {
    let Some(subnet) = state.subnets().get(&change.subnet) else {
        return false;
    };
    let record = lease(state, had).map(|lease| lease.state);
    let is_free = record.is_none_or(|state| state.is_free())
        || matches!(record, Some(LeaseState::Offered { .. }))
            && lease(state, had).is_some_and(|lease| lease.client == *client);
    is_free
        && subnet.reservations().address_of(client).is_none()
        && subnet.config().is_dynamic(had)
        && subnet.reservations().client_of(had).is_none()
        && state.node_at(had).is_none()
}
