//! S6, honest no: a DHCPNAK is sent only on a decision that was itself committed or confirmed by a
//! quorum. A cut-off or lagging node never NAKs. A client that was never granted anything is not refused an address of
//! this network, unless it selects: it may be another server's.

use super::facts::{Answer, Step};
use super::states::{bound_to, lease};
use super::violation::{Verdict, Violation};
use crate::client::{ReplyKind, TrueTime};
use ipam::{HardwareAddress, State};
use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;
use std::time::Duration;

/// Whoever has had no majority for longer than an answer may take (T6) cannot have had one for its
/// decision.
const DECIDED_WITHIN: Duration = Duration::from_millis(3500);

/// Since when each address has been bound to whom.
#[derive(Clone, Debug, Default)]
pub(super) struct S6 {
    owned_since: BTreeMap<Ipv4Addr, (HardwareAddress, TrueTime)>,
    /// Whoever was granted anything.
    known: BTreeSet<HardwareAddress>,
}

impl S6 {
    pub(super) fn step(&mut self, step: &Step<'_>) {
        for change in &step.changes {
            let owner = change.after.filter(|lease| bound_to(Some(lease)).is_some());
            let Some(owner) = owner else {
                self.owned_since.remove(&change.address);
                continue;
            };
            self.known.insert(owner.hardware.clone());
            let known = self.owned_since.get(&change.address);
            if known.is_none_or(|(hardware, _)| *hardware != owner.hardware) {
                let since = (owner.hardware.clone(), step.at);
                self.owned_since.insert(change.address, since);
            }
        }
    }

    /// `newest`: the newest state that any node has applied.
    pub(super) fn replied(&self, answer: &Answer<'_>, newest: &State) -> Verdict {
        if answer.reply.kind != ReplyKind::Nak {
            return Ok(());
        }
        let node = answer.sent.node;
        let client = &answer.reply.of;
        let broken = |fact: String| {
            let facts = [format!("node {node} sent a DHCPNAK"), fact];
            Violation::new("S6", answer.sent.at, format!("{client} was refused"), facts)
        };
        let cut_off = answer.sent.without_quorum_since;
        if let Some(since) = cut_off.filter(|since| answer.sent.at.since(*since) > DECIDED_WITHIN) {
            return Err(broken(format!("no majority is in its reach since {since}")));
        }
        if !answer.advanced {
            return Err(broken(
                "it has applied nothing since it heard the request".to_owned(),
            ));
        }
        if self.is_strangers(answer, newest, client) {
            return Err(broken(
                "it was never granted anything, and asked for an address of this network"
                    .to_owned(),
            ));
        }
        self.check_not_its_own(answer, newest, client)
            .map_or(Ok(()), |fact| Err(broken(fact)))
    }

    /// The client does not select, asks for an address of this network, and was never granted any.
    fn is_strangers(&self, answer: &Answer<'_>, newest: &State, client: &HardwareAddress) -> bool {
        let address = answer
            .request
            .filter(|request| request.server.is_none())
            .and_then(|request| request.address);
        let is_here = address.is_some_and(|address| newest.subnet_containing(address).is_some());
        is_here && !self.known.contains(client)
    }

    /// The address was the client's from before it asked until now, and nothing was moved.
    fn check_not_its_own(
        &self,
        answer: &Answer<'_>,
        newest: &State,
        client: &HardwareAddress,
    ) -> Option<String> {
        let address = answer.request?.address?;
        let asked = answer.asked?;
        let (owner, since) = self.owned_since.get(&address)?;
        let subnet = newest.subnet_containing(address)?;
        let record = lease(newest, address)?;
        let is_alone = subnet
            .leases()
            .of_client(&record.client)
            .all(|(other, lease)| other == address || bound_to(Some(lease)).is_none());
        let reserved = subnet.reservations().address_of(&record.client);
        let is_moved = reserved.is_some_and(|reserved| reserved != address)
            || subnet
                .reservations()
                .client_of(address)
                .is_some_and(|other| *other != record.client)
            || (reserved.is_none() && !subnet.config().is_dynamic(address))
            || newest.node_at(address).is_some();
        (owner == client && *since < asked && is_alone && !is_moved)
            .then(|| format!("{address} is bound to it since {since}, and it asked at {asked}"))
    }
}
