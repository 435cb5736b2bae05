//! What a population recorded, and its summary.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;

use dhcproto::v4::Message;
use serde::{Deserialize, Serialize};

use crate::wire::{MacAddr, dhcp};

/// One client's story. Times are milliseconds since the population started.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientRecord {
    /// Its hardware address.
    pub mac: MacAddr,
    /// When it began.
    pub started_at_ms: u64,
    /// When its ACK came.
    pub acked_at_ms: Option<u64>,
    /// What it was given.
    pub address: Option<Ipv4Addr>,
    /// Every address that an ACK to it named: more than one is a change of mind.
    pub acked_addresses: BTreeSet<Ipv4Addr>,
    /// By whom.
    pub server_id: Option<Ipv4Addr>,
    /// For how long.
    pub lease_seconds: Option<u32>,
    /// DISCOVERs sent.
    pub discovers: u32,
    /// REQUESTs sent.
    pub requests: u32,
    /// NAKs received.
    pub naks: u32,
}

impl ClientRecord {
    /// A client that begins at `started_at_ms`.
    pub fn new(mac: MacAddr, started_at_ms: u64) -> Self {
        Self {
            mac,
            started_at_ms,
            acked_at_ms: None,
            address: None,
            acked_addresses: BTreeSet::new(),
            server_id: None,
            lease_seconds: None,
            discovers: 0,
            requests: 0,
            naks: 0,
        }
    }

    /// Notes the ACK.
    pub fn bound(&mut self, ack: &Message, now_ms: u64) {
        self.acked_at_ms = Some(now_ms);
        self.address = Some(ack.yiaddr());
        self.acked(ack);
        self.server_id = dhcp::server_id(ack);
        self.lease_seconds = dhcp::lease_time(ack);
    }

    /// Notes an ACK, be it the first or another.
    pub fn acked(&mut self, ack: &Message) {
        self.acked_addresses.insert(ack.yiaddr());
    }
}

/// A population's record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct History {
    /// Wall clock at the start, to place the record beside other events of the same machine.
    pub started_unix_ms: u64,
    /// Every client.
    pub clients: Vec<ClientRecord>,
}

/// A history in figures.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// Clients in all.
    pub clients: usize,
    /// Clients that got an address.
    pub acks: usize,
    /// NAKs heard.
    pub naks: u32,
    /// Different addresses among the ACKs.
    pub distinct_addresses: usize,
    /// DISCOVERs and REQUESTs beyond one each per client.
    pub retransmissions: u32,
    /// Median milliseconds from a client's start to its ACK.
    pub p50_ms: Option<u64>,
    /// 99th percentile of the same.
    pub p99_ms: Option<u64>,
}

impl History {
    /// Several histories as one, on the clock of the earliest.
    pub fn merge(histories: impl IntoIterator<Item = History>) -> Self {
        let histories: Vec<_> = histories.into_iter().collect();
        let start = histories.iter().map(|h| h.started_unix_ms).min();
        let started_unix_ms = start.unwrap_or(0);
        let clients = histories
            .into_iter()
            .flat_map(|history| {
                let shift = history.started_unix_ms - started_unix_ms;
                history.clients.into_iter().map(move |mut client| {
                    client.started_at_ms += shift;
                    client.acked_at_ms = client.acked_at_ms.map(|at| at + shift);
                    client
                })
            })
            .collect();
        Self {
            started_unix_ms,
            clients,
        }
    }

    /// When the ACKs came, by the wall clock, in order.
    pub fn ack_unix_ms(&self) -> Vec<u64> {
        let mut times: Vec<_> = self
            .clients
            .iter()
            .filter_map(|client| client.acked_at_ms)
            .map(|at| self.started_unix_ms + at)
            .collect();
        times.sort_unstable();
        times
    }

    /// The addresses that were given out, one per client that got one.
    pub fn addresses(&self) -> Vec<Ipv4Addr> {
        self.clients.iter().filter_map(|c| c.address).collect()
    }

    /// The figures.
    pub fn summary(&self) -> Summary {
        let addresses = self.addresses();
        let distinct: BTreeSet<_> = addresses.iter().collect();
        let mut waits: Vec<_> = self
            .clients
            .iter()
            .filter_map(|c| Some(c.acked_at_ms? - c.started_at_ms))
            .collect();
        waits.sort_unstable();
        let extra = |sent: u32| sent.saturating_sub(1);
        Summary {
            clients: self.clients.len(),
            acks: addresses.len(),
            naks: self.clients.iter().map(|c| c.naks).sum(),
            distinct_addresses: distinct.len(),
            retransmissions: self
                .clients
                .iter()
                .map(|c| extra(c.discovers) + extra(c.requests))
                .sum(),
            p50_ms: percentile(&waits, 50),
            p99_ms: percentile(&waits, 99),
        }
    }
}

/// The smallest value that at least `percent` of the sorted `values` do not exceed.
fn percentile(values: &[u64], percent: usize) -> Option<u64> {
    let rank = (values.len() * percent).div_ceil(100);
    values.get(rank.checked_sub(1)?).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles() {
        let values: Vec<u64> = (1..=200).collect();
        assert_eq!(percentile(&values, 50), Some(100));
        assert_eq!(percentile(&values, 99), Some(198));
        assert_eq!(percentile(&[7], 99), Some(7));
        assert_eq!(percentile(&[], 50), None);
    }

    #[test]
    fn merging_shares_one_clock() {
        let record = |at| ClientRecord {
            acked_at_ms: Some(at),
            ..ClientRecord::new(MacAddr([2; 6]), 0)
        };
        let early = History {
            started_unix_ms: 1000,
            clients: vec![record(5)],
        };
        let late = History {
            started_unix_ms: 1100,
            clients: vec![record(5)],
        };
        let merged = History::merge([late, early]);
        assert_eq!(merged.ack_unix_ms(), [1005, 1105]);
        assert_eq!(merged.summary().p50_ms, Some(5));
    }
}
