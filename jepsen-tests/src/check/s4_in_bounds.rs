//! S4: grants lie in the pool or are the client's own reservation, and are never the network or
//! broadcast address, the router, a node's address, excluded, or another client's reservation.
//! Quarantined addresses are S7's.

use std::net::Ipv4Addr;

use super::holds::{Hold, surely_not};
use super::{Case, Evidence, Verdict};
use crate::history::{Call, Function, Kind, Setup, Value};

const RULE: &str = "S4";
const WHAT: &str = "grants lie in bounds";

pub fn check(case: &Case<'_>) -> Verdict {
    let holds = case.holds.all();
    if holds.is_empty() {
        return Verdict::of(RULE, WHAT, 0, Vec::new());
    }
    let Some(setup) = case.history.setup() else {
        let because = "there is no :setup line that says what the bounds are".to_owned();
        return Verdict::unknown(RULE, WHAT, because);
    };
    let reserved = Reserved::of(case);
    let nodes = nodes(case, setup);
    let breach = |hold: &Hold<'_>| {
        let why = out_of_bounds(hold, setup, &nodes, &reserved)?;
        let text = format!("{} was granted {}: {why}", hold.client, hold.address);
        let evidence = Evidence::new(text, vec![hold.index]);
        Some(evidence.at(hold.address, hold.from(), hold.until()))
    };
    let evidence = holds.iter().filter_map(breach).collect();
    Verdict::of(RULE, WHAT, holds.len(), evidence)
}

fn out_of_bounds(
    hold: &Hold<'_>,
    setup: &Setup,
    nodes: &[(Ipv4Addr, u64)],
    reserved: &Reserved<'_>,
) -> Option<String> {
    let address = hold.address;
    let (first, last) = network_ends(setup);
    if address <= first || address >= last {
        return Some("it is not a host address of the network".to_owned());
    }
    if setup.router == Some(address) {
        return Some("it is the router's".to_owned());
    }
    let asked = hold.grant.request_sent;
    if nodes
        .iter()
        .any(|(node, since)| *node == address && *since <= asked)
    {
        return Some("it is a node's own".to_owned());
    }
    if setup.excluded.contains(&address) {
        return Some("it is excluded".to_owned());
    }
    if let Some(other) = reserved.for_another(hold) {
        return Some(format!("it is reserved for {other}"));
    }
    let (low, high) = setup.pool;
    let in_pool = low <= address && address <= high;
    if !in_pool && !reserved.maybe_for(hold) {
        return Some("it is outside the pool, and not reserved for this client".to_owned());
    }
    None
}

fn network_ends(setup: &Setup) -> (Ipv4Addr, Ipv4Addr) {
    let (network, prefix) = setup.network;
    let hosts = u32::MAX.checked_shr(u32::from(prefix)).unwrap_or(0);
    let network = u32::from(network) & !hosts;
    (Ipv4Addr::from(network), Ipv4Addr::from(network | hosts))
}

/// The nodes' addresses, and since when nobody else may have them.
fn nodes(case: &Case<'_>, setup: &Setup) -> Vec<(Ipv4Addr, u64)> {
    let at_start = setup.members.iter().map(|(_, address)| (*address, 0));
    let added = case.history.calls().filter_map(|call| {
        let Value::Member(member) = &call.invoke.value else {
            return None;
        };
        let added = call.invoke.function == Function::NodeAdd && call.kind() == Kind::Ok;
        Some((member.address?, call.ended().filter(|_| added)?))
    });
    at_start.chain(added).collect()
}

/// Reservations as they may and must have stood.
struct Reserved<'a> {
    adds: Vec<(Call<'a>, &'a str, Ipv4Addr)>,
    removes: Vec<(Call<'a>, &'a str)>,
}

impl<'a> Reserved<'a> {
    fn of(case: &Case<'a>) -> Self {
        let mut reserved = Self {
            adds: Vec::new(),
            removes: Vec::new(),
        };
        for call in case.history.calls().filter(|call| !surely_not(call)) {
            let Value::Reservation(reservation) = &call.invoke.value else {
                continue;
            };
            let client = reservation.client.as_str();
            match (&call.invoke.function, reservation.address) {
                (Function::ReservationAdd, Some(address)) => {
                    reserved.adds.push((call, client, address));
                }
                (Function::ReservationRemove, _) => reserved.removes.push((call, client)),
                _ => {}
            }
        }
        reserved
    }

    /// Who else's it surely was for all the time of the exchange.
    fn for_another(&self, hold: &Hold<'_>) -> Option<&'a str> {
        let sure = |(call, client, address): &&(Call<'a>, &'a str, Ipv4Addr)| {
            let done = call.ended().filter(|_| call.kind() == Kind::Ok);
            *address == hold.address
                && *client != hold.client
                && done.is_some_and(|done| done < hold.grant.request_sent)
                && !self.maybe_removed(client, call.invoke.time, hold.from())
        };
        let found = self.adds.iter().find(sure);
        found.map(|(_, client, _)| *client)
    }

    /// Whether a removal may have come between.
    fn maybe_removed(&self, client: &str, since: u64, until: u64) -> bool {
        self.removes.iter().any(|(call, removed)| {
            let over = call.ended().filter(|_| call.kind() == Kind::Ok);
            *removed == client && call.invoke.time < until && over.is_none_or(|over| over > since)
        })
    }

    /// Whether it may have been the client's own.
    fn maybe_for(&self, hold: &Hold<'_>) -> bool {
        self.adds.iter().any(|(call, client, address)| {
            *client == hold.client && *address == hold.address && call.invoke.time < hold.from()
        })
    }
}
