//! S5, never early: no lease ends before its lease time has passed in real time.

use super::facts::Step;
use super::holdings::Holdings;
use super::states::describe;
use super::violation::{Verdict, Violation};
use crate::client::{Event, TrueTime, What};
use ipam::{ClientKey, LeaseState};
use std::collections::BTreeMap;
use std::net::Ipv4Addr;

/// Until when, in real time, each client was promised its address.
#[derive(Clone, Debug, Default)]
pub(super) struct S5 {
    promised: BTreeMap<(Ipv4Addr, ClientKey), TrueTime>,
}

impl S5 {
    pub(super) fn client(&mut self, event: &Event) {
        let client = event.client.clone();
        match event.what {
            What::Bound {
                address,
                requested,
                lease_time,
                ..
            } => {
                let until = requested + lease_time;
                let promised = self.promised.entry((address, client)).or_insert(until);
                // What was promised is not taken back by a shorter promise.
                *promised = (*promised).max(until);
            }
            What::Released(address) | What::Declined(address) | What::Refused { address, .. } => {
                self.promised.remove(&(address, client));
            }
            _ => {}
        }
    }

    /// Whoever is no longer bound, and did not give up, had its time.
    pub(super) fn step(&mut self, step: &Step<'_>, holdings: &Holdings) -> Verdict {
        for change in &step.changes {
            let Some(client) = change.ended() else {
                continue;
            };
            let is_early = |until: &TrueTime| *until > step.at;
            let was_revoked = holdings.was_revoked(change.address);
            // What an operator took back is not owed later, should the client get the address again.
            let key = (change.address, client.clone());
            let promised = match was_revoked {
                true => self.promised.remove(&key),
                false => self.promised.get(&key).copied(),
            };
            let ran_out = match change.after.map(|lease| lease.state) {
                Some(
                    LeaseState::Expired { .. }
                    | LeaseState::Offered { .. }
                    | LeaseState::Bound { .. },
                ) => true,
                // Given up (S7), or lost (S2).
                _ => false,
            };
            if let Some(until) = promised
                .filter(is_early)
                .filter(|_| ran_out && !was_revoked)
            {
                return Err(Violation::new(
                    "S5",
                    step.at,
                    format!("the lease of {} by {client} ended early", change.address),
                    [
                        format!("its lease time passes at {until}"),
                        format!(
                            "after entry {} it is {}",
                            step.position.index,
                            describe(change.after)
                        ),
                    ],
                ));
            }
        }
        Ok(())
    }
}
