//! S3, one client, one address in a subnet, whichever node answers, unless an operator moved it.

use super::facts::Step;
use super::holdings::Holdings;
use super::states::bound_to;
use super::violation::{Verdict, Violation};
use crate::client::{Event, What};
use ipam::{AnyKey, ClientKey, Command, Subnet};
use std::collections::BTreeSet;

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

    pub(super) fn operator(&mut self, command: &Command) {
        let Command::Object(command) = command else {
            return;
        };
        match command.change.key() {
            AnyKey::Reservation(key) => {
                self.moved.insert(key.client);
            }
            // Whoever is outside the new pool has to move.
            AnyKey::SubnetConfig(_) => self.all_moved |= command.change.object().is_some(),
            // No other kind moves a client.
            _ => {}
        }
    }

    /// The state grants no second address.
    pub(super) fn step(&self, step: &Step<'_>) -> Verdict {
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

    fn is_moved(&self, client: &ClientKey) -> bool {
        self.all_moved || self.moved.contains(client)
    }
}

fn another(
    subnet: &Subnet,
    client: &ClientKey,
    address: std::net::Ipv4Addr,
) -> Option<std::net::Ipv4Addr> {
    let mut leases = subnet.leases().iter();
    let other =
        leases.find(|(other, lease)| *other != address && bound_to(Some(lease)) == Some(client));
    other.map(|(other, _)| other)
}
