//! What several scenarios judge in the same way.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use anyhow::{Result, bail, ensure};

use crate::report::Report;
use crate::storm::{History, Summary};
use crate::wire::MacAddr;

/// S1 over a population that never gives back: no address twice.
pub(super) fn no_address_twice(history: &History) -> Result<()> {
    let mut holders: BTreeMap<Ipv4Addr, MacAddr> = BTreeMap::new();
    for client in &history.clients {
        let Some(address) = client.address else {
            continue;
        };
        if let Some(other) = holders.insert(address, client.mac) {
            bail!("{address} is held by {other} and by {}", client.mac);
        }
    }
    Ok(())
}

/// L4: every client got an address of its own, and none was refused.
pub(super) fn everybody_was_served(history: &History) -> Result<Summary> {
    no_address_twice(history)?;
    let summary = history.summary();
    ensure!(
        summary.acks == summary.clients,
        "not all got an ACK: {summary:?}"
    );
    ensure!(summary.naks == 0, "some got a NAK: {summary:?}");
    Ok(summary)
}

/// Notes a population's figures.
pub(super) fn note(report: &mut Report, summary: &Summary) {
    report.figure("clients", summary.clients);
    report.figure("ACKs", summary.acks);
    report.figure("NAKs", summary.naks);
    report.figure("distinct addresses", summary.distinct_addresses);
    report.figure("retransmissions", summary.retransmissions);
    let shown = |ms: Option<u64>| ms.map_or_else(|| "-".to_owned(), |ms| ms.to_string());
    report.figure("start to ACK, p50 (ms)", shown(summary.p50_ms));
    report.figure("start to ACK, p99 (ms)", shown(summary.p99_ms));
}
