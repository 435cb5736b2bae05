//! What is drawn, before it is known where: rows with bars.

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;

use crate::check::{Holds, Place};

/// A stretch in which one client held the row's address, renewals included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bar {
    pub client: String,
    pub from: u64,
    pub until: u64,
    /// ACKs in it.
    pub acks: usize,
}

/// An address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    pub address: Ipv4Addr,
    pub bars: Vec<Bar>,
}

/// The rows to draw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rows {
    /// By address.
    pub shown: Vec<Row>,
    /// How many there are in all.
    pub all: usize,
    /// Every client of all rows.
    pub clients: BTreeSet<String>,
}

/// The rows of `holds`, at most `most`: first those in `places`, then those with the most bars.
/// Nothing is drawn after `end`.
pub fn rows(holds: &Holds<'_>, places: &[Place], end: u64, most: usize) -> Rows {
    let mut by_address: BTreeMap<Ipv4Addr, Vec<Bar>> = BTreeMap::new();
    for place in places {
        by_address.entry(place.address).or_default();
    }
    let mut clients = BTreeSet::new();
    for hold in holds.all() {
        let bars = by_address.entry(hold.address).or_default();
        clients.insert(hold.client.to_owned());
        let (from, until) = (hold.from(), hold.until().min(end));
        match bars.iter_mut().rev().find(|bar| bar.client == hold.client) {
            Some(bar) if from <= bar.until => {
                bar.until = bar.until.max(until);
                bar.acks += 1;
            }
            _ => bars.push(Bar {
                client: hold.client.to_owned(),
                from,
                until: until.max(from),
                acks: 1,
            }),
        }
    }
    let all = by_address.len();
    let mut shown: Vec<Row> = by_address
        .into_iter()
        .map(|(address, bars)| Row { address, bars })
        .collect();
    let broken: BTreeSet<Ipv4Addr> = places.iter().map(|place| place.address).collect();
    shown.sort_by_key(|row| {
        let rank = (!broken.contains(&row.address), usize::MAX - row.bars.len());
        (rank, row.address)
    });
    shown.truncate(most);
    shown.sort_by_key(|row| row.address);
    Rows {
        shown,
        all,
        clients,
    }
}
