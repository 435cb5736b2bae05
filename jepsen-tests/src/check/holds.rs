//! Who held which address, from when until when: by the clients' own accounts and clocks.
//!
//! A hold begins with an ACK received. It ends when the lease time has passed since the REQUEST was
//! sent, or before that by what is listed in [`Hold`]. What the client does (release, decline) ends it
//! at the `:invoke`, before anything was sent.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use crate::history::{
    Call, Exchange, FailureKind, Function, Grant, History, Kind, Operation, Value,
};

/// One ACK and what became of it.
#[derive(Clone, Debug)]
pub struct Hold<'a> {
    /// Who.
    pub client: &'a str,
    /// What.
    pub address: Ipv4Addr,
    /// The ACK.
    pub grant: Grant,
    /// The line that completed the operation.
    pub index: u64,
    /// When the client released or declined it.
    pub given_up: Option<u64>,
    /// When the client received a NAK for it.
    pub refused: Option<u64>,
    /// When an operator began to end it.
    pub revoked: Option<u64>,
    /// When the client's next ACK came, for this address or another.
    pub superseded: Option<u64>,
    /// Whether an operator's reservation may have moved this client.
    pub moved: bool,
    /// Whether the next ACK was for this same address.
    renewed: bool,
}

/// All holds of a history.
#[derive(Clone, Debug)]
pub struct Holds<'a> {
    all: Vec<Hold<'a>>,
    moved: BTreeMap<&'a str, u64>,
}

impl Hold<'_> {
    /// When the ACK came.
    pub fn from(&self) -> u64 {
        self.grant.ack_received
    }

    /// Until when the client uses the address.
    pub fn until(&self) -> u64 {
        let ends = [self.given_up, self.refused, self.revoked, self.superseded];
        earliest(self.grant.expiry(), &ends)
    }

    /// Until when nobody else may have it: a renewal with a shorter time does not cut it short, nor
    /// does a NAK that should not have been.
    pub fn promised_until(&self) -> u64 {
        let moved = self.superseded.filter(|_| self.moved && !self.renewed);
        earliest(self.grant.expiry(), &[self.given_up, self.revoked, moved])
    }

    /// Until when the client would have kept it, had no other ACK come.
    pub fn kept_until(&self) -> u64 {
        let ends = [self.given_up, self.refused, self.revoked];
        earliest(self.grant.expiry(), &ends)
    }

    /// Whether it is promised at `time`.
    pub fn promised_at(&self, time: u64) -> bool {
        self.from() <= time && time < self.promised_until()
    }
}

fn earliest(expiry: u64, ends: &[Option<u64>]) -> u64 {
    ends.iter().flatten().copied().fold(expiry, u64::min)
}

/// What an exchange is about, if the operation is one.
pub(super) fn exchange(operation: &Operation) -> Option<&Exchange> {
    match &operation.value {
        Value::Exchange(exchange) => Some(exchange),
        _ => None,
    }
}

/// Whether it surely had no effect.
pub(super) fn surely_not(call: &Call<'_>) -> bool {
    call.kind() == Kind::Fail
}

impl<'a> Holds<'a> {
    /// The holds of a history, by address and time.
    pub fn of(history: &'a History) -> Self {
        let mut all: Vec<Hold<'a>> = history.calls().filter_map(|call| granted(&call)).collect();
        all.sort_by_key(|hold| (hold.client, hold.from(), hold.index));
        supersede(&mut all);
        let ends = Ends::of(history);
        for hold in &mut all {
            ends.apply(hold);
        }
        all.sort_by_key(|hold| (hold.address, hold.from(), hold.index));
        Self {
            all,
            moved: ends.moved,
        }
    }

    /// The clients that an operator's reservation may have moved, at any time.
    pub fn moved(&self) -> impl Iterator<Item = &'a str> {
        self.moved.keys().copied()
    }

    /// By address, then time.
    pub fn all(&self) -> &[Hold<'a>] {
        &self.all
    }

    /// Those of one address, by time.
    pub fn of_address(&self, address: Ipv4Addr) -> &[Hold<'a>] {
        let from = self.all.partition_point(|hold| hold.address < address);
        let until = self.all.partition_point(|hold| hold.address <= address);
        &self.all[from..until]
    }
}

fn granted<'a>(call: &Call<'a>) -> Option<Hold<'a>> {
    let completion = call
        .completion
        .filter(|completion| completion.kind == Kind::Ok)
        .filter(|completion| completion.function.asks_for_lease())?;
    let exchange = exchange(completion)?;
    Some(Hold {
        client: &exchange.client,
        address: exchange.address?,
        grant: exchange.grant?,
        index: completion.index,
        given_up: None,
        refused: None,
        revoked: None,
        superseded: None,
        moved: false,
        renewed: false,
    })
}

/// `holds` by client and time.
fn supersede(holds: &mut [Hold<'_>]) {
    for place in 1..holds.len() {
        let (before, after) = holds.split_at_mut(place);
        let (Some(before), Some(next)) = (before.last_mut(), after.first()) else {
            continue;
        };
        if before.client == next.client {
            before.superseded = Some(next.from());
            before.renewed = before.address == next.address;
        }
    }
}

/// What ends holds early.
#[derive(Default)]
struct Ends<'a> {
    /// By client and address.
    given_up: BTreeMap<(&'a str, Ipv4Addr), Vec<u64>>,
    refused: BTreeMap<(&'a str, Ipv4Addr), Vec<u64>>,
    revoked: BTreeMap<Ipv4Addr, Vec<u64>>,
    /// When a reservation first named the client.
    moved: BTreeMap<&'a str, u64>,
}

impl<'a> Ends<'a> {
    fn of(history: &'a History) -> Self {
        let mut ends = Self::default();
        for call in history.calls() {
            ends.note(&call);
        }
        ends
    }

    fn note(&mut self, call: &Call<'a>) {
        let begun = call.invoke.time;
        match (&call.invoke.function, &call.invoke.value) {
            (Function::Release | Function::Decline, Value::Exchange(exchange)) => {
                if let Some(address) = exchange.address.filter(|_| !surely_not(call)) {
                    let key = (exchange.client.as_str(), address);
                    self.given_up.entry(key).or_default().push(begun);
                }
            }
            (Function::LeaseRevoke, Value::Address(address)) if !surely_not(call) => {
                self.revoked.entry(*address).or_default().push(begun);
            }
            (
                Function::ReservationAdd | Function::ReservationRemove,
                Value::Reservation(reservation),
            ) if !surely_not(call) => {
                let first = self.moved.entry(&reservation.client).or_insert(begun);
                *first = begun.min(*first);
            }
            _ => self.note_nak(call),
        }
    }

    fn note_nak(&mut self, call: &Call<'a>) {
        let nak = |operation: &&Operation| {
            let error = operation.error.as_ref();
            error.is_some_and(|error| error.kind == FailureKind::Nak)
        };
        let Some(completion) = call.completion.filter(nak) else {
            return;
        };
        let asked = exchange(completion).or_else(|| exchange(call.invoke));
        if let Some((client, address)) = asked.and_then(|e| Some((&e.client, e.address?))) {
            let key = (client.as_str(), address);
            self.refused.entry(key).or_default().push(completion.time);
        }
    }

    fn apply(&self, hold: &mut Hold<'_>) {
        let first = |times: Option<&Vec<u64>>| {
            let times = times.into_iter().flatten().copied();
            times.filter(|time| *time >= hold.from()).min()
        };
        let key = (hold.client, hold.address);
        let given_up = first(self.given_up.get(&key));
        let refused = first(self.refused.get(&key));
        let revoked = first(self.revoked.get(&hold.address));
        hold.given_up = given_up;
        hold.refused = refused;
        hold.revoked = revoked;
        let moved = self.moved.get(hold.client);
        hold.moved = moved.is_some_and(|moved| *moved <= hold.grant.expiry());
    }
}
