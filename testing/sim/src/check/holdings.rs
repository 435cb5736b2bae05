//! Who holds which address, by the clients' own counting (lease contract, "Held").

use super::facts::Step;
use crate::client::{Event, TrueTime, What};
use ipam::{ClientKey, ClusterCommand, Command, LeaseState, State};
use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::time::Duration;

/// An operator's command is carried out within this time, or never: its deadline (2.5 s), at most at
/// two leaders one after the other.
const CARRIED_OUT_WITHIN: Duration = Duration::from_secs(6);

/// One holding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Hold {
    pub(super) from: TrueTime,
    pub(super) until: TrueTime,
}

/// Every holding that has begun and was not ended by its client.
#[derive(Clone, Debug, Default)]
pub(super) struct Holdings {
    holds: BTreeMap<(Ipv4Addr, ClientKey), Hold>,
    /// When an operator last asked for an address back: its client may not know.
    revoked: BTreeMap<Ipv4Addr, TrueTime>,
}

impl Holdings {
    /// Somebody other than `client` that holds `address` at `at`.
    pub(super) fn other_holder(
        &self,
        at: TrueTime,
        address: Ipv4Addr,
        client: &ClientKey,
    ) -> Option<(&ClientKey, &Hold)> {
        let mut holds = self.holds.iter();
        let other = holds
            .find(|((held, holder), hold)| *held == address && holder != client && hold.until > at);
        other.map(|((_, holder), hold)| (holder, hold))
    }

    /// Another address that `client` holds at `at`.
    pub(super) fn other_address(
        &self,
        at: TrueTime,
        address: Ipv4Addr,
        client: &ClientKey,
    ) -> Option<(Ipv4Addr, &Hold)> {
        let mut holds = self.holds.iter();
        let other = holds
            .find(|((held, holder), hold)| *held != address && holder == client && hold.until > at);
        other.map(|((held, _), hold)| (*held, hold))
    }

    /// Takes up what happened to a client.
    pub(super) fn note(&mut self, event: &Event) {
        let client = event.client.clone();
        match event.what {
            What::Bound {
                address,
                requested,
                until,
                ..
            } => {
                // What an operator asked for was carried out by then, or given up.
                if let Some(revoked) = self.revoked.get(&address)
                    && requested > *revoked + CARRIED_OUT_WITHIN
                {
                    self.revoked.remove(&address);
                }
                let revoked = self.revoked.get(&address);
                if revoked.is_none_or(|revoked| requested > *revoked) {
                    let key = (address, client);
                    let from = self.holds.get(&key).map_or(event.at, |hold| hold.from);
                    self.holds.insert(key, Hold { from, until });
                }
            }
            What::Released(address)
            | What::Declined(address)
            | What::Expired(address)
            | What::Refused { address, .. } => {
                self.holds.remove(&(address, client));
            }
            _ => {}
        }
    }

    /// Takes up what an operator asks for.
    pub(super) fn operator(&mut self, at: TrueTime, command: &Command) {
        if let Command::Cluster(ClusterCommand::RevokeLease { address, .. }) = command {
            self.revoked.insert(*address, at);
        }
    }

    /// A revoked lease has come to its end: "the operator answers for the client being gone".
    pub(super) fn step(&mut self, step: &Step<'_>) {
        for address in self.revoked.keys() {
            if !is_bound(step.after, *address) {
                self.holds.retain(|(held, _), _| held != address);
            }
        }
    }

    /// Whether an operator has asked for this address back so lately that it may be carried out now.
    pub(super) fn was_revoked_lately(&self, address: Ipv4Addr, now: TrueTime) -> bool {
        let revoked = self.revoked.get(&address);
        revoked.is_some_and(|revoked| now <= *revoked + CARRIED_OUT_WITHIN)
    }

    /// Whether an operator has ever asked for this address back.
    pub(super) fn was_revoked(&self, address: Ipv4Addr) -> bool {
        self.revoked.contains_key(&address)
    }
}

fn is_bound(state: &State, address: Ipv4Addr) -> bool {
    let lease = super::states::lease(state, address);
    lease.is_some_and(|lease| matches!(lease.state, LeaseState::Bound { .. }))
}
