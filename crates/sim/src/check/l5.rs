//! L5: a client that comes back gets the address it had, while that is free.

use super::facts::Step;
use super::states::{Change, bound_to};
use super::violation::{Verdict, Violation};
use crate::client::{Event, What};
use ipam::{ClientKey, Lease, State};
use std::collections::BTreeSet;
use std::net::Ipv4Addr;

/// The clients that keep to the protocol: a neighbour that does not may take what it likes.
#[derive(Clone, Debug, Default)]
pub(super) struct L5 {
    decent: BTreeSet<ClientKey>,
}

impl L5 {
    pub(super) fn client(&mut self, event: &Event) {
        if event.what == What::Began {
            self.decent.insert(event.client.clone());
        }
    }

    pub(super) fn step(&self, step: &Step<'_>) -> Verdict {
        for change in &step.changes {
            let Some(client) = bound_to(change.after).filter(|client| self.decent.contains(client))
            else {
                continue;
            };
            let is_kept = change.before.is_some_and(|lease| lease.client == *client);
            let had = free_record(step.before, change, client);
            // Both before and after, it could have had the other one.
            if let Some((had, lease)) = had.filter(|_| !is_kept) {
                return Err(Violation::new(
                    "L5",
                    step.at,
                    format!("{client} came back and was given another address"),
                    [
                        format!("it had {had}, which is free: {:?}", lease.state),
                        format!("entry {} gave it {}", step.position.index, change.address),
                    ],
                ));
            }
        }
        Ok(())
    }
}

/// What the client had, if it is free and within bounds, and nothing else is meant for it.
fn free_record<'a>(
    state: &'a State,
    change: &Change<'_>,
    client: &ClientKey,
) -> Option<(Ipv4Addr, &'a Lease)> {
    let subnet = state.subnets().get(&change.subnet)?;
    if subnet.reservations().address_of(client).is_some() {
        return None;
    }
    let mut records = subnet.leases().of_client(client);
    records.find(|(address, lease)| {
        *address != change.address
            && lease.state.is_free()
            && subnet.config().is_dynamic(*address)
            && subnet.reservations().client_of(*address).is_none()
            && state.node_at(*address).is_none()
    })
}
