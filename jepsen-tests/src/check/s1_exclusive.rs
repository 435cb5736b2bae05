//! S1: at no instant do two clients hold the same address.

use std::net::Ipv4Addr;

use super::holds::Hold;
use super::verdict::seconds;
use super::{Case, Evidence, Verdict};

pub fn check(case: &Case<'_>) -> Verdict {
    let mut evidence = Vec::new();
    let holds = case.holds.all();
    for (place, first) in holds.iter().enumerate() {
        let later = holds[place + 1..].iter();
        let later = later.take_while(|later| begins_within(later, first.address, first.until()));
        for second in later.filter(|second| second.client != first.client) {
            // Its own end may lie before its beginning: an ACK that came after its time.
            if second.from() < second.until() {
                evidence.push(overlap(first, second));
            }
        }
    }
    let what = "no address is held by two clients at once";
    Verdict::of("S1", what, holds.len(), evidence)
}

fn begins_within(hold: &Hold<'_>, address: Ipv4Addr, until: u64) -> bool {
    hold.address == address && hold.from() < until
}

fn overlap(first: &Hold<'_>, second: &Hold<'_>) -> Evidence {
    let (from, until) = (second.from(), first.until().min(second.until()));
    let text = format!(
        "{} is held by {} and {} from {} to {}",
        first.address,
        first.client,
        second.client,
        seconds(from),
        seconds(until)
    );
    let indexes = vec![first.index, second.index];
    Evidence::new(text, indexes).at(first.address, from, until)
}
