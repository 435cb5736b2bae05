//! S7, only the owner gives up: a lease ends only by its owner, by its time, or by an operator, and a
//! declined address is quarantined for a set time.

use super::facts::Step;
use super::holdings::Holdings;
use super::states::describe;
use super::violation::{Verdict, Violation};
use crate::client::{Event, TrueTime, What};
use ipam::{ClientKey, LeaseState};
use std::collections::BTreeMap;
use std::net::Ipv4Addr;

/// When each client last took an address, and last gave it up.
#[derive(Clone, Debug, Default)]
pub(super) struct S7 {
    taken: BTreeMap<(Ipv4Addr, ClientKey), TrueTime>,
    given_up: BTreeMap<(Ipv4Addr, ClientKey), TrueTime>,
}

impl S7 {
    pub(super) fn client(&mut self, event: &Event) {
        let client = event.client.clone();
        match event.what {
            What::Bound { address, .. } => {
                self.taken.insert((address, client), event.at);
            }
            What::Released(address) | What::Declined(address) => {
                self.given_up.insert((address, client), event.at);
            }
            _ => {}
        }
    }

    pub(super) fn step(&self, step: &Step<'_>, holdings: &Holdings) -> Verdict {
        for change in &step.changes {
            let state = change.after.map(|lease| lease.state);
            let is_given_up = matches!(
                state,
                Some(LeaseState::Released { .. } | LeaseState::Quarantined { .. })
            );
            if let Some(client) = change.ended().filter(|_| is_given_up) {
                self.check_owner(
                    step,
                    holdings,
                    change.address,
                    client,
                    describe(change.after),
                )?;
            }
            if let Some(LeaseState::Quarantined { until }) = change.before.map(|lease| lease.state)
            {
                let is_given = matches!(
                    state,
                    Some(LeaseState::Offered { .. } | LeaseState::Bound { .. })
                );
                // In the entries of one step it may have been freed before it was given: by a probe that found nobody
                // after the set time, for a newer one, of too many, or by an operator.
                let subnet = step.after.subnet_containing(change.address);
                let was_freed = subnet.is_some_and(|subnet| {
                    let leases = subnet.leases();
                    step.after.clock() >= subnet.config().times.lift_from(until)
                        || leases.quarantined().count() >= leases.quarantine_limit()
                });
                let was_freed = was_freed || holdings.was_revoked_lately(change.address, step.at);
                if is_given && !was_freed {
                    return Err(Violation::new(
                        "S7",
                        step.at,
                        format!("{} was given though it is quarantined", change.address),
                        [
                            format!("it is quarantined until {until}"),
                            format!("at {} it is {}", step.after.clock(), describe(change.after)),
                        ],
                    ));
                }
            }
        }
        Ok(())
    }

    fn check_owner(
        &self,
        step: &Step<'_>,
        holdings: &Holdings,
        address: Ipv4Addr,
        client: &ClientKey,
        now: String,
    ) -> Verdict {
        let key = (address, client.clone());
        let Some(taken) = self.taken.get(&key).copied() else {
            // It never learnt of its grant: nobody loses anything.
            return Ok(());
        };
        let given_up = self.given_up.get(&key).copied();
        let by_owner = given_up.is_some_and(|given_up| given_up >= taken);
        if by_owner || holdings.was_revoked(address) {
            return Ok(());
        }
        let gave_up = given_up.map_or_else(
            || "it never gave it up".to_owned(),
            |at| format!("it gave it up at {at}, before"),
        );
        Err(Violation::new(
            "S7",
            step.at,
            format!("the lease of {address} by {client} was given up by somebody else"),
            [
                format!("it took the address at {taken}; {gave_up}"),
                format!("after entry {} it is {now}", step.position.index),
            ],
        ))
    }
}
