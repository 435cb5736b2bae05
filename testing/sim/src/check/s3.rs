//! S3, one client, one address in a subnet, whichever node answers, unless an operator moved it.

use super::facts::Step;
use super::holdings::Holdings;
use super::states::bound_to;
use super::violation::{Verdict, Violation};
use crate::client::{Event, What};
use ipam::{ClientKey, Subnet};
use std::collections::BTreeSet;
use std::net::Ipv4Addr;

/// Whom operators have moved.
#[derive(Clone, Debug, Default)]
pub(super) struct S3 {
    moved: BTreeSet<ClientKey>,
    all_moved: bool,
}

impl S3 {
    /// Judges a client's event, before `holdings` has taken it up.
    pub(super) fn client(&self, event: &Event, holdings: &Holdings) -> Verdict {
        let What::Bound { address, .. } = event.what else {
            return Ok(());
        };
        if self.is_moved(&event.client) {
            return Ok(());
        }
        let Some((other, hold)) = holdings.other_address(event.at, address, &event.client) else {
            return Ok(());
        };
        Err(Violation::new(
            "S3",
            event.at,
            format!("{} has two addresses", event.client),
            [
                format!("it holds {other} until {}", hold.until),
                format!("it was granted {address}"),
            ],
        ))
    }

    /// The state grants no second address.
    pub(super) fn step(&mut self, step: &Step<'_>) -> Verdict {
        self.note_moves(step);
        for change in &step.changes {
            let Some((client, _)) = change.granted() else {
                continue;
            };
            let subnet = step.after.subnets().get(&change.subnet);
            let other = subnet.and_then(|subnet| another(subnet, client, change.address));
            if let Some(other) = other.filter(|_| !self.is_moved(client)) {
                return Err(Violation::new(
                    "S3",
                    step.at,
                    format!("{client} is bound to two addresses"),
                    [
                        format!("it is bound to {other}"),
                        format!(
                            "entry {} bound it to {}",
                            step.position.index, change.address
                        ),
                    ],
                ));
            }
        }
        Ok(())
    }

    /// What operators asked for and was refused has moved nobody.
    fn note_moves(&mut self, step: &Step<'_>) {
        for (id, after) in step.after.subnets() {
            let Some(before) = step.before.subnets().get(id) else {
                continue;
            };
            // Whoever is outside the new pool has to move.
            self.all_moved |= before.config() != after.config();
            let (before, after) = (reservations(before), reservations(after));
            let differing = before.symmetric_difference(&after);
            self.moved
                .extend(differing.map(|(client, _)| client.clone()));
        }
    }

    fn is_moved(&self, client: &ClientKey) -> bool {
        self.all_moved || self.moved.contains(client)
    }
}

fn reservations(subnet: &Subnet) -> BTreeSet<(ClientKey, Ipv4Addr)> {
    let reservations = subnet.reservations().iter();
    reservations
        .map(|(client, address)| (client.clone(), address))
        .collect()
}

fn another(subnet: &Subnet, client: &ClientKey, address: Ipv4Addr) -> Option<Ipv4Addr> {
    let mut leases = subnet.leases().iter();
    let other =
        leases.find(|(other, lease)| *other != address && bound_to(Some(lease)) == Some(client));
    other.map(|(other, _)| other)
}
