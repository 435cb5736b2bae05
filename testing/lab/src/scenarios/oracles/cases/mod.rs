//! The rows: what is sent, in which state, and what of the answer matters.

mod asking;
mod contents;
mod header;
mod identity;
mod leaving;
mod options;
mod relayed;
mod twice;

use std::net::Ipv4Addr;

use anyhow::Result;

use super::station::Station;

/// One row. It is played against each server by a client of its own.
#[derive(Clone, Copy)]
pub(super) struct Case {
    /// What is sent. ADR 0028 calls it so.
    pub(super) name: &'static str,
    /// Plays it and says what came of it.
    pub(super) play: fn(&mut Station<'_>) -> Result<String>,
}

/// Every row, in the order of the table.
pub(super) fn all() -> Vec<Case> {
    [
        asking::CASES,
        leaving::CASES,
        options::CASES,
        header::CASES,
        relayed::CASES,
        identity::CASES,
        contents::CASES,
        twice::CASES,
    ]
    .concat()
}

const fn case(name: &'static str, play: fn(&mut Station<'_>) -> Result<String>) -> Case {
    Case { name, play }
}

/// Of the network, not of the pool, and nobody's.
const OUTSIDE_POOL: Ipv4Addr = Ipv4Addr::new(10, 15, 3, 18);
const ROUTER: Ipv4Addr = Ipv4Addr::new(10, 15, 3, 1);
const NETWORK: Ipv4Addr = Ipv4Addr::new(10, 15, 3, 0);
const ELSEWHERE: Ipv4Addr = Ipv4Addr::new(192, 168, 1, 77);
/// Of a server that is not there.
const OTHER_SERVER: Ipv4Addr = Ipv4Addr::new(10, 15, 3, 2);
